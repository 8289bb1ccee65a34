"""Kept answers: what public suites have asked one model so far, so that a stop loses little.

Suites ask through `KeptAnswers`. It asks the model in parts, writes each part into the run folder
as soon as it is there, and asks nothing again that is written. A question is known by its hash, and
whatever its answer depends on is in that. The file begins with the weights that were asked; of
others it is no use.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgrad.core.generation import Continued, Generated, Prediction
from postgrad.core.interfaces import TextAnswerer
from postgrad.core.records import Chat, Message, Record

ANSWERS_AT_ONCE = 192
"""Twice what the engine writes at once (engine/generate.py, SLOTS), so that few of its places stand
empty at the end of a part."""

READ_AT_ONCE = 512
"""Texts whose likelihood is taken: seconds on two cores."""

Ask = Callable[[Sequence[int], Callable[[int], None]], Sequence[Sequence[Any]]]
"""Asks questions by their places; the parts of each answer, as JSON holds them."""


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """A model that is not asked again what it has answered; greedy answers stay the same."""

    answerer: TextAnswerer
    path: Path
    known: dict[str, Sequence[Any]]

    @classmethod
    def open(cls, answerer: TextAnswerer, path: Path, model: str) -> KeptAnswers:
        """Go on with a file, or begin it.

        Args:
            answerer: the model.
            path: of the file.
            model: names the very weights that are asked.
        """
        path = path.absolute()  # a harness may work in another folder while it asks
        head, known = _read(path)
        if head != model:
            known = {}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"model": model}), encoding="utf-8")
        return cls(answerer, path, known)

    def answer(
        self,
        prompts: Sequence[Chat],
        *,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        """Greedy answers to the prompt of each chat, in order."""

        def ask(places: Sequence[int], told: Callable[[int], None]) -> list[tuple[Any, ...]]:
            found = self.answerer.answer(
                [prompts[at] for at in places], max_new_tokens=max_new_tokens, on_done=told
            )
            return [(each.text, each.finish, each.num_tokens) for each in found]

        keys = [_key("answer", _told(chat), max_new_tokens) for chat in prompts]
        return [Generated(*each) for each in self._all(keys, ANSWERS_AT_ONCE, ask, on_done)]

    def continuations(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Continued]:
        """How likely the second text of each pair is after the first."""

        def ask(places: Sequence[int], told: Callable[[int], None]) -> list[tuple[Any, ...]]:
            found = self.answerer.continuations([pairs[at] for at in places], on_done=told)
            return [(each.log_probability, each.is_greedy) for each in found]

        keys = [_key("continuation", *pair) for pair in pairs]
        return [Continued(*each) for each in self._all(keys, READ_AT_ONCE, ask, on_done)]

    def complete(
        self,
        beginnings: Sequence[str],
        *,
        max_new_tokens: int,
        until: Sequence[str] = (),
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        """How each text goes on, greedily, up to the first of the texts `until`."""

        def ask(places: Sequence[int], told: Callable[[int], None]) -> list[tuple[Any, ...]]:
            found = self.answerer.complete(
                [beginnings[at] for at in places],
                max_new_tokens=max_new_tokens,
                until=until,
                on_done=told,
            )
            return [(each.text, each.finish, each.num_tokens) for each in found]

        keys = [_key("completion", text, max_new_tokens, list(until)) for text in beginnings]
        return [Generated(*each) for each in self._all(keys, ANSWERS_AT_ONCE, ask, on_done)]

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The chat template's text of a conversation."""
        return self.answerer.prompt_text(messages)

    def bits_per_byte(
        self,
        records: Sequence[Record],
        *,
        with_end: bool = True,
        on_done: Callable[[int], None] | None = None,
    ) -> list[float]:
        """Asked each time: no suite does."""
        return self.answerer.bits_per_byte(records, with_end=with_end, on_done=on_done)

    def log_likelihoods(self, records: Sequence[Record], *, with_end: bool = True) -> list[float]:
        """Asked each time: no suite does."""
        return self.answerer.log_likelihoods(records, with_end=with_end)

    def predictions(
        self,
        records: Sequence[Record],
        *,
        num_top: int = 0,
        watch: Sequence[Sequence[Sequence[int]]] | None = None,
    ) -> list[list[Prediction]]:
        """Asked each time: no suite does."""
        return self.answerer.predictions(records, num_top=num_top, watch=watch)

    @property
    def chats(self) -> bool:
        """Whether the model has a chat template."""
        return self.answerer.chats

    def _all(
        self, keys: Sequence[str], most: int, ask: Ask, on_done: Callable[[int], None] | None
    ) -> list[Sequence[Any]]:
        """Every answer, known or asked for now; of the same question, one."""
        missing = {key: at for at, key in enumerate(keys) if key not in self.known}
        places = list(missing.values())
        num_known = len(keys) - len(places)
        for first in range(0, len(places), most):
            part = places[first : first + most]

            def told(done: int, before: int = num_known + first) -> None:
                if on_done:
                    on_done(before + done)

            self._keep([keys[at] for at in part], ask(part, told))
        return [self.known[key] for key in keys]

    def _keep(self, keys: Sequence[str], found: Sequence[Sequence[Any]]) -> None:
        # the line end comes first, so that a line that a kill cut off spoils no other
        lines = [json.dumps([*pair]) for pair in zip(keys, found, strict=True)]
        with self.path.open("a", encoding="utf-8") as file:
            file.write("".join(f"\n{line}" for line in lines))
        self.known.update(zip(keys, found, strict=True))


def file_hashes(folder: Path) -> list[str]:
    """The sha256 of each file of a result, in the order of their names."""
    hashes: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashes


def _read(path: Path) -> tuple[str, dict[str, Sequence[Any]]]:
    """The model that a file is of, and its answers; what can't be read is not there."""
    try:
        head, *lines = path.read_text(encoding="utf-8").split("\n")
        model = str(json.loads(head)["model"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", {}
    known: dict[str, Sequence[Any]] = {}
    for line in lines:
        try:
            key, found = json.loads(line)
        except (ValueError, TypeError):
            continue
        known[key] = found
    return model, known


def _key(*asked: Any) -> str:
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _told(chat: Chat) -> list[Any]:
    return [[message.as_dict() for message in chat.prompt], [dict(tool) for tool in chat.tools]]
