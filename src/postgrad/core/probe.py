"""Reading: what one model made of one item of a probe.

A probe (`evals/probes/`) asks the base and the tuned model something beside the user's own test:
what was forgotten, whether a bias grew, what became unsafe, what was learned by heart, what
changed. Its readings are stored, so that judging can be redone without asking again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Who = Literal["base", "tuned"]

ProbeSection = Literal[
    "preference", "ladder", "forgetting", "bias", "safety", "memory", "change", "suites"
]
"""The question that a probe helps to answer; the report has a part for each. "preference" is not
asked of the models: a person or a judge compared their answers. In the last are tasks of public
suites, which other people made."""

Effort = Literal["full", "quick", "none"]
"""How much is asked: all of a probe's items, a fixed part of them, or no probe at all."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A line of `probes/NAME.base.jsonl` or `probes/NAME.tuned.jsonl`.

    Attributes:
        id: of the item; the same for both models.
        group: what the item belongs to (a genre, a template, a document). Items of a group are
            not independent of each other, and tables have a row for each.
        values: what was measured, by name.
        prompt: what was asked, for people to read.
        answer: what the model said, if it was to say something.
        detail: whatever judging needs beside that.
    """

    id: str
    group: str
    values: Mapping[str, float]
    prompt: str = ""
    answer: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> Reading:
        return cls(**line)
