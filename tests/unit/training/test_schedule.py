"""The learning rate: up in a line, down in a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.training.schedule import learning_rate

shares = st.sampled_from([0.0, 0.05, 0.1, 0.5, 1.0])


@given(st.integers(1, 3000), shares)
def test_shape(total: int, share: float) -> None:
    rates = [learning_rate(step, total, 1.0, share) for step in range(total)]
    top = rates.index(max(rates))
    assert max(rates) == pytest.approx(1.0)
    assert all(rate > 0 for rate in rates)
    assert all(rates[i] < rates[i + 1] for i in range(top))
    tail = rates[top:]
    assert all(tail[i] >= tail[i + 1] for i in range(len(tail) - 1))
    ups = [rates[i + 1] - rates[i] for i in range(top)]
    assert ups == pytest.approx([ups[0]] * len(ups)) if ups else True
    downs = [tail[i] - tail[i + 1] for i in range(1, len(tail) - 1)]
    assert downs == pytest.approx([downs[0]] * len(downs)) if downs else True


@given(st.integers(20, 3000))
def test_ends_near_zero(total: int) -> None:
    last = learning_rate(total - 1, total, 2e-4, 0.05)
    assert 0 < last < 2e-4 * 1.1 / (0.95 * total - 1)
    assert learning_rate(total, total, 2e-4, 0.05) == 0.0


def test_one_step_is_taken_at_the_peak() -> None:
    assert learning_rate(0, 1, 3e-4, 0.05) == 3e-4


def test_known_values() -> None:
    rates = [learning_rate(step, 10, 1.0, 0.2) for step in range(10)]
    assert rates == pytest.approx([0.5, 1.0, 1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125])
