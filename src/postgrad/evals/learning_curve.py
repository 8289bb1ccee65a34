"""The learning curve: what the held-out loss of trainings on parts of the data says of more data.

    L(D) = B / (D_l + D^beta) + E        B, D_l, E >= 0

D training rows, B the scale, D_l what the base had learned before, beta the exponent, E the loss
that no data goes below. Source: Lin et al. 2024, "Selecting Large Language Model to Fine-tune via
Rectified Scaling Law", arXiv:2402.02314, with alpha = 1; their point: fine-tuning begins with a
flat stretch, on which a plain power law fails.

How it is fitted: rows are counted in those of the largest training, x = D / D_max, so that
L = b / (d + x^beta) + E. For each (d, beta) of a grid the best b and E are a linear problem; the
best of all is polished by least squares of the residuals of log L. The 95 % prediction interval is
that of refits: the fitted curve, with noise put on its points, is fitted again and again on the
same grid, and noise is put on what each refit foresees. Four parameters and five or six points
leave hardly anything to see the noise by; so its variance is drawn from what the residuals say
together with an assumption (`NOISE`, counted as `NOISE_WEIGHT` points).

P points, R refits, G places of the grid, F forecasts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeWarning, curve_fit  # pyright: ignore[reportMissingTypeStubs]

from postgrad.core.report import BackTest, CurvePoint, Forecast, Law, LearningCurve

Floats = NDArray[np.float64]

FEWEST_POINTS = 5
"""For the law: it has four parameters. With fewer the points give a direction only."""

FEWEST_FOR_BACK_TEST = 4
"""Points up to half of the rows from which the run's own loss is foreseen: one less, because a
forecast that can be checked at once may be bolder."""

SUBSETS = 5
"""Parts of the rows that are trained on: with the run itself one point more than the law needs, so
that the back-test can use the law too."""

DEEPEST = 32
"""The smallest part is 1 / 32 of the rows: so five halvings together cost as much as the run."""

FEWEST_ROWS = 16
"""Rows of the smallest part. Of fewer, which rows they happen to be decides; assumed."""

LEAST_SPREAD = 4.0
"""Half of the rows must be so many times the smallest part for five parts: closer together, noise
is all that differs. Below it the rows are halved as often as that goes."""

NOISE = 0.01
"""Relative spread of the held-out loss between trainings that differ by chance alone (their seed,
which rows a part has); assumed. In simulations the intervals keep their 95 % up to this noise, and
with twice as much hold the truth in 90 %."""
NOISE_WEIGHT = 4.0
"""Points that this assumption counts for: as many as the law has parameters."""

SMALL_GAIN = 0.05
"""A twentieth of the loss. Where more is ruled out, collecting as much data again isn't worth it:
a judgement, like every such line."""

FACTORS = (2.0, 4.0)
REFITS = 1000

EXPONENTS = np.geomspace(0.05, 2.0, 40)
"""From half of what pre-training has (0.095 for data: Kaplan et al. 2020, arXiv:2001.08361) to
twice what the variance of a mean has (1); the ends are assumed."""
PRELEARNED = np.concatenate(([0.0], np.geomspace(0.005, 10.0, 60)))
"""D_l in units of D_max^beta: with ten, the whole curve lies in its flat beginning. A step of 14 %
changes no point of the curve by as much as `NOISE`."""

CHUNK = 100
"""Refits that are done at once: with 2,440 places, about 2 MB for each quantity."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The law over x = D / `rows`: scale / (prelearned + x^exponent) + floor."""

    rows: float
    scale: float
    prelearned: float
    exponent: float
    floor: float

    def at(self, rows: float | Floats) -> Floats:
        """The loss at a number of training rows."""
        x = np.asarray(rows, dtype=np.float64) / self.rows
        return self.scale / (self.prelearned + x**self.exponent) + self.floor

    @property
    def law(self) -> Law:
        """The same over rows."""
        unit = self.rows**self.exponent
        return Law(
            scale=self.scale * unit,
            prelearned=self.prelearned * unit,
            exponent=self.exponent,
            floor=self.floor,
        )


def subset_sizes(num_rows: int, batch_size: int) -> list[int]:
    """How many rows each part has that is trained on, the fewest first, without the whole.

    Evenly spaced by their logarithm up to half of the rows. Every part is a batch at least.
    """
    least = max(FEWEST_ROWS, batch_size, math.ceil(num_rows / DEEPEST))
    half = num_rows // 2
    if half < least:
        return []
    if half >= LEAST_SPREAD * least:
        return [round(size) for size in np.geomspace(least, half, SUBSETS)]
    return [half >> times for times in reversed(range(SUBSETS)) if half >> times >= least]


