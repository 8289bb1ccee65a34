"""A sitting with a model that is only a function: from what is asked to what is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from postgrad.core.generation import Generated, Prediction
from postgrad.core.interfaces import Sitting
from postgrad.core.probe import Who
from postgrad.core.records import Chat, Record, Text
from postgrad.core.task import Answer, Task

LABELS = Task("label", "label_match", (), "labels", ("warm", "cold"))


class Speaker:
    """An answerer whose answers and log-probabilities are functions of the text."""

    chats = True

    def __init__(
        self,
        say: Callable[[str], str] = lambda _: "warm",
        log_probability: Callable[[str, str], float] = lambda before, word: -1.0,
        bits: Callable[[Record], float] = lambda _: 1.0,
    ) -> None:
        self.say, self.log_probability, self.bits = say, log_probability, bits
        self.num_asked = 0

    def answer(
        self,
        prompts: Sequence[Chat],
        *,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        self.num_asked += len(prompts)
        if on_done:
            on_done(len(prompts))
        said = [self.say(chat.prompt[-1].content) for chat in prompts]
        return [Generated(text, "stop", len(text.split())) for text in said]

    def bits_per_byte(
        self, records: Sequence[Record], *, on_done: Callable[[int], None] | None = None
    ) -> list[float]:
        if on_done:
            on_done(len(records))
        return [self.bits(record) for record in records]

    def log_likelihoods(self, records: Sequence[Record]) -> list[float]:
        return [-self.bits(record) for record in records]

    def predictions(
        self,
        records: Sequence[Record],
        *,
        num_top: int = 0,
        watch: Sequence[Sequence[Sequence[int]]] | None = None,
    ) -> list[list[Prediction]]:
        """A token a word, with its space before it; the first word is not predicted."""
        found: list[list[Prediction]] = []
        for record in records:
            assert isinstance(record, Text)
            words = record.text.split()
            found.append(
                [
                    Prediction(
                        token=int.from_bytes(word.encode(), "little"),
                        text=f" {word}",
                        log_probability=self.log_probability(" ".join(words[:at]), word),
                        rank=0,
                        top={},
                        watched=(),
                    )
                    for at, word in enumerate(words)
                    if at
                ]
            )
        return found


def sitting(
    who: Who,
    speaker: Any,
    tested: Sequence[tuple[str, Record]] = (),
    *,
    task: Task = LABELS,
    answers: Mapping[str, str] | None = None,
    **others: Any,
) -> Sitting:
    """A sitting of a job with short answers. `answers`: what the model said in the exam, by row."""
    given = [
        Answer(name, (), record.answer.content, (answers or {})[name], "stop")
        for name, record in tested
        if isinstance(record, Chat) and answers and name in answers
    ]
    values: dict[str, Any] = {
        "trained": (),
        "first": (),
        "max_new_tokens": 8,
        "is_quick": False,
        "seed": 0,
        "on_done": lambda done, total: None,
    }
    return Sitting(
        who=who, answerer=speaker, task=task, tested=tested, answers=given, **{**values, **others}
    )
