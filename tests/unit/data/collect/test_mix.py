"""Shares: how many rows are taken, and which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.data.collect.mix import Weight, check_shares, chosen, taken
from postgrad.errors import JobError


@given(st.integers(0, 500), st.data())
def test_exactly_so_many_are_chosen(num_rows: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(0, num_rows))
    choice = list(chosen(num_rows, wanted, "0 1"))
    assert (len(choice), sum(choice)) == (num_rows, wanted)


def test_a_choice_depends_on_the_seed_and_on_nothing_else() -> None:
    assert list(chosen(100, 10, "0 1")) == list(chosen(100, 10, "0 1"))
    assert list(chosen(100, 10, "0 1")) != list(chosen(100, 10, "1 1"))


def test_every_row_is_equally_likely() -> None:
    counts = [0] * 10
    for seed in range(2000):
        for row, take in enumerate(chosen(10, 3, str(seed))):
            counts[row] += take
    # 600 expected of each, standard deviation 20.5: five of these
    assert all(abs(count - 600) < 103 for count in counts)


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(1, 10_000), st.floats(0.01, 0.24)), max_size=3),
)
def test_shares_are_reached_where_there_are_rows(
    whole: list[int], shared: list[tuple[int, float]]
) -> None:
    weights = [Weight(rows) for rows in whole]
    weights += [Weight(rows, share=share) for rows, share in shared]
    numbers = taken(weights)
    assert numbers[: len(whole)] == whole
    total = sum(whole) / (1 - sum(share for _, share in shared))
    for number, (rows, share) in zip(numbers[len(whole) :], shared, strict=True):
        assert number == rows or abs(number - share * total) <= 0.5 + 1e-6
        assert number <= rows


def test_a_share_is_of_the_new_file() -> None:
    assert taken([Weight(950), Weight(10_000, share=0.05)]) == [950, 50]
    assert taken([Weight(950), Weight(20, share=0.05)]) == [950, 20]
    assert taken([Weight(950, limit=95), Weight(10_000, share=0.05)]) == [95, 5]


def test_shares_of_all_sources_are_as_large_as_the_scarcest_allows() -> None:
    assert taken([Weight(70, share=0.7), Weight(1000, share=0.3)]) == [70, 30]
    assert taken([Weight(1000, share=0.7), Weight(3, share=0.3)]) == [7, 3]


@pytest.mark.parametrize("shares", [[0.7, 0.4, None], [0.5, 0.5, None], [0.7, 0.2], [0.5]])
def test_shares_that_leave_no_room_or_too_much_are_refused(shares: list[float | None]) -> None:
    with pytest.raises(JobError) as caught:
        check_shares(shares)
    assert caught.value.code == "invalid_weight"
    assert caught.value.fix


@pytest.mark.parametrize("shares", [[], [None], [0.1, None], [0.7, 0.3], [0.1] * 10])
def test_shares_that_fit(shares: list[float | None]) -> None:
    check_shares(shares)