def learning_curve(points: Sequence[CurvePoint], seed: int = 0) -> LearningCurve:
    """What the points say of more data.

    Args:
        points: in any order; the one with the most rows is the run itself.
        seed: of the refits.
    """
    points = sorted(points, key=lambda point: point.rows)
    rows = np.array([point.rows for point in points], dtype=np.float64)
    losses = np.array([point.loss for point in points], dtype=np.float64)
    back_test = _back_test(rows, losses, seed)
    slope = per_doubling(rows, losses) if len(points) > 1 else None
    fitted, forecasts = None, list[Forecast]()
    if len(points) >= FEWEST_POINTS:
        fitted, forecasts = foresee(rows, losses, [rows[-1] * factor for factor in FACTORS], seed)
    outcome, text = _advice(losses[-1], slope, forecasts, back_test)
    return LearningCurve(
        outcome=outcome,
        text=text,
        points=list(points),
        law=fitted.law if fitted else None,
        per_doubling=slope,
        forecasts=forecasts,
        back_test=back_test,
        notes=_notes(points),
    )


def foresee(
    rows: Floats, losses: Floats, targets: Sequence[float], seed: int = 0
) -> tuple[Fit, list[Forecast]]:
    """The fitted law, and the loss with its 95 % prediction interval at some numbers of rows.

    Args:
        rows, losses: of the points, the most rows last.
        targets: numbers of rows.
    """
    found = fit(rows, losses)
    random = np.random.default_rng(seed)
    fitted_P = found.at(rows)
    squares = float(np.sum(np.log(losses / fitted_P) ** 2))
    freedom = NOISE_WEIGHT + max(0, len(rows) - 4)
    pooled = NOISE_WEIGHT * NOISE**2 + squares
    noise_R = np.sqrt(pooled / random.chisquare(freedom, REFITS))[:, None]
    drawn_RP = fitted_P * np.exp(noise_R * random.standard_normal((REFITS, len(rows))))
    x_F = np.array(targets) / found.rows
    foreseen_RF = np.concatenate(
        [
            _refits(rows / found.rows, drawn_RP[start : start + CHUNK], x_F)
            for start in range(0, REFITS, CHUNK)
        ]
    )
    foreseen_RF *= np.exp(noise_R * random.standard_normal((REFITS, len(targets))))
    low_F, high_F = np.quantile(foreseen_RF, (0.025, 0.975), axis=0)
    return found, [
        Forecast(
            factor=target / found.rows,
            rows=round(target),
            loss=loss,
            interval95=(min(float(low), loss), max(float(high), loss)),
        )
        for target, loss, low, high in zip(
            targets, found.at(np.array(targets)).tolist(), low_F, high_F, strict=True
        )
    ]


def fit(rows: Floats, losses: Floats) -> Fit:
    """The law that fits the points best, by least squares of the residuals of log L."""
    most = float(rows[-1])
    x = rows / most
    scale, floor, squares = _linear(x, losses[None])
    best = int(np.argmin(squares[0]))
    exponent, prelearned = (float(value) for value in _grid()[best])
    start = (float(scale[0, best]), prelearned, exponent, float(floor[0, best]))
    chosen = _polished(x, losses, start)
    return Fit(most, *chosen)


def per_doubling(rows: Floats, losses: Floats) -> float:
    """Relative change of the loss by each doubling of the rows: of the last three points at most,
    by a straight line through the logarithms."""
    slope, _ = np.polyfit(np.log2(rows[-3:]), np.log(losses[-3:]), 1)
    return float(np.expm1(slope))


def _grid() -> Floats:
    """Every (exponent, prelearned), shape (G, 2)."""
    return np.array([(beta, d) for beta in EXPONENTS for d in PRELEARNED])


def _linear(x: Floats, losses_RP: Floats) -> tuple[Floats, Floats, Floats]:
    """The best b and E, both at least 0, of each place of the grid for each row of losses, and the
    sum of squared relative residuals; shapes (R, G)."""
    exponents, prelearned = _grid().T
    curve_GP = 1 / (prelearned[:, None] + x[None] ** exponents[:, None])
    weights_RP = losses_RP**-2.0
    all_R1 = weights_RP.sum(1, keepdims=True)
    curve_RG, square_RG = weights_RP @ curve_GP.T, weights_RP @ (curve_GP**2).T
    loss_R1 = (weights_RP * losses_RP).sum(1, keepdims=True)
    both_RG = (weights_RP * losses_RP) @ curve_GP.T
    spread_RG = all_R1 * square_RG - curve_RG**2
    scale_RG = (all_R1 * both_RG - curve_RG * loss_R1) / np.maximum(spread_RG, 1e-300)
    floor_RG = (loss_R1 - scale_RG * curve_RG) / all_R1
    no_floor_RG = both_RG / square_RG
    scale_RG = np.where(floor_RG < 0, no_floor_RG, scale_RG)
    floor_RG = np.maximum(floor_RG, 0.0)
    is_flat_RG = scale_RG < 0
    scale_RG = np.where(is_flat_RG, 0.0, scale_RG)
    floor_RG = np.where(is_flat_RG, loss_R1 / all_R1, floor_RG)
    total_R1 = (weights_RP * losses_RP**2).sum(1, keepdims=True)
    # what is left is at right angles to whatever was fitted
    squares_RG = total_R1 - scale_RG * both_RG - floor_RG * loss_R1
    return scale_RG, floor_RG, squares_RG


