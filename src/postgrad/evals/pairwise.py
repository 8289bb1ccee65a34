"""Pairwise statistics: what choices between two answers add up to.

A preference is 1 for tuned, 0 for base and 0.5 for a tie. Nothing here knows a judge or a file.

The length-controlled win rate asks what the preference would be if both answers were equally long:

    logit P(tuned preferred) = t + f tanh(d / s)      reported: sigmoid(t)

d being the difference of the answers' lengths in characters (tuned - base) and s its standard
deviation. Source: Dubois et al. 2024, "Length-Controlled AlpacaEval" (arXiv 2404.04475, section 3).
What was changed: their model also has the difficulty of each instruction, which takes many models
on one test to know; here there are two.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

from postgrad.core.pair import Preferred
from postgrad.evals import statistics
from postgrad.evals.statistics import Floats, Interval

VALUES: dict[Preferred, float] = {"base": 0.0, "tie": 0.5, "tuned": 1.0}

LENGTH_PRIOR_SD = 1000.0
"""Spread of the normal prior on f: so wide that it moves no fit that exists without it, and still
there is one where the longer answer always won (separation; Albert and Anderson 1984). A narrower
one would leave some of the length's doing to t: with 10, a judge that only counts characters still
gives 61 to 76 % to a model that is longer in three pairs of four (200 pairs, three draws); with
1000 it gives 50 %."""

EVEN_PRIOR_WEIGHT = 1.0
"""Pairs of equal length that tied, added to the data: keeps t finite where one side always won.
Laplace's rule (half a win and half a loss more), as Agresti and Coull 1998 do for a share."""

MOST_STEPS, ENOUGH = 250, 1e-9
"""Newton's method doubles the right digits with each step, so that ten are enough as a rule. Where
the longer always won it goes on until the prior stops it."""

MOST_RESAMPLES = 2000
"""Each is a fit of its own; the edges of a 95 % interval are known well enough from 50 on each
side."""

LONGEST_STEP = 4.0
"""In logits. From the flat end of the curve Newton would leap away; a bounded step comes back."""


class Rate(NamedTuple):
    """A share with its 95 % interval."""

    value: float
    interval: Interval


def agreed(one: Preferred, swapped: Preferred) -> Preferred:
    """What two replies about one pair, its answers in either order, come to: a win only if both
    say so, else a tie. Source: Zheng et al. 2023, arXiv 2306.05685, section 3.4."""
    return one if one == swapped else "tie"


def length_controlled(
    preferences: ArrayLike,
    length_differences: ArrayLike,
    resamples: int,
    seed: int,
    *,
    clusters: Sequence[Hashable] | None = None,
) -> Rate:
    """The share of tuned answers that would be preferred at equal length; see this module.

    Args:
        preferences: 1, 0.5 or 0 for each pair, at least one.
        length_differences: tuned - base in characters, for each pair.
        resamples, seed: of the bootstrap over pairs behind the interval.
        clusters: a name for each pair; pairs of one name are drawn together. None: each its own.
    """
    wins = np.asarray(preferences, dtype=np.float64)
    differences = np.asarray(length_differences, dtype=np.float64)
    spread = float(differences.std())
    slopes = np.tanh(differences / spread) if spread else np.zeros_like(differences)

    def beyond_even(weights_RN: Floats) -> Floats:
        return special.expit(_intercepts(wins, slopes, weights_RN)) - 0.5

    names = range(len(wins)) if clusters is None else clusters
    drawn = statistics.paired_bootstrap_of(
        beyond_even,
        len(wins),
        min(resamples, MOST_RESAMPLES),
        seed,
        num_differing=len({name for name, win in zip(names, wins, strict=True) if win != 0.5}),
        clusters=clusters,
    )
    low, high = (0.5 + edge for edge in drawn.interval)
    value = 0.5 + float(beyond_even(np.ones((1, len(wins))))[0])
    return Rate(value, (max(0.0, low), min(1.0, high)))


def _intercepts(wins: Floats, slopes: Floats, weights_RN: Floats) -> Floats:
    """t of the module's model for each row of weights, by Newton's method on all rows at once."""
    rows = len(weights_RN)
    even, slope = np.zeros(rows), np.zeros(rows)
    ridge = LENGTH_PRIOR_SD**-2
    for _ in range(MOST_STEPS):
        chances = special.expit(even[:, None] + slope[:, None] * slopes)
        misses = weights_RN * (wins - chances)
        spreads = weights_RN * chances * (1 - chances)
        half = special.expit(even)  # of the added pair that tied
        up = misses.sum(1) + EVEN_PRIOR_WEIGHT * (0.5 - half)
        along = misses @ slopes - ridge * slope
        a = spreads.sum(1) + EVEN_PRIOR_WEIGHT * half * (1 - half)
        b = spreads @ slopes
        c = spreads @ slopes**2 + ridge
        area = np.maximum(a * c - b * b, 1e-300)
        steps = np.stack([(c * up - b * along) / area, (a * along - b * up) / area])
        longest = np.abs(steps).max(axis=0)
        steps *= np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300))
        even, slope = even + steps[0], slope + steps[1]
        if longest.max(initial=0.0) < ENOUGH:
            break
    return even


def cohen_kappa(
    one: Sequence[str],
    other: Sequence[str],
    resamples: int,
    seed: int,
    *,
    clusters: Sequence[Hashable] | None = None,
) -> Rate | None:
    """Agreement of two raters on the same pairs beyond chance: 1 all, 0 what chance would give.

    kappa = (o - e) / (1 - e), o being the share on which they agree and e that expected of two who
    choose by chance, each as often as they did. Source: Cohen 1960. The interval is the bootstrap's
    over pairs; a resample in which both always said the same one thing counts as 0, because it
    shows no agreement beyond chance. `clusters`: as in `length_controlled`.

    Returns:
        None where both always said the same one thing, or where there is no pair.
    """
    names = sorted({*one, *other})
    if len(names) < 2:
        return None
    first, second = _indicators(one, names), _indicators(other, names)
    drawn = statistics.paired_bootstrap_of(
        lambda weights_RN: _kappas(first, second, weights_RN),
        len(one),
        resamples,
        seed,
        clusters=clusters,
    )
    low, high = drawn.interval
    value = float(_kappas(first, second, np.ones((1, len(one))))[0])
    return Rate(value, (max(-1.0, low), min(1.0, high)))


def _indicators(said: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    return np.array([[float(each == name) for name in names] for each in said])


def _kappas(first: Floats, second: Floats, weights_RN: Floats) -> Floats:
    totals = weights_RN.sum(1)
    seen = weights_RN @ (first * second).sum(1) / totals
    by_chance = ((weights_RN @ first) * (weights_RN @ second)).sum(1) / totals**2
    beyond = 1 - by_chance
    defined = beyond > 1e-12
    return np.where(defined, (seen - by_chance) / np.where(defined, beyond, 1.0), 0.0)
