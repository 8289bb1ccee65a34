"""Trained rows against held-out ones: nothing to tell apart, and everything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.evals.probes.sittings import Speaker, sitting

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.records import Text
from postgrad.core.task import Task
from postgrad.evals.probes.membership import HELD_OUT, TRAINED, Membership, area_under_curve

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 500, 0, False)
SCORES = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=12)


@given(SCORES, SCORES)
@settings(deadline=None)
def test_area_is_the_share_of_pairs_that_are_in_order(
    positive: list[float], negative: list[float]
) -> None:
    wins = [(a > b) + 0.5 * (a == b) for a in positive for b in negative]
    found = area_under_curve(np.array(positive), np.array(negative))
    assert abs(found - sum(wins) / len(wins)) < 1e-9


def readings(bits: dict[str, np.ndarray]) -> list[Reading]:
    return [
        Reading(f"{group}: {number}", group, {"bits_per_byte": float(value)})
        for group, values in bits.items()
        for number, value in enumerate(values)
    ]


def judged(gain_of_trained: float) -> str:
    draw = np.random.default_rng(1)
    before = {group: draw.normal(3, 0.5, 100) for group in (TRAINED, HELD_OUT)}
    gains = {TRAINED: gain_of_trained, HELD_OUT: 1.0}
    after = {group: before[group] - gains[group] + draw.normal(0, 0.1, 100) for group in before}
    report = Membership().judge(readings(before), readings(after), CRITERIA).report
    return report.outcome


def test_the_same_gain_on_both_kinds_leaves_no_trace() -> None:
    assert judged(gain_of_trained=1.0) == "not_shown"


def test_rows_known_by_heart_are_told() -> None:
    assert judged(gain_of_trained=2.0) == "changed"


ROWS = [(str(number), Text(f"row number {number}")) for number in range(60)]


def test_in_full_either_kind_is_asked_alike_often_and_quickly_none_is() -> None:
    asked = replace(sitting("base", Speaker()), trained=ROWS[:40], tested=ROWS[40:])
    groups = Counter(reading.group for reading in Membership().ask(asked))
    assert groups == {TRAINED: 20, HELD_OUT: 20}
    assert Membership().ask(replace(asked, is_quick=True)) == []
