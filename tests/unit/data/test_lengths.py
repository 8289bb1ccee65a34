"""Histograms of lengths."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postgrad.data.lengths import MOST_BARS, histogram


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=200))
def test_every_value_is_in_one_bar(values: list[int]) -> None:
    found = histogram(values)
    assert sum(found["counts"]) == len(values)
    assert len(found["counts"]) <= MOST_BARS + 1
    assert found["longest"] == max(values)
    assert min(values) <= found["median"] <= found["p95"] <= found["longest"]
    for index, count in enumerate(found["counts"][:-1]):
        low = index * found["width"]
        assert count == sum(low <= value < low + found["width"] for value in values)


def test_one_book_does_not_hide_the_chats() -> None:
    found = histogram([*range(200), 50_000])
    assert found["open"]
    assert len(found["counts"]) > 10


def test_no_values_no_bars() -> None:
    assert histogram([])["counts"] == []
