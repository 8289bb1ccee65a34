"""What to try next, in words: on the screen and on the page of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.suggestion import Grade
from postgrad.reports import reading, words

GRADES: Mapping[Grade, str] = {
    "shown": "shown by a test",
    "seen": "seen in this run",
    "possible": "not ruled out",
}

NOTHING = (
    "Nothing in this run points to a next step. Read the answers that broke, and change what you "
    "think is wrong: --set KEY=VALUE"
)

GRADE_NOTE = (
    "The strongest evidence first. Shown: a test says so. Seen: measured in this run, without a "
    "test. Not ruled out: this run could not tell."
)


def change(told: Mapping[str, Any]) -> str:
    """A change of a setting in one line: training.epochs: 3 -> 6."""
    old, new = (words.value(told["key"], told[which]) for which in ("old", "new"))
    return f"{told['key']}: {old} -> {new}"


def judged(number: int) -> str:
    """How fresh the test is for whatever comes next."""
    so_far = "one run was" if number == 1 else f"{words.number(number)} runs were"
    return (
        f"So far {so_far} judged on these test rows; each further one makes them less fresh. "
        f"{reading.FRESH_ROWS}"
    )
