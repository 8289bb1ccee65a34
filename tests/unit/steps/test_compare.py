"""What a comparison of two lists of answers makes of rows that belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from answered_run import Row, answered_run
from desk import chat
from postgrad import plugins
from postgrad.core.interfaces import StepContext
from postgrad.evals.verdict import FEWEST_ROWS


def compared(folder: Path, *sides: dict[str, str]) -> dict[str, Any]:
    context = StepContext(folder, lambda event: None, lambda: False, folder / "cache", True, {})
    return plugins.load("steps", "compare")(context, {"sides": list(sides)})


def side(path: Path, who: str = "tuned") -> dict[str, str]:
    return {"name": path.name, "run": str(path), "who": who}


def right(times: int, questions: int) -> list[Row]:
    """Questions that tuning fixed, each asked so many times."""
    names = [f"Where is parcel {chr(97 + at)}?" for at in range(questions)]
    return [(name, "Here", "There", "Here") for name in names for _ in range(times)]


def test_copies_of_a_few_questions_are_no_proof(tmp_path: Path) -> None:
    """Alone, so many questions would be one; in copies they are as few as they are."""
    few = FEWEST_ROWS - 1
    answered_run(tmp_path / "alone", right(1, few * 5))
    answered_run(tmp_path / "copies", right(5, few))
    alone = compared(tmp_path, side(tmp_path / "alone", "base"), side(tmp_path / "alone"))
    copies = compared(tmp_path, side(tmp_path / "copies", "base"), side(tmp_path / "copies"))
    assert alone["verdict"] == "better"
    assert alone["primary"]["clusters"] is None
    assert copies["verdict"] == "no_proof"
    assert copies["primary"]["clusters"] == few
    assert copies["rows"] == {"compared": few * 5, "left_out": 0, "alone": 0}


@pytest.mark.parametrize("turned", [False, True])
def test_old_answers_meet_every_row_that_asks_their_question(tmp_path: Path, turned: bool) -> None:
    """A file answers a question once, whatever the number of rows that ask it."""
    answered_run(tmp_path / "run", right(2, 8))
    old = tmp_path / "old.jsonl"
    rows = [*(chat(row[0], "Here") for row in right(1, 7)), chat("And parcel 7 000?", "Here")]
    old.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sides = [{"name": "old", "file": str(old)}, side(tmp_path / "run")]
    found = compared(tmp_path, *(reversed(sides) if turned else sides))
    assert found["rows"] == {"compared": 14, "left_out": 0, "alone": 3}
    assert found["primary"]["clusters"] == 7
    assert found["changes"] == []


def test_two_runs_on_the_same_rows(tmp_path: Path) -> None:
    answered_run(tmp_path / "first", right(2, 8))
    answered_run(tmp_path / "second", list(reversed(right(2, 8))))
    found = compared(tmp_path, side(tmp_path / "first", "base"), side(tmp_path / "second"))
    assert found["rows"] == {"compared": 16, "left_out": 0, "alone": 0}
    assert found["primary"]["clusters"] == 8
    assert found["primary"]["fixed"] == 16