def _refits(x: Floats, losses_RP: Floats, targets_F: Floats) -> Floats:
    """What the best place of the grid for each row of losses foresees, shape (R, F)."""
    scale_RG, floor_RG, squares_RG = _linear(x, losses_RP)
    best = np.argmin(squares_RG, axis=1)
    each = np.arange(len(best))
    exponents, prelearned = _grid()[best].T
    curve_RF = 1 / (prelearned[:, None] + targets_F[None] ** exponents[:, None])
    return scale_RG[each, best][:, None] * curve_RF + floor_RG[each, best][:, None]


def _polished(
    x: Floats, losses: Floats, start: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """Least squares of log residuals from a place of the grid; the place itself if that fails."""

    def log_law(x: Any, scale: float, prelearned: float, exponent: float, floor: float) -> Any:
        return np.log(scale / (prelearned + x**exponent) + floor)

    def squares(values: tuple[float, float, float, float]) -> float:
        return float(np.sum((log_law(x, *values) - np.log(losses)) ** 2))

    low = (0.0, 0.0, float(EXPONENTS[0]), 0.0)
    high = (np.inf, float(PRELEARNED[-1]), float(EXPONENTS[-1]), np.inf)
    inside = [
        min(max(value, floor + 1e-9), top - 1e-9)
        for value, floor, top in zip(start, low, high, strict=True)
    ]
    try:
        with np.errstate(all="ignore"):
            found, _ = curve_fit(
                log_law, x, np.log(losses), p0=inside, bounds=(low, high), max_nfev=2000
            )
    except (RuntimeError, ValueError, OptimizeWarning):
        return start
    scale, prelearned, exponent, floor = (float(value) for value in found)
    polished = (scale, prelearned, exponent, floor)
    return polished if squares(polished) <= squares(start) else start


def _back_test(rows: Floats, losses: Floats, seed: int) -> BackTest | None:
    """The run's own loss from the parts of up to half of its rows; None: too few of them."""
    known = rows <= rows[-1] / 2
    if known.sum() < FEWEST_FOR_BACK_TEST:
        return None
    _, [forecast] = foresee(rows[known], losses[known], [float(rows[-1])], seed)
    return BackTest(
        rows=int(rows[known][-1]),
        foreseen=forecast.loss,
        interval95=forecast.interval95,
        measured=float(losses[-1]),
        error=forecast.loss / float(losses[-1]) - 1,
    )


def _advice(
    now: float, slope: float | None, forecasts: Sequence[Forecast], back_test: BackTest | None
) -> tuple[Any, str]:
    if slope is None:
        return "cannot_tell", (
            "What more data would bring can't be told: there are too few rows to train on a part."
        )
    way = "lowered" if slope < 0 else "raised"
    so_far = f"each doubling of the rows {way} the held-out loss by about {_percent(abs(slope))}"
    if not forecasts:
        return "cannot_tell", (
            f"Direction only: {so_far}. Too few points to say what more data would bring."
        )
    twice = forecasts[0]
    low, high = twice.interval95
    change = f"from {now:.3f} to {twice.loss:.3f} (95 % interval {low:.3f} to {high:.3f})"
    if back_test and not back_test.interval95[0] <= back_test.measured <= back_test.interval95[1]:
        return "cannot_tell", (
            f"What more data would bring can't be told: the curve foresees {change} for twice the "
            "data, but from its smaller parts it foresaw "
            f"{back_test.foreseen:.3f} for this run, which has {back_test.measured:.3f}. So far "
            f"{so_far}."
        )
    if high < now:
        return "more_helps", f"Twice the data would lower the held-out loss {change}."
    if low > now * (1 - SMALL_GAIN):
        return "no_more", (
            f"No more to be had from more data of this kind: twice the data would bring the "
            f"held-out loss {change}."
        )
    return "cannot_tell", (
        "What more data would bring can't be told: twice the data might bring the held-out loss "
        f"{change}, which holds a gain and none. So far {so_far}."
    )


def _notes(points: Sequence[CurvePoint]) -> list[str]:
    falling = [point for point in points if point.best_step == point.steps]
    if 2 * len(falling) <= len(points):
        return []
    return [
        f"In {len(falling)} of {len(points)} trainings the loss was still falling when the epochs "
        "ended: more epochs may bring some of what more data would."
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
