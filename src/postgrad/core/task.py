"""Task, Answer and Score: what is asked of a model and how it is marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TaskKind = Literal["label", "json", "prose", "text"]
"""What the references look like: one of few labels, JSON objects, free text, or plain text that
has no question (judged by its likelihood alone)."""

Finish = Literal["stop", "length"]
"""Whether an answer ended by itself or hit the token limit (OpenAI's `finish_reason`)."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the test asks, and the metric that will decide, fixed before training.

    `why` says in one sentence how the kind and the metric were chosen.
    """

    kind: TaskKind
    primary: str
    secondary: tuple[str, ...]
    why: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """One stored answer: a line of `answers/base.jsonl` or `answers/tuned.jsonl`.

    `scores` maps a metric to its value for this item; a metric may be absent where it does not
    apply.
    """

    id: str
    prompt: tuple[Mapping[str, Any], ...]
    reference: str
    answer: str
    finish: Finish
    scores: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def question(self) -> str:
        """What the user said last before the answer; "" if nothing was asked."""
        said = [str(turn["content"]) for turn in self.prompt if turn["role"] == "user"]
        return said[-1] if said else ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "prompt": [dict(message) for message in self.prompt],
            "reference": self.reference,
            "answer": self.answer,
            "finish": self.finish,
            "scores": dict(self.scores),
        }

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> Answer:
        return cls(
            line["id"],
            tuple(line["prompt"]),
            line["reference"],
            line["answer"],
            line["finish"],
            dict(line["scores"]),
        )
