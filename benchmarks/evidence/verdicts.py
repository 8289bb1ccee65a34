"""Are the verdicts honest? Simulated test sets whose truth is known, judged as a run is judged.

    python benchmarks/evidence/verdicts.py [--comparisons 2000] [--items 60 100 200 500]

Three questions, for right-or-wrong scores, for graded ones (F1), and for bits per byte:

* Nothing changed: two models of the same skill answer the same items. How often is the verdict
  `better`? At most in 5 % of the comparisons, it should be (and it is two-sided, so about half).
* A gain of 5 and of 10 points was planted. How often is it found, and how often should it be by
  the formula that the plan states (80 % at the minimum detectable effect)?
* Does the 95 % interval cover the true change in 93 to 97 % of the comparisons?

An item has a hardness of its own, drawn anew for every comparison, that both models meet: the
chance of a right answer is Beta(a, b) over the items, which makes 20 % of the answers differ
between two equal models. Verdicts come from `postgrad.evals`, as in a run.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from postgrad.evals.compare import compare_values
from postgrad.evals.metrics import BITS_PER_BYTE, Metric
from postgrad.evals.statistics import mcnemar_power
from postgrad.evals.verdict import decide

Floats = NDArray[np.float64]
Draw = np.random.Generator

RIGHT = Metric("exact_match", "Exactly right", True, True)
GRADED = Metric("token_f1", "Words right", True, False)
SIGNIFICANCE = 0.05
GAINS = (0.05, 0.10)
RESAMPLES = 2000
"""A run takes 10,000; the ends of an interval move by far less than its width (see --resamples)."""

SPREAD_A, SPREAD_B = 2.0, 2.0
"""Of Beta: two equal models then differ on 2 ab / ((a + b) (a + b + 1)) = 40 % of the items if
their answers are independent. Half of the answers are shared, which leaves 20 %."""
SHARED = 0.5


@dataclass(frozen=True)
class Case:
    """A kind of score: draws base and tuned for n items with a true gain of `gain`."""

    name: str
    metric: Metric
    draw: Callable[[Draw, int, float], tuple[Floats, Floats]]
    direction: float = 1.0


def right_or_wrong(draw: Draw, n: int, gain: float) -> tuple[Floats, Floats]:
    """Base: chance p. Tuned: the same answer on a share of the items, else drawn anew; a gain
    turns so many of the wrong answers right that the expected difference is `gain`."""
    chance = draw.beta(SPREAD_A, SPREAD_B, n)
    base = draw.random(n) < chance
    again = np.where(draw.random(n) < SHARED, base, draw.random(n) < chance)
    lifted = draw.random(n) < gain / (SPREAD_B / (SPREAD_A + SPREAD_B))
    return base.astype(float), (again | lifted).astype(float)


def graded(draw: Draw, n: int, gain: float) -> tuple[Floats, Floats]:
    """F1-like: within 0 and 1, many exact zeros and ones, skewed."""
    chance = draw.beta(1.5, 1.5, n)
    base, tuned = (draw.binomial(8, chance) / 8 for _ in range(2))
    lifted = draw.random(n) < gain / (1 - 0.5)
    return base, np.where(lifted, 1.0, tuned)


def bits(draw: Draw, n: int, gain: float) -> tuple[Floats, Floats]:
    """Bits per byte: skewed to the right, the models' noise in proportion to the item's level."""
    level = draw.lognormal(0.0, 0.5, n)
    base, tuned = (level * draw.lognormal(-0.005, 0.1, n) for _ in range(2))
    return base, tuned - gain * draw.gamma(2.0, 0.5, n)


CASES = (
    Case("right or wrong", RIGHT, right_or_wrong),
    Case("graded", GRADED, graded),
    Case("bits per byte", BITS_PER_BYTE, bits, direction=-1.0),
)


@dataclass
class Tally:
    """What many comparisons gave."""

    better: int = 0
    worse: int = 0
    covered: int = 0
    count: int = 0
    variance: float = 0.0

    def add(self, case: Case, base: Floats, tuned: Floats, truth: float, number: int) -> None:
        """Judge one comparison."""
        found = compare_values(case.metric, base, tuned, resamples=RESAMPLES, seed=number)
        verdict = decide(found, SIGNIFICANCE)
        low, high = found.ci95
        self.better += verdict == "better"
        self.worse += verdict == "worse"
        self.covered += low <= truth <= high
        self.variance += float(np.var(tuned - base, ddof=1))
        self.count += 1

    def stated_power(self, case: Case, n: int, gain: float) -> float:
        """As the minimum detectable effect has it, with the spread that was there."""
        variance = self.variance / self.count
        if case.metric.right_or_wrong:
            return mcnemar_power(n, variance + gain**2, gain)  # E[d^2] is the share that changed
        error = math.sqrt(variance / n)
        return float(special.ndtr(gain / error - special.ndtri(1 - SIGNIFICANCE / 2)))


def simulate(case: Case, n: int, gain: float, comparisons: int, seed: int) -> Tally:
    """So many comparisons of n items."""
    draw, tally = np.random.default_rng([seed, n, round(1000 * gain)]), Tally()
    for number in range(comparisons):
        base, tuned = case.draw(draw, n, gain)
        tally.add(case, base, tuned, case.direction * gain, number)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--comparisons", type=int, default=2000)
    parser.add_argument("--items", type=int, nargs="+", default=[60, 100, 200, 500])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    print(f"{options.comparisons} comparisons a line, level {SIGNIFICANCE}")
    print(
        f"{'scores':<15} {'items':>5} {'gain':>5} {'better':>8} {'stated':>8} {'worse':>7} covered"
    )
    for case in CASES:
        for n in options.items:
            for gain in (0.0, *GAINS):
                tally = simulate(case, n, gain, options.comparisons, options.seed)
                stated = f"{tally.stated_power(case, n, gain):.1%}" if gain else "<= 5 %"
                print(
                    f"{case.name:<15} {n:>5} {gain:>5.2f} {tally.better / tally.count:>8.1%} "
                    f"{stated:>8} {tally.worse / tally.count:>7.1%} "
                    f"{tally.covered / tally.count:>7.1%}",
                    flush=True,
                )
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
