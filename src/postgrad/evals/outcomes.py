"""Outcomes: the word that the comparisons of a probe without a gate add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from postgrad.core.report import Comparison, Outcome
from postgrad.evals import statistics

FEWEST_ITEMS = 6
"""With five items the best possible result, all of them alike, still has p = 2 / 2^5 = 0.06."""


def changed(comparisons: Sequence[Comparison], significance: float) -> list[Comparison]:
    """Those that show a change although all of them were looked at: p below the level after Holm,
    and an interval that leaves zero out."""
    adjusted = statistics.holm([it.p_value for it in comparisons])
    return [
        it
        for it, p_value in zip(comparisons, adjusted, strict=True)
        if p_value < significance and not it.ci95[0] <= 0 <= it.ci95[1]
    ]


def outcome(
    comparisons: Sequence[Comparison], of_note: Mapping[str, float], significance: float
) -> Outcome:
    """changed, not_shown, or cannot_tell.

    Args:
        comparisons: what decides; none: cannot tell.
        of_note: by metric, the change that the probe must have been able to see before "not
            shown" may be said.
        significance: accepted chance of a wrong "changed" over all of them.
    """
    if changed(comparisons, significance):
        return "changed"
    return "not_shown" if comparisons and not blind(comparisons, of_note) else "cannot_tell"


def blind(comparisons: Sequence[Comparison], of_note: Mapping[str, float]) -> list[Comparison]:
    """Those that could have missed a change of note: it is below what they can detect, or there
    are too few items for any."""
    return [
        it
        for it in comparisons
        if it.n < FEWEST_ITEMS
        or it.minimum_detectable_effect is None
        or abs(it.minimum_detectable_effect) > of_note[it.metric]
    ]
