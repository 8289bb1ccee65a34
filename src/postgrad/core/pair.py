"""Pair: both models' answers to one question, as a person or a judge compares them, blind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["base", "tuned"]
Preferred = Literal["base", "tuned", "tie"]
Place = Literal["first", "second", "tie"]
"""Which of two shown answers was chosen, for whoever does not know whose they are."""

PERSON = "person_preference"
"""The metric that a person's marks give."""

JUDGE = "judge_preference"
"""The metric that a language model's choices give."""

KEY_CHARACTERS = 16
"""Of a SHA-256, in hex: 64 bits, so that no two of a million pairs share a key by chance."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both answers to one test question."""

    id: str
    prompt: tuple[Mapping[str, Any], ...]
    reference: str
    base: str
    tuned: str

    @property
    def key(self) -> str:
        """Names the question with both answers: another answer makes another pair, so that what
        was said of the old one is never counted for the new one."""
        held = json.dumps([self.id, list(self.prompt), self.base, self.tuned], sort_keys=True)
        return hashlib.sha256(held.encode()).hexdigest()[:KEY_CHARACTERS]

    @property
    def is_same(self) -> bool:
        """Whether the answers are the same but for spaces around them: nobody need be asked."""
        return self.base.strip() == self.tuned.strip()

    def shown(self, first: Side) -> tuple[str, str]:
        """The answers in the order in which they are shown."""
        return (self.base, self.tuned) if first == "base" else (self.tuned, self.base)


def other(side: Side) -> Side:
    """The other of the two."""
    return "tuned" if side == "base" else "base"


def preferred(first: Side, place: Place) -> Preferred:
    """Whose answer was chosen, where `first` was shown first."""
    if place == "tie":
        return "tie"
    return first if place == "first" else other(first)
