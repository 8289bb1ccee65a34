"""Lengths: how many tokens rows have, as bars that can be drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

MOST_BARS = 30
"""As many as a phone can show apart."""

LONG_SHARE = 0.01
FAR = 1.5
"""Where the longest row is more than 1.5 times as long as 99 % of them are, the last bar stands for
that one per cent: a single book among chats would else press them all into the first bar."""


def histogram(values: Sequence[int]) -> dict[str, Any]:
    """Counts by length.

    Returns:
        `width` of a bar in tokens and the `counts` of the bars from 0 on; `open`: the last bar
        holds everything longer too; `median`, `p95` and `longest` of the values; for no values,
        no bars.
    """
    if not values:
        return {"width": 1, "counts": [], "open": False, "median": 0, "p95": 0, "longest": 0}
    ordered = sorted(values)
    longest, most = ordered[-1], _quantile(ordered, 1 - LONG_SHARE)
    is_open = longest > FAR * max(1, most)
    high = max(1, most if is_open else longest)
    width = _round_up(high / MOST_BARS)
    counts = [0] * (high // width + 1)
    for value in ordered:
        counts[min(value // width, len(counts) - 1)] += 1
    return {
        "width": width,
        "counts": counts,
        "open": is_open,
        "median": _quantile(ordered, 0.5),
        "p95": _quantile(ordered, 0.95),
        "longest": longest,
    }


def _quantile(ordered: Sequence[int], share: float) -> int:
    """The smallest value that at least this share of the values does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _round_up(least: float) -> int:
    """The next of 1, 2, 5, 10, 20, ..."""
    power = 1
    while True:
        for lead in (1, 2, 5):
            if power * lead >= least:
                return power * lead
        power *= 10
