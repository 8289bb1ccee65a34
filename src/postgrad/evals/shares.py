"""Shares of tokens, with intervals that know that the tokens of one answer belong together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from postgrad.core.interfaces import Criteria
from postgrad.core.report import Figure
from postgrad.evals import statistics

MOST_RESAMPLES = 2000
"""The ends of a 95 % interval need no more: 50 of them lie beyond either (Efron and Tibshirani
1993, chapter 13, draw 1,000)."""


def share(
    name: str, title: str, hits: Sequence[bool], answers: Sequence[str], criteria: Criteria
) -> Figure | None:
    """The share of tokens that are hits; None if there is no token.

    The interval draws whole answers (a cluster bootstrap). It is blind where no token is a hit, or
    every one: there it is the exact one of Clopper and Pearson over the answers, as if an answer
    were a single token, which is too wide rather than too narrow.

    Args:
        hits: of each token.
        answers: a name for each token's answer.
        criteria: of the job.
    """
    if not hits:
        return None
    values = np.array(hits, dtype=np.float64)
    num_answers = len(set(answers))
    if values.all() or not values.any():
        successes = num_answers if values.all() else 0
        low, high = statistics.clopper_pearson(successes, num_answers)
    else:
        resamples = min(criteria.resamples, MOST_RESAMPLES)
        low, high = statistics.paired_bootstrap(
            np.zeros(len(values)), values, resamples, criteria.seed, clusters=answers
        ).interval
    return Figure(
        name=name,
        title=title,
        value=float(values.mean()),
        ci95=(max(0.0, low), min(1.0, high)),
        n=len(values),
    )


def share_of_rows(name: str, title: str, hits: int, n: int) -> Figure | None:
    """The share of rows that are hits, with the exact interval; None if there is no row."""
    if not n:
        return None
    interval = statistics.clopper_pearson(hits, n)
    return Figure(name=name, title=title, value=hits / n, ci95=interval, n=n)


def percent(value: float) -> str:
    """A share for a sentence or a cell: 12 %, 3.4 %."""
    text = f"{100 * value:.1f}" if 0 < value < 0.1 else f"{100 * value:.0f}"
    return f"{text} %"


def with_interval(figure: Figure) -> str:
    """A share with its interval: 12 % (95 % interval 9.1 % to 15 %)."""
    return in_short(figure, "95 % interval ")


def in_short(figure: Figure, before: str = "") -> str:
    """A share with its interval in brackets: 12 % (9.1 % to 15 %)."""
    if figure.ci95 is None:
        return percent(figure.value)
    low, high = figure.ci95
    return f"{percent(figure.value)} ({before}{percent(low)} to {percent(high)})"
