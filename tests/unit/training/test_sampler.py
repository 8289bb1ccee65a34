"""The order of the rows: permutations without state."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.training.sampler import permute, row_at

counts = st.integers(1, 2000)
seeds = st.integers(0, 2**63 - 1)


@given(counts, seeds, st.integers(0, 50))
@settings(max_examples=80, deadline=None)
def test_each_epoch_is_a_permutation(count: int, seed: int, epoch: int) -> None:
    seen = [row_at(epoch * count + i, count, seed) for i in range(count)]
    assert sorted(seen) == list(range(count))


@given(counts, st.binary(min_size=1, max_size=64))
@settings(max_examples=40, deadline=None)
def test_any_key_gives_a_bijection(count: int, key: bytes) -> None:
    assert {permute(i, count, key) for i in range(count)} == set(range(count))


@given(st.integers(1, 300), seeds, st.lists(st.integers(0, 3000), max_size=20))
@settings(max_examples=50, deadline=None)
def test_a_position_is_that_of_the_epochs_in_a_row(
    count: int, seed: int, positions: list[int]
) -> None:
    """The state is one integer: any position can be asked for, in any order, again and again."""
    stream: list[int] = []
    for epoch in range(3000 // count + 1):
        stream += [permute(i, count, f"{seed}:{epoch}".encode()) for i in range(count)]
    assert [row_at(position, count, seed) for position in positions] == [
        stream[position] for position in positions
    ]


@given(st.integers(50, 500), seeds)
@settings(max_examples=50, deadline=None)
def test_epochs_and_seeds_have_orders_of_their_own(count: int, seed: int) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return [row_at(epoch * count + i, count, seed) for i in range(count)]

    first = order(seed, 0)
    assert first != order(seed, 1)
    assert first != order(seed + 1, 0)
    assert first != list(range(count))


def test_places_are_even() -> None:
    """Over many epochs a row comes first about as often as any other (chi-squared, 9 degrees)."""
    hits = [0] * 10
    for epoch in range(2000):
        hits[row_at(epoch * 10, 10, 3)] += 1
    assert sum((hit - 200) ** 2 / 200 for hit in hits) < 33.7  # p = 0.0001


@pytest.mark.parametrize("index", [-1, 5, 100])
def test_an_index_outside_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match="not in range"):
        permute(index, 5, b"key")
