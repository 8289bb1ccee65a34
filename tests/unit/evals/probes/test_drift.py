"""The divergence against its definition: never above it, and close where it should be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from postgrad.evals.probes.drift import LEAST_REST, NUM_TOP, divergence

SIZE = 500


def odds(seed: int, sharpness: float) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(0, sharpness, (3, SIZE))
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def told(base: np.ndarray, tuned: np.ndarray) -> np.ndarray:
    """The divergence as the probe has it: at the base's likeliest tokens."""
    top = np.argsort(-base, axis=1)[:, :NUM_TOP]
    sides = (np.log(np.take_along_axis(side, top, axis=1)) for side in (base, tuned))
    return divergence(*sides)


@given(st.integers(0, 10**6), st.floats(0.5, 8), st.floats(0.5, 8))
@settings(deadline=None)
def test_it_is_a_lower_bound(seed: int, sharp_base: float, sharp_tuned: float) -> None:
    base, tuned = odds(seed, sharp_base), odds(seed + 1, sharp_tuned)
    exact = stats.entropy(base, tuned, axis=1)
    found = told(base, tuned)
    assert np.all(found >= 0)
    assert np.all(found <= exact + 10 * LEAST_REST)


def test_it_is_close_where_the_odds_are_those_of_a_language_model() -> None:
    """Half of the odds on the first choice, as at most places of a text."""
    base = odds(1, 4.0)
    tuned = base * np.exp(np.random.default_rng(2).normal(0, 0.5, base.shape))
    tuned /= tuned.sum(1, keepdims=True)
    assert told(base, tuned) == pytest.approx(stats.entropy(base, tuned, axis=1), rel=0.05)


def test_the_same_odds_have_not_moved() -> None:
    base = odds(1, 4.0)
    assert told(base, base) == pytest.approx(np.zeros(3), abs=1e-12)
