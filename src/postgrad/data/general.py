"""General: what is bundled of the world at large, beside anybody's own task.

Texts of many kinds and a battery of small tasks, by which it is seen what a model forgot, and rows
that are mixed into training so that it forgets less. All of it was written for this project; see
`bundled/general/README.md`. What is asked is never trained on.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from postgrad.core.records import Record, Text
from postgrad.data.canonical import record_of

FOLDER = "bundled/general"


@dataclass(frozen=True, slots=True)
class GeneralText:
    """A short text by which it is seen how well a model predicts texts of its genre."""

    id: str
    genre: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A small question that a program can mark.

    Attributes:
        ask: the beginning of a text that an option ends, or what a user says.
        options: endings, the right one first; () for what must be answered in words.
        checks: what the answer must fulfil, as in `evals.answer_checks`; empty for options.
    """

    id: str
    task: str
    ask: str
    options: tuple[str, ...]
    checks: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Battery:
    """The items, and for each task a few questions with their right answers."""

    items: tuple[Item, ...]
    solved: Mapping[str, tuple[tuple[str, str], ...]]


@cache
def texts() -> tuple[GeneralText, ...]:
    """The texts that are asked, genre by genre."""
    return tuple(GeneralText(**line) for line in _lines("texts.jsonl"))


@cache
def battery() -> Battery:
    """The battery, task by task."""
    items: list[Item] = []
    solved: dict[str, tuple[tuple[str, str], ...]] = {}
    for line in _lines("battery.jsonl"):
        task, ask = line["task"], line["ask"]
        if "solved" in line:
            solved[task] = (*solved.get(task, ()), (ask, line["solved"]))
        else:
            options, checks = tuple(line.get("options", ())), line.get("checks", {})
            items.append(Item(line["id"], task, ask, options, checks))
    return Battery(tuple(items), solved)


@cache
def rows() -> tuple[Record, ...]:
    """The rows for training: chats and texts."""
    return tuple(record_of(line) for line in _lines("rows.jsonl"))


def draw(share: float, num_rows: int, seed: int, *, chats: bool) -> list[Record]:
    """General rows that make up a share of the training rows together with `num_rows` others.

    Every row is drawn once before one is drawn again.

    Args:
        share: of all training rows, below 1.
        num_rows: the user's own training rows.
        seed: of the job.
        chats: whether chats can be taught; if not, only texts are drawn.
    """
    wanted = round(num_rows * share / (1 - share))
    there = [row for row in rows() if chats or isinstance(row, Text)]
    order = random.Random(seed)
    drawn: list[Record] = []
    while len(drawn) < wanted:
        drawn += order.sample(there, min(len(there), wanted - len(drawn)))
    return drawn


def _lines(name: str) -> list[dict[str, Any]]:
    path = resources.files("postgrad").joinpath(FOLDER, name)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
