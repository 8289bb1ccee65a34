"""Packing changes nothing: each sequence can be read off the packed row again."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.data.pack import (
    SHORTEST_PREFIX_TOKENS,
    Packed,
    pack,
    shared_prefix,
    split_by_tokens,
)
from postgrad.data.render import Sequence


@dataclass(frozen=True)
class Unpacked:
    """One sequence as the model sees it in a packed row, and what is asked of it."""

    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    taught: tuple[tuple[int, int], ...]


def unpack(packed: Packed, sequences: list[Sequence]) -> list[Unpacked]:
    """Read a packed row by its description alone; of `sequences`, only how much each teaches."""
    found: list[Unpacked] = []
    start, first = packed.prefix, 0
    for length, sequence in zip(packed.lengths, sequences, strict=True):
        # the places in the row that this sequence may look at, in its own order
        places = [*range(packed.prefix), *range(start, start + length)]
        last = first + len(sequence.taught)
        asked = packed.predict_at[first:last]
        assert set(asked) <= set(places), "a prediction is asked at another sequence's token"
        found.append(
            Unpacked(
                tuple(packed.tokens[place] for place in places),
                tuple(packed.positions[place] for place in places),
                tuple(
                    (packed.positions[place] + 1, label)
                    for place, label in zip(asked, packed.labels[first:last], strict=True)
                ),
            )
        )
        start, first = start + length, last
    assert start == len(packed.tokens) == len(packed.positions)
    assert first == len(packed.labels) == len(packed.predict_at)
    return found


@st.composite
def batches(draw: st.DrawFn) -> list[Sequence]:
    """Sequences over few tokens, so that beginnings agree; often with a common prompt."""
    token = st.integers(0, 3)
    prompt = draw(st.just([]) | st.lists(token, min_size=7, max_size=12))
    sequences: list[Sequence] = []
    for own in draw(st.lists(st.lists(token, min_size=2, max_size=8), min_size=1, max_size=6)):
        tokens = (*prompt, *own)
        first = draw(st.sampled_from([1, max(1, len(prompt))]))
        taught = draw(st.sets(st.integers(first, len(tokens) - 1)))
        if prompt and draw(st.booleans()):
            taught.add(len(prompt))  # the first word of an answer
        sequences.append(Sequence(tokens, tuple(sorted(taught))))
    return sequences


@settings(max_examples=300, deadline=None)
@given(batches())
def test_each_sequence_can_be_read_off_the_row(sequences: list[Sequence]) -> None:
    packed = pack(sequences)
    assert unpack(packed, sequences) == [
        Unpacked(
            sequence.tokens,
            tuple(range(len(sequence.tokens))),
            tuple((index, sequence.tokens[index]) for index in sequence.taught),
        )
        for sequence in sequences
    ]
    assert packed.prefix == 0 or packed.prefix >= SHORTEST_PREFIX_TOKENS
    assert all(length >= 1 for length in packed.lengths)
    # a taught token may follow the shared prefix, but never lies in it
    assert all(index >= packed.prefix for sequence in sequences for index in sequence.taught)


@given(batches())
def test_the_prefix_is_as_long_as_it_can_be(sequences: list[Sequence]) -> None:
    rows = [sequence.tokens for sequence in sequences]
    length = shared_prefix(rows)
    assert all(row[:length] == rows[0][:length] for row in rows)
    longest = min(len(row) for row in rows) - 1
    agree = longest > length and len({row[: length + 1] for row in rows}) == 1
    if len(rows) == 1:
        assert length == 0
    elif length:
        assert not agree
    else:
        assert len({row[:SHORTEST_PREFIX_TOKENS] for row in rows}) > 1 or (
            longest < SHORTEST_PREFIX_TOKENS
        )


def test_a_shared_prompt_is_laid_down_once() -> None:
    prompt = tuple(range(10, 20))
    sequences = [Sequence((*prompt, 1, 2), (10, 11)), Sequence((*prompt, 3), (10,))]
    packed = pack(sequences)
    assert packed == Packed(
        tokens=(*prompt, 1, 2, 3),
        positions=(*range(10), 10, 11, 10),
        lengths=(2, 1),
        prefix=10,
        predict_at=(9, 10, 9),  # the first word of both answers is asked at the end of the prompt
        labels=(1, 2, 3),
    )


def test_a_taught_token_ends_the_prefix() -> None:
    tokens = tuple(range(20))
    twice = [Sequence(tokens, (12, 19))] * 2
    assert pack(twice).prefix == 12
    assert pack([Sequence(tokens, (3, 19))] * 2).prefix == 0
    assert pack([Sequence(tokens, ())] * 2).prefix == 19  # each keeps a token of its own


@given(
    st.lists(st.integers(1, 30).map(lambda n: Sequence(tuple(range(n)), ()))), st.integers(1, 40)
)
def test_splitting_keeps_the_order_and_the_budget(sequences: list[Sequence], budget: int) -> None:
    parts = split_by_tokens(sequences, budget)
    assert [sequence for part in parts for sequence in part] == sequences
    sizes = [[len(sequence.tokens) for sequence in part] for part in parts]
    assert all(part for part in parts)
    assert all(sum(part) <= budget or len(part) == 1 for part in sizes)
    # no part is ended while the next sequence still fits
    assert all(sum(a) + b[0] > budget for a, b in itertools.pairwise(sizes))


@pytest.mark.parametrize("rows", [[], [[1] * 20], [[1] * 20, [2] * 20], [[1] * 20, [1]]])
def test_nothing_to_share(rows: list[list[int]]) -> None:
    assert shared_prefix(rows) == 0
