"""What each rung puts to the base, by an answerer that writes down what it is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pytest

from postgrad.core.generation import Generated, Prediction
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.core.task import Answer, Task
from postgrad.evals import ladder, metrics

TASK = Task("label", "macro_f1", ("label_match",), "")
TOPICS = {"hours": "When do you {} on day {}?", "menu": "Is dish {} with sauce {} vegan?"}


def row(topic: str, number: int) -> Chat:
    text = TOPICS[topic].format("open" if topic == "hours" else number, number)
    turns = (Message("system", "Label it."), Message("user", text), Message("assistant", topic))
    return Chat(turns)


TRAINED = [row(topic, number) for number in range(6) for topic in ("menu", "hours")]
TRAINED.append(row("menu", 9))
TESTED = [row("hours", 7), row("menu", 7)]


@dataclasses.dataclass
class Scribe:
    """Answers what it was shown last, and remembers every prompt."""

    asked: list[Chat] = dataclasses.field(default_factory=list)
    chats: bool = True

    def answer(
        self,
        prompts: Sequence[Chat],
        *,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        self.asked += prompts
        shown = [[m.content for m in chat.prompt if m.role == "assistant"] for chat in prompts]
        return [Generated(words[-1] if words else "?", "stop", 1) for words in shown]

    def bits_per_byte(self, records: Sequence[Record], **_: object) -> list[float]:
        return [1.0 for _ in records]

    def log_likelihoods(self, records: Sequence[Record], **_: object) -> list[float]:
        return [-1.0 for _ in records]

    def predictions(self, records: Sequence[Record], **_: object) -> list[list[Prediction]]:
        return [[] for _ in records]


def climbed(*names: str) -> tuple[ladder.Scores, list[Chat]]:
    scribe = Scribe()
    scorer = ladder.scorer_of(TASK)
    assert scorer is not None
    answers = [Answer(str(i), (), c.answer.content, "menu", "stop") for i, c in enumerate(TESTED)]
    climb = ladder.Climb(scorer, scribe, TRAINED, TESTED, answers, max_new_tokens=4, seed=0)
    scores = climb.scores(names)
    return scores, scribe.asked


def test_what_costs_nothing_asks_nothing() -> None:
    scores, asked = climbed("constant", "nearest", "zero_shot")
    assert asked == []
    assert scores == {"constant": [0, 1], "nearest": [1, 1], "zero_shot": [0, 1]}


def test_fixed_examples_are_the_same_for_every_question() -> None:
    _, asked = climbed("few_shot")
    first, second = (list(chat.prompt[:-1]) for chat in asked)
    assert first == second
    assert [m.role for m in first] == ["system"] + ["user", "assistant"] * ladder.NUM_SHOTS


def test_similar_examples_follow_the_question_and_come_from_training() -> None:
    scores, asked = climbed("similar_shot")
    assert scores["similar_shot"] == [1, 1]
    known = {chat.prompt[-1].content for chat in TRAINED}
    for chat, own in zip(asked, TESTED, strict=True):
        assert chat.prompt[-1] == own.prompt[-1]
        users = [m.content for m in chat.prompt[:-1] if m.role == "user"]
        assert set(users) <= known


def test_retrieval_puts_answers_into_the_question() -> None:
    _, asked = climbed("retrieval")
    for chat, own in zip(asked, TESTED, strict=True):
        text = chat.prompt[-1].content
        assert text.endswith(own.prompt[-1].content)
        assert f"-> {own.answer.content}" in text
        assert len(chat.prompt) == len(own.prompt)


def test_examples_that_are_too_long_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "MOST_SHOWN_CHARACTERS", 60)
    _, asked = climbed("few_shot")
    assert all(len(chat.prompt) < 2 + 2 * ladder.NUM_SHOTS for chat in asked)


@pytest.mark.parametrize(
    ("task", "trained"),
    [
        (Task("text", "bits_per_byte", (), ""), [Text("Words.")]),
        (Task("label", "label_match", (), ""), []),
    ],
)
def test_what_does_not_fit(task: Task, trained: list[Record]) -> None:
    assert not ladder.fits(task, trained, [])


def test_the_scorer_is_one_that_marks_single_answers() -> None:
    found = ladder.scorer_of(TASK)
    assert found is not None
    assert found.name == "label_match"
    assert found.name not in metrics.BESIDE_SCORERS
