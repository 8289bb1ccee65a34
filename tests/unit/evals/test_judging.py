"""Readings of both models, paired, compared, and judged by a margin."""

from __future__ import annotations

import pytest

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.task import Task
from postgrad.errors import RunError
from postgrad.evals.judging import compared, not_worse, paired
from postgrad.evals.metrics import BITS_PER_BYTE, Metric

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 2000, 0, False)
RIGHT = Metric("right", "Right", True, True)
WRONG = Metric("wrong", "Wrong", False, True)


def readings(measure: str, values: list[float], groups: int = 1) -> list[Reading]:
    return [
        Reading(f"item {number}", f"group {number % groups}", {measure: value})
        for number, value in enumerate(values)
    ]


def test_pairs_by_id_and_not_by_place() -> None:
    base = readings("right", [0, 1])
    for before, after in paired(base, list(reversed(base))):
        assert before.id == after.id


def test_other_items_are_refused() -> None:
    with pytest.raises(RunError, match="not asked the same items"):
        paired(readings("right", [0, 1]), readings("right", [0, 1, 1]))


def test_a_drop_of_the_margin_fails_and_none_passes() -> None:
    before = readings("right", [1.0] * 400)
    kept, dropped = readings("right", [1.0] * 400), readings("right", [1.0] * 380 + [0.0] * 20)
    assert not_worse(RIGHT, paired(before, kept), CRITERIA, margin=0.02).passed
    gate = not_worse(RIGHT, paired(before, dropped), CRITERIA, margin=0.02)
    assert not gate.passed
    assert gate.value == pytest.approx(-0.05)


def test_few_items_do_not_pass_though_nothing_changed() -> None:
    """That a loss is small must be shown; ten items show nothing."""
    pairs = paired(*[readings("right", [1.0] * 10)] * 2)
    assert not not_worse(RIGHT, pairs, CRITERIA, margin=0.02).passed


@pytest.mark.parametrize(("metric", "low", "high"), [(BITS_PER_BYTE, 1.0, 1.5), (WRONG, 0, 1)])
def test_where_less_is_better_a_rise_is_a_loss(metric: Metric, low: float, high: float) -> None:
    few, many = readings(metric.name, [low] * 300), readings(metric.name, [high] * 300)
    assert not not_worse(metric, paired(few, many), CRITERIA, margin=0.02).passed
    assert not_worse(metric, paired(many, few), CRITERIA, margin=0.02).passed


def test_items_of_a_group_are_drawn_together() -> None:
    """Forty items of two groups know less than forty items of forty groups."""
    base, tuned = [0.0] * 40, [0.1, 0.0] * 20
    wide, narrow = (
        compared(
            Metric("score", "Score", True, False),
            paired(readings("score", base, groups), readings("score", tuned, groups)),
            CRITERIA,
            grouped=True,
        )
        for groups in (2, 40)
    )
    assert wide is not None
    assert narrow is not None
    assert wide.ci95[1] - wide.ci95[0] > narrow.ci95[1] - narrow.ci95[0]


def test_a_measure_that_no_item_has_gives_nothing() -> None:
    pairs = paired(*[readings("right", [1.0])] * 2)
    assert compared(BITS_PER_BYTE, pairs, CRITERIA) is None
