"""What a suite has asked is kept: a stop loses one part, and the answers stay the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.core.generation import Continued, Generated
from postgrad.core.interfaces import TextAnswerer
from postgrad.core.records import Chat, Message
from postgrad.errors import Interrupted
from postgrad.steps import kept_answers
from postgrad.steps.kept_answers import KeptAnswers

Done = Callable[[int], None] | None


class Model:
    """Answers by what was asked; stops when it has been asked for so many."""

    chats = True

    def __init__(self, stops_at: int | None = None) -> None:
        self.asked: list[object] = []
        self.stops_at = stops_at

    def answer(
        self, prompts: Sequence[Chat], *, max_new_tokens: int, on_done: Done = None
    ) -> list[Generated]:
        return [
            Generated(f"{chat.messages[0].content}! {max_new_tokens}", "stop", 2)
            for chat in self._told(prompts, on_done)
        ]

    def continuations(
        self, pairs: Sequence[tuple[str, str]], *, on_done: Done = None
    ) -> list[Continued]:
        return [
            Continued(-len(first) / 3, len(second) > 2)
            for first, second in self._told(pairs, on_done)
        ]

    def complete(
        self,
        beginnings: Sequence[str],
        *,
        max_new_tokens: int,
        until: Sequence[str] = (),
        on_done: Done = None,
    ) -> list[Generated]:
        return [
            Generated(f"{text}{until}", "length", max_new_tokens)
            for text in self._told(beginnings, on_done)
        ]

    def _told(self, asked: Sequence[Any], on_done: Done) -> Sequence[Any]:
        for number, each in enumerate(asked, start=1):
            if len(self.asked) == self.stops_at:
                raise Interrupted("stopped")
            self.asked.append(each)
            if on_done:
                on_done(number)
        return asked


def kept(model: Model, path: Path, name: str = "weights") -> KeptAnswers:
    return KeptAnswers.open(cast(TextAnswerer, model), path, name)


def everything(of: Any, texts: Sequence[str], on_done: Done = None) -> list[object]:
    chats = [Chat((Message("user", text), Message("assistant", ""))) for text in texts]
    pairs = [(text, text[:3]) for text in texts]
    return [
        *of.continuations(pairs, on_done=on_done),
        *of.answer(chats, max_new_tokens=5, on_done=on_done),
        *of.complete(texts, max_new_tokens=7, until=["\n"], on_done=on_done),
        *of.complete(texts, max_new_tokens=7, on_done=on_done),
    ]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.text(max_size=6), min_size=1, max_size=9),
    st.integers(0, 36),
    st.integers(1, 4),
    st.integers(0, 30),
)
def test_a_stop_loses_one_part_and_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], stop: int, part: int, torn: int
) -> None:
    path = tmp_path_factory.mktemp("kept") / "answers.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_answers, "ANSWERS_AT_ONCE", part)
        patch.setattr(kept_answers, "READ_AT_ONCE", part)
        first = Model(stops_at=stop)
        with contextlib.suppress(Interrupted):
            everything(kept(first, path), texts)
        with path.open("a", encoding="utf-8") as file:
            file.write('\n["cut off in the middle", ["of a line'[:torn])
        second = Model()
        assert everything(kept(second, path), texts) == everything(Model(), texts)
        each_once = 4 * len(set(texts))
        assert len(first.asked) + len(second.asked) <= each_once + part - 1
        third = Model()
        everything(kept(third, path), texts)
        assert third.asked == []


def test_progress_counts_what_is_known(tmp_path: Path) -> None:
    path, told = tmp_path / "answers.jsonl", list[int]()
    kept(Model(), path).continuations([("a", "b"), ("c", "d")])
    kept(Model(), path).continuations(
        [("a", "b"), ("c", "d"), ("e", "f"), ("g", "h")], on_done=told.append
    )
    assert told == [3, 4]


def test_other_weights_are_asked_anew(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    kept(Model(), path).continuations([("a", "b")])
    other = Model()
    kept(other, path, "other weights").continuations([("a", "b")])
    assert len(other.asked) == 1


def test_a_harness_may_change_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    opened = kept(Model(), Path("run/answers.jsonl"))
    (tmp_path / "tasks").mkdir()
    monkeypatch.chdir(tmp_path / "tasks")
    opened.continuations([("a", "b")])
    again = Model()
    kept(again, tmp_path / "run" / "answers.jsonl").continuations([("a", "b")])
    assert again.asked == []
