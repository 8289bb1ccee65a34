"""Shares of tokens, drawn by answers."""

from __future__ import annotations

import numpy as np
import pytest

from postgrad.core.interfaces import Criteria
from postgrad.core.task import Task
from postgrad.evals.shares import in_short, percent, share, share_of_rows, with_interval
from postgrad.evals.statistics import clopper_pearson

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 2000, 0, False)


def test_tokens_of_an_answer_belong_together() -> None:
    """Answers that are all alike inside say no more than one token each."""
    hits = [number % 2 == 0 for number in range(40) for _ in range(10)]
    together = share("", "", hits, [f"{n}" for n in range(40) for _ in range(10)], CRITERIA)
    apart = share("", "", hits, [f"{n}" for n in range(400)], CRITERIA)
    assert together is not None
    assert apart is not None
    assert together.ci95 is not None
    assert apart.ci95 is not None
    assert together.value == apart.value == 0.5
    width, narrow = (edges[1] - edges[0] for edges in (together.ci95, apart.ci95))
    assert width == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 40), rel=0.15)
    assert width > 2.5 * narrow


@pytest.mark.parametrize(("hit", "value"), [(False, 0.0), (True, 1.0)])
def test_none_and_all_have_an_interval_too(hit: bool, value: float) -> None:
    found = share("", "", [hit] * 60, [f"{n % 20}" for n in range(60)], CRITERIA)
    assert found is not None
    assert found.value == value
    assert found.ci95 == clopper_pearson(20 if hit else 0, 20)


def test_nothing_has_no_share() -> None:
    assert share("", "", [], [], CRITERIA) is None
    assert share_of_rows("", "", 0, 0) is None


def test_in_words() -> None:
    figure = share_of_rows("fixed", "Fixed", 3, 12)
    assert figure is not None
    assert figure.ci95 == clopper_pearson(3, 12)
    assert with_interval(figure) == "25 % (95 % interval 5.5 % to 57 %)"
    assert in_short(figure) == "25 % (5.5 % to 57 %)"
    assert [percent(value) for value in (0, 0.004, 0.0996, 0.5, 1)] == [
        *("0 %", "0.4 %", "10.0 %", "50 %", "100 %"),
    ]
