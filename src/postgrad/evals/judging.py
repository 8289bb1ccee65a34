"""Judging: readings of both models, item by item, as comparisons and as gates.

What probes share. Items are paired by id; items of one group are drawn together, because they are
not independent of each other (Miller 2024, arXiv 2411.00640, section 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.report import Comparison, Gate
from postgrad.errors import RunError
from postgrad.evals import statistics
from postgrad.evals.compare import compare_values
from postgrad.evals.metrics import Metric
from postgrad.evals.statistics import Floats

Pair = tuple[Reading, Reading]


def paired(base: Sequence[Reading], tuned: Sequence[Reading]) -> list[Pair]:
    """Readings of the same item side by side, in the order of the base's.

    Raises:
        RunError: the two were not asked the same items.
    """
    after = {reading.id: reading for reading in tuned}
    if len(base) != len(after) or {reading.id for reading in base} != after.keys():
        raise RunError(
            "Base and tuned were not asked the same items of a probe.",
            why="Only the same items can be compared.",
            fix="Ask both models again: postgrad eval RUN",
            code="readings_do_not_match",
        )
    return [(reading, after[reading.id]) for reading in base]


def sides(pairs: Sequence[Pair], measure: str) -> tuple[Floats, Floats, list[str]]:
    """A measure for base and for tuned, and the group of each item; items without it are left
    out."""
    kept = [pair for pair in pairs if all(measure in each.values for each in pair)]
    before, after = (
        np.array([pair[side].values[measure] for pair in kept], dtype=np.float64) for side in (0, 1)
    )
    return before, after, [pair[0].group for pair in kept]


def compared(
    metric: Metric, pairs: Sequence[Pair], criteria: Criteria, *, grouped: bool = False
) -> Comparison | None:
    """Base against tuned by one measure of the readings; None if no item has it.

    Args:
        metric: its name is the measure's.
        pairs: of `paired`.
        criteria: of the job.
        grouped: draw the items of a group together.
    """
    base, tuned, groups = sides(pairs, metric.name)
    if not len(base):
        return None
    return compare_values(
        metric,
        base,
        tuned,
        resamples=criteria.resamples,
        seed=criteria.seed,
        clusters=groups if grouped else None,
    )


def not_worse(
    metric: Metric,
    pairs: Sequence[Pair],
    criteria: Criteria,
    *,
    margin: float,
    grouped: bool = False,
) -> Gate:
    """A gate by non-inferiority: passed if a loss of `margin` or more is ruled out.

    A loss that is merely not proven does not pass: that it is small must be shown. The bound is
    the one-sided 95 % one, an end of the two-sided 90 % interval. Source: Schuirmann 1987.

    Args:
        metric: of the readings.
        pairs: of `paired`; at least one of them has the measure.
        criteria: of the job.
        margin: in units of the metric.
        grouped: draw the items of a group together.

    Returns:
        A gate without `text`. `value` is the gain, so that a loss is negative whichever way the
        metric points; so are `ci95`, the two-sided 95 % interval, and
        `bound`, the one-sided bound that decides.
    """
    base, tuned, groups = sides(pairs, metric.name)
    before, after = _upwards(metric, base), _upwards(metric, tuned)
    clusters = groups if grouped else None

    def interval(confidence: float) -> tuple[float, float]:
        draws = (criteria.resamples, criteria.seed)
        if metric.right_or_wrong and clusters is None:
            return statistics.right_or_wrong_interval(before, after, *draws, confidence=confidence)
        return statistics.paired_bootstrap(
            before, after, *draws, clusters=clusters, confidence=confidence
        ).interval

    lower, _ = interval(0.90)
    return Gate(
        passed=lower > -margin,
        value=float((after - before).mean()),
        margin=margin,
        ci95=interval(0.95),
        bound=lower,
    )


def _upwards(metric: Metric, values: Floats) -> Floats:
    """Values of which more is better."""
    if metric.higher_is_better:
        return values
    return 1 - values if metric.right_or_wrong else -values
