"""The learning curve against laws that are known, and its advice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.core.report import CurvePoint, LearningCurve
from postgrad.evals import learning_curve as curves

SIZES = [94, 188, 375, 750, 1500, 3000]


def law(rows: np.ndarray, exponent: float, prelearned: float, floor: float) -> np.ndarray:
    return 1 / (prelearned + (rows / 3000) ** exponent) + floor


def drawn(losses: np.ndarray, sizes: list[int] = SIZES, best_step: int = 5) -> LearningCurve:
    points = [
        CurvePoint(rows=n, share=n / sizes[-1], loss=loss, steps=9, best_step=best_step)
        for n, loss in zip(sizes, losses, strict=True)
    ]
    return curves.learning_curve(points)


@settings(max_examples=20)
@given(st.floats(0.1, 1.5), st.floats(0, 3), st.floats(0, 2))
def test_a_law_without_noise_is_foreseen(exponent: float, prelearned: float, floor: float) -> None:
    rows = np.array(SIZES, dtype=float)
    fitted = curves.fit(rows, law(rows, exponent, prelearned, floor))
    assert fitted.at(rows) == pytest.approx(law(rows, exponent, prelearned, floor), rel=1e-3)
    more = 2 * rows[-1]
    truth = law(np.array(more), exponent, prelearned, floor)
    assert float(fitted.at(more)) == pytest.approx(float(truth), rel=0.01)
    told = fitted.law
    again = told.scale / (told.prelearned + more**told.exponent) + told.floor
    assert again == pytest.approx(float(fitted.at(more)))


def test_the_interval_holds_what_comes_in_nineteen_of_twenty_cases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(curves, "REFITS", 100)
    random = np.random.default_rng(0)
    rows = np.array([*SIZES, 6000], dtype=float)
    held, tries = 0, 30
    for number in range(tries):
        truth = law(rows, random.uniform(0.2, 1.2), random.uniform(0, 1), random.uniform(0, 2))
        seen = truth * np.exp(0.01 * random.standard_normal(len(rows)))
        _, [forecast] = curves.foresee(rows[:-1], seen[:-1], [6000.0], number)
        low, high = forecast.interval95
        held += low <= seen[-1] <= high
        assert low <= forecast.loss <= high
    assert held >= 0.9 * tries


def test_more_data_helps() -> None:
    found = drawn(law(np.array(SIZES, dtype=float), 0.6, 0.05, 0.1))
    assert found.outcome == "more_helps"
    assert found.text.startswith("Twice the data would lower the held-out loss from 1.052 to 0.7")
    assert "95 % interval" in found.text
    assert [it.rows for it in found.forecasts] == [6000, 12000]
    assert found.back_test is not None
    assert found.back_test.rows == 1500
    assert abs(found.back_test.error) < 0.01


def test_no_more_to_be_had() -> None:
    found = drawn(np.array([0.905, 0.899, 0.901, 0.9, 0.9, 0.901]))
    assert found.outcome == "no_more"
    assert found.text.startswith("No more to be had")


def test_a_curve_that_foresaw_its_own_run_wrong_tells_nothing() -> None:
    found = drawn(np.array([2.0, 1.6, 1.3, 1.05, 0.85, 1.4]))
    assert found.outcome == "cannot_tell"
    assert "from its smaller parts it foresaw" in found.text
    assert "So far each doubling of the rows raised the held-out loss by about" in found.text


@pytest.mark.parametrize("count", [2, 3, 4])
def test_few_points_give_a_direction_only(count: int) -> None:
    found = drawn(np.array([1.6, 1.2, 0.9, 0.675])[-count:], [25, 50, 100, 200][-count:])
    assert found.outcome == "cannot_tell"
    assert found.text.startswith("Direction only")
    assert found.per_doubling == pytest.approx(-0.25, abs=0.02)
    assert (found.law, found.forecasts, found.back_test) == (None, [], None)


def test_the_run_alone_tells_nothing() -> None:
    found = drawn(np.array([1.0]), [20])
    assert found.outcome == "cannot_tell"
    assert found.per_doubling is None


def test_epochs_that_ended_too_soon_are_told() -> None:
    losses = law(np.array(SIZES, dtype=float), 0.6, 0.05, 0.1)
    assert drawn(losses).notes == []
    assert "still falling" in drawn(losses, best_step=9).notes[0]


@given(st.integers(1, 100_000), st.integers(1, 64))
def test_parts_are_distinct_large_enough_and_at_most_half(num_rows: int, batch: int) -> None:
    sizes = curves.subset_sizes(num_rows, batch)
    assert sizes == sorted(set(sizes))
    assert all(max(16, batch) <= size <= num_rows / 2 for size in sizes)
    assert sum(sizes) <= 1.5 * num_rows


def test_parts_are_halvings_where_there_are_many_rows() -> None:
    assert curves.subset_sizes(3200, 16) == [100, 200, 400, 800, 1600]
    assert len(curves.subset_sizes(128, 8)) == 5
    assert curves.subset_sizes(100, 8) == [25, 50]
    assert curves.subset_sizes(31, 8) == []


def test_scipy_finds_no_better_law() -> None:
    """The grid and its polish against a search over the whole space."""
    from scipy.optimize import differential_evolution

    rows = np.array(SIZES, dtype=float)
    noise = np.exp(0.02 * np.random.default_rng(3).standard_normal(len(rows)))
    losses = law(rows, 0.5, 0.1, 0.3) * noise

    def squares(values: np.ndarray) -> float:
        scale, prelearned, exponent, floor = values
        there = scale / (prelearned + (rows / 3000) ** exponent) + floor
        return float(np.sum(np.log(losses / there) ** 2))

    bounds = [(1e-6, 20), (0, 10), (0.05, 2), (0, 2)]
    best = differential_evolution(squares, bounds, seed=0, tol=1e-10, maxiter=300)
    fitted = curves.fit(rows, losses)
    ours = squares(np.array([fitted.scale, fitted.prelearned, fitted.exponent, fitted.floor]))
    assert ours <= best.fun * 1.001
