"""What a program can see of an instruction: kept, and just not kept."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from postgrad.data import general
from postgrad.evals.answer_checks import CHECKS, passes

CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"num_words": 1}, " Madrid. ", "It is Madrid."),
    ({"most_words": 3}, "Soft white bread", "Soft white fresh bread"),
    ({"least_words": 3}, "The sea sings.", "The sea."),
    ({"case": "upper"}, "COLD!", "Cold!"),
    ({"case": "lower"}, "rain falls.", "Rain falls."),
    ({"pattern": r"\d+\.?"}, "7", "seven"),
    ({"num_parts": 3}, "round, grey, far", "round, grey"),
    ({"num_lines": 2}, "The wind is late,\n\nit closed the gate.", "The wind is late."),
    ({"num_sentences": 2}, "It is old. It is large!", "It is old and 3.5 times larger."),
    ({"starts_with": "Surely"}, '"Surely it is."', "It is, surely."),
    ({"ends_with": "home"}, "The train goes Home.", "Home is where the train goes."),
    ({"contains": ["moon", "river"]}, "The Moon over the river", "The moon over the sea"),
    ({"without": [","]}, "Sand and sun", "Sand, sun"),
    ({"items": ["- ", 2]}, "- Rhine\n- Nile", "Rhine\nNile"),
    ({"items": ["1. ", 2]}, "Here you are:\n1. Boil\n2. Pour", "1. Boil\n- Pour"),
    ({"json_keys": ["name"]}, '```json\n{"name": "Otto"}\n```', '{"name": "Otto", "age": 54}'),
    ({"json_length": 2}, '["May", "June"]', '{"a": "May", "b": "June"}'),
]


@pytest.mark.parametrize(("checks", "kept", "broken"), CASES, ids=[str(case[0]) for case in CASES])
def test_kept_and_broken(checks: dict[str, Any], kept: str, broken: str) -> None:
    assert passes(kept, checks)
    assert not passes(broken, checks)
    assert not passes("  \n", checks)


def test_every_check_is_tested_and_every_item_uses_one_that_exists() -> None:
    assert {name for checks, _, _ in CASES for name in checks} == set(CHECKS)
    used = {name for item in general.battery().items for name in item.checks}
    assert used <= set(CHECKS)


def test_all_checks_must_pass() -> None:
    assert not passes("Two words", {"num_words": 2, "case": "lower"})
    assert not passes("words", {"num_words": 2, "case": "lower"})
    assert passes("two words", {"num_words": 2, "case": "lower"})


def test_solved_examples_pass_their_own_checks() -> None:
    path = resources.files("postgrad").joinpath(general.FOLDER, "battery.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    solved = [line for line in lines if "solved" in line and "checks" in line]
    assert len(solved) == 4
    for line in solved:
        assert passes(line["solved"], line["checks"]), line["ask"]
