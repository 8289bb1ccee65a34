"""Bits per byte beside the base's: what rules a loss out, what shows it, what does neither."""

from __future__ import annotations

import numpy as np
import pytest

from postgrad.core.interfaces import Criteria, Judgement
from postgrad.core.probe import Reading
from postgrad.core.task import Task
from postgrad.evals.probes.general_text import GATE, GeneralText

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 1000, 0, False)
GENRES = [f"genre {number}" for number in range(17)]


def judged(change: float, *, of_genres: float = 0.004, of_texts: float = 0.004) -> Judgement:
    """Texts that change by about `change`, with a spread between genres and one within."""
    draw = np.random.default_rng(3)
    base: list[Reading] = []
    tuned: list[Reading] = []
    for genre in GENRES:
        mean = change + draw.normal(0, of_genres)
        for number in range(6):
            before = float(draw.uniform(0.5, 2.5))
            after = before * (1 + float(draw.normal(mean, of_texts)))
            for side, value in ((base, before), (tuned, after)):
                side.append(Reading(f"{genre} {number}", genre, {"bits_per_byte": value}))
    return GeneralText().judge(base, tuned, CRITERIA)


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        (0.0, "passed", "is ruled out"),
        (-0.05, "passed", "is ruled out"),
        (0.02, "undecided", "is not ruled out"),
        (0.10, "failed", "is shown"),
    ],
)
def test_the_gate(change: float, outcome: str, words: str) -> None:
    found = judged(change)
    gate = found.gates[GATE]
    assert found.report.outcome == outcome
    assert words in found.report.text
    assert gate.value == pytest.approx(-change, abs=0.004)
    assert gate.margin == CRITERIA.margin
    low, high = gate.ci95 or (0, 0)
    assert low < gate.value < high


def test_genres_are_drawn_together() -> None:
    """The same mean, but genres differ: less is ruled out."""
    narrow, wide = (judged(0.01, of_genres=spread).gates[GATE] for spread in (0.0, 0.02))
    assert narrow.passed
    assert not wide.passed


def test_the_change_is_relative_to_each_text() -> None:
    base = [Reading(f"{n}", f"{n}", {"bits_per_byte": bits}) for n, bits in enumerate((0.5, 4.0))]
    tuned = [Reading(f"{n}", f"{n}", {"bits_per_byte": bits}) for n, bits in enumerate((0.6, 4.0))]
    assert GeneralText().judge(base, tuned, CRITERIA).gates[GATE].value == pytest.approx(-0.1)


def test_genres_stand_in_the_order_of_their_loss() -> None:
    table = judged(0.05, of_genres=0.05).report.tables[0]
    changes = [float(row[-1].split()[0].replace("\N{MINUS SIGN}", "-")) for row in table.rows]
    assert len(table.rows) == len(GENRES)
    assert changes == sorted(changes, reverse=True)
