"""Figures as a probe's sentence has them: 57 %, +3.1 points, 3 of 12."""

from __future__ import annotations

from postgrad.core.report import Comparison

MINUS = "\u2212"


def percent(share: float) -> str:
    """0.5714 as 57 %."""
    return f"{100 * share:.0f} %"


def points(difference: float) -> str:
    """A difference of shares: 0.031 as +3.1 points."""
    return f"{signed(100 * difference, 1)} points"


def signed(value: float, digits: int) -> str:
    """A number with its sign; nought has none."""
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return (MINUS if value < 0 else "+") + text


def change(it: Comparison, scale: float = 100, digits: int = 1, unit: str = "points") -> str:
    """The difference of a comparison with its interval, for brackets."""
    low, high = (signed(scale * edge, digits) for edge in it.ci95)
    told = f"{signed(scale * it.delta, digits)} {unit}".rstrip()
    return f"{told}, 95 % interval {low} to {high}"


def detectable(it: Comparison, scale: float = 100, digits: int = 0, unit: str = "points") -> str:
    """What a comparison could have seen, as a half sentence."""
    effect = it.minimum_detectable_effect
    if not effect:
        return "so few items can't say how large a change would have been seen"
    return f"a change under {scale * abs(effect):.{digits}f} {unit}".rstrip() + " may not be seen"
