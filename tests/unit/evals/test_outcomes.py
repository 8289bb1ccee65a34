"""The word that comparisons add up to."""

from __future__ import annotations

import pytest

from postgrad.core.report import Comparison
from postgrad.evals.outcomes import changed, outcome


def comparison(p_value: float, low: float, high: float, effect: float | None) -> Comparison:
    return Comparison(
        metric="rate",
        title="Rate",
        n=40,
        base=0.5,
        tuned=0.5 + (low + high) / 2,
        delta=(low + high) / 2,
        ci95=(low, high),
        p_value=p_value,
        test="paired bootstrap",
        higher_is_better=False,
        minimum_detectable_effect=effect,
    )


@pytest.mark.parametrize(
    ("items", "word"),
    [
        ([comparison(0.001, 0.1, 0.3, 0.15)], "changed"),
        ([comparison(0.4, -0.1, 0.2, 0.15)], "not_shown"),
        ([comparison(0.4, -0.3, 0.4, 0.5)], "cannot_tell"),
        ([comparison(0.4, -0.3, 0.4, None)], "cannot_tell"),
        ([comparison(0.4, -0.1, 0.2, 0.15), comparison(0.4, -0.3, 0.4, 0.5)], "cannot_tell"),
        ([], "cannot_tell"),
    ],
)
def test_the_word(items: list[Comparison], word: str) -> None:
    assert outcome(items, {"rate": 0.2}, 0.05) == word


def test_looking_at_more_asks_for_more() -> None:
    one = comparison(0.03, 0.01, 0.3, 0.15)
    others = [comparison(0.9, -0.1, 0.1, 0.15) for _ in range(2)]
    assert changed([one], 0.05) == [one]
    assert changed([one, *others], 0.05) == []


def test_a_small_p_is_not_enough_if_the_interval_holds_zero() -> None:
    assert changed([comparison(0.01, -0.01, 0.3, 0.15)], 0.05) == []
