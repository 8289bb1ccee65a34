"""Choices between two answers: length control against scikit-learn, kappa against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

from postgrad.core.pair import Preferred
from postgrad.evals import pairwise
from postgrad.evals.pairwise import agreed, cohen_kappa, length_controlled

CHOICES: list[Preferred] = ["base", "tie", "tuned"]


def by_reference(preferences: list[float], differences: list[float]) -> float:
    """The same model, fitted by scikit-learn: a tie is half a win and half a loss, and one tie of
    equal length is the prior; its C is the variance of the slope's prior."""
    spread = float(np.std(differences))
    slopes = np.tanh(np.array(differences) / spread) if spread else np.zeros(len(differences))
    slopes, wins = np.append(slopes, 0.0), np.append(preferences, 0.5)
    model = LogisticRegression(C=pairwise.LENGTH_PRIOR_SD**2, solver="newton-cholesky")
    model.fit(
        np.concatenate([slopes, slopes])[:, None],
        np.concatenate([np.ones_like(wins), np.zeros_like(wins)]),
        sample_weight=np.concatenate([wins, 1 - wins]),
    )
    return float(1 / (1 + np.exp(-model.intercept_[0])))


@settings(max_examples=25, deadline=None, derandomize=True)  # scikit-learn's fit may fail
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(-400, 400)), min_size=2, max_size=40
    )
)
def test_length_control_is_scikit_learns(pairs: list[tuple[float, int]]) -> None:
    preferences, differences = ([each[side] for each in pairs] for side in (0, 1))
    found = length_controlled(preferences, differences, 100, 0)
    assert found.value == pytest.approx(by_reference(preferences, differences), abs=2e-4)
    assert 0 <= found.interval[0] <= found.interval[1] <= 1


def test_who_only_writes_more_is_not_better() -> None:
    """The longer answer always wins, and tuned is longer in three of four: 75 % raw."""
    generator = np.random.default_rng(0)
    differences = np.where(np.arange(200) % 4, 1, -1) * generator.integers(5, 200, 200)
    preferences = (differences > 0).astype(float)
    found = length_controlled(preferences, differences, 500, 0)
    assert preferences.mean() == 0.75
    assert found.value == pytest.approx(0.5, abs=0.03)
    assert found.interval[0] - 0.01 < 0.5 < found.interval[1]


def test_who_is_better_at_any_length_stays_better() -> None:
    generator = np.random.default_rng(1)
    differences = generator.normal(30, 80, 300)
    preferences = (generator.random(300) < 0.8).astype(float)
    found = length_controlled(preferences, differences, 500, 0)
    assert found.value == pytest.approx(0.8, abs=0.06)
    assert found.interval[0] > 0.5


def test_all_won_and_no_spread_stay_finite() -> None:
    found = length_controlled([1.0] * 30, [7] * 30, 200, 0)
    assert 0.95 < found.value < 1
    assert length_controlled([0.5], [0], 100, 0).value == 0.5


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(CHOICES), st.sampled_from(CHOICES)), max_size=40))
def test_kappa_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    one, other = ([each[side] for each in pairs] for side in (0, 1))
    found = cohen_kappa(one, other, 100, 0)
    if len({*one, *other}) < 2:
        assert found is None
        return
    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(one, other))
    assert -1 <= found.interval[0] <= found.interval[1] <= 1


def test_two_who_agree_and_two_who_guess() -> None:
    generator = np.random.default_rng(2)
    one, other = (list(generator.choice(CHOICES, 200)) for _ in range(2))
    guessed, same = cohen_kappa(one, other, 1000, 0), cohen_kappa(one, one, 1000, 0)
    assert guessed is not None
    assert guessed.interval[0] < 0 < guessed.interval[1]
    assert same is not None
    assert same.value == 1


@given(st.sampled_from(CHOICES), st.sampled_from(CHOICES))
def test_a_win_only_if_both_orders_say_so(one: Preferred, swapped: Preferred) -> None:
    assert agreed(one, swapped) == (one if one == swapped else "tie")
