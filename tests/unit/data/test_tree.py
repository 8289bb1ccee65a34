"""A tree changes nothing: each row can be read off it again, and what is shared is there once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from postgrad.data.render import Sequence
from postgrad.data.tree import FEWEST_SAVED, lay, neighbours, num_shared, split_by_new_tokens

# few tokens, so that beginnings agree and rows are alike or lie in each other
tokens = st.lists(st.integers(0, 2), min_size=1, max_size=12)
rows = st.lists(tokens, min_size=1, max_size=12)


@given(rows)
def test_each_row_is_read_off_again(rows: list[list[int]]) -> None:
    tree = lay(rows)
    for number, row in enumerate(rows):
        places = tree.places(number)
        assert [tree.tokens[place] for place in places] == row
        assert [tree.positions[place] for place in places] == list(range(len(row)))


@given(rows)
def test_branches_lie_end_to_end_and_a_parent_comes_first(rows: list[list[int]]) -> None:
    tree = lay(rows)
    end = 0
    for number, branch in enumerate(tree.branches):
        assert branch.start == end
        assert branch.length > 0
        assert branch.parent < number
        end += branch.length
    assert end == len(tree.tokens)
    assert len(tree.tokens) <= sum(map(len, rows))


@given(rows)
def test_what_is_laid_again_was_not_worth_sharing(rows: list[list[int]]) -> None:
    """Two rows in different branches agree there by less than sharing would have to save."""
    tree = lay(rows)
    for one in range(len(rows)):
        for other in range(one):
            both = zip(tree.places(one), tree.places(other), strict=False)
            laid_once = next((at for at, (a, b) in enumerate(both) if a != b), None)
            if laid_once is not None:
                assert num_shared(rows[one], rows[other]) - laid_once < FEWEST_SAVED


def test_beginnings_within_beginnings_are_laid_once() -> None:
    system, first, second = [1] * 10, [2] * 8, [3] * 6
    tree = lay([[*system, *first, 7], [*system, *second, 7], [*system, *first, 8]])
    assert len(tree.tokens) == 10 + 8 + 6 + 3
    assert tree.branches[0].length == 10


def test_many_rows_within_each_other_are_no_trouble() -> None:
    deep = lay([[1] * length for length in range(1, 3000, 4)])
    assert len(deep.tokens) <= 3000


@given(rows)
def test_every_row_has_a_turn_and_kin_follow_the_longest(rows: list[list[int]]) -> None:
    order = neighbours(rows)
    assert sorted(order) == list(range(len(rows)))
    assert len(rows[order[0]]) == max(map(len, rows))


def test_rows_that_begin_alike_come_together() -> None:
    one, other = [1] * 20, [2] * 18
    given_rows = [[*one, 5], [*other, 5], [*one, 6, 6], [*other, 6], [3] * 19]
    assert neighbours(given_rows) == [2, 0, 1, 3, 4]


@given(rows, st.integers(1, 20))
def test_parts_keep_the_order_and_the_budget(rows: list[list[int]], budget: int) -> None:
    sequences = [Sequence(tuple(row), ()) for row in rows]
    parts = split_by_new_tokens(sequences, budget)
    assert [each for part in parts for each in part] == sequences
    for part in parts:
        new = len(part[0].tokens) + sum(
            len(each.tokens) - num_shared(before.tokens, each.tokens)
            for before, each in pairwise(part)
        )
        assert len(part) == 1 or new <= budget
