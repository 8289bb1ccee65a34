"""Figures as suggestions write them: 4.2 points, 56.9 %, 0.087 bits per byte."""

from __future__ import annotations

from postgrad.core.report import Comparison
from postgrad.core.suggestion import is_share


def percent(share: float) -> str:
    """0.569 as 56.9 %."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def points(comparison: Comparison, value: float) -> str:
    """The size of a difference in the metric's own unit, without its sign."""
    if comparison.metric.startswith("bits_per_byte"):
        return f"{abs(value):.3f} bits per byte"
    text = f"{abs(value) * (100 if is_share(comparison) else 1):.1f}".removesuffix(".0")
    return f"{text} {'point' if text == '1' else 'points'}"


def score(comparison: Comparison, value: float) -> str:
    """A value of the metric."""
    if is_share(comparison):
        return percent(value)
    return f"{value:.3f}" if comparison.metric.startswith("bits_per_byte") else f"{value:.1f}"


def count(number: int, one: str) -> str:
    """1 row, 1,234 rows."""
    return f"{number:,} {one}" + "s" * (number != 1)


def rounded(value: float) -> float:
    """A setting to two telling digits: 0.00065 stays, 0.000433333 becomes 0.00043."""
    return float(f"{value:.2g}")
