"""Pack: token sequences laid end to end in one row, without padding.

Sequences that begin with the same tokens (the same system prompt, say) share them: the common
prefix is laid down once. The result teaches exactly the same tokens.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass

from postgrad.data.render import Sequence

SHORTEST_PREFIX_TOKENS = 8
"""A shorter common prefix is not worth the mask that sharing costs."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One padding-free row.

    Position i of the row holds `tokens[i]` at `positions[i]` of its own sequence. The row is the
    shared prefix (`prefix` tokens) and then each sequence's own `lengths` tokens. The model's
    output at `predict_at[n]` is taught to be `labels[n]`.
    """

    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    lengths: tuple[int, ...]
    prefix: int
    predict_at: tuple[int, ...]
    labels: tuple[int, ...]


def pack(sequences: Rows[Sequence]) -> Packed:
    """Lay sequences end to end, sharing the prefix that all of them begin with."""
    prefix = _shared_prefix(sequences)
    tokens = list(sequences[0].tokens[:prefix])
    positions = list(range(prefix))
    predict_at: list[int] = []
    labels: list[int] = []
    for sequence in sequences:
        start = len(tokens) - prefix
        tokens += sequence.tokens[prefix:]
        positions += range(prefix, len(sequence.tokens))
        for index in sequence.taught:
            # the first own token is predicted at the end of the shared prefix
            predict_at.append(index - 1 if index <= prefix else start + index - 1)
            labels.append(sequence.tokens[index])
    return Packed(
        tuple(tokens),
        tuple(positions),
        tuple(len(sequence.tokens) - prefix for sequence in sequences),
        prefix,
        tuple(predict_at),
        tuple(labels),
    )


def split_by_tokens(sequences: Rows[Sequence], budget: int) -> list[list[Sequence]]:
    """Consecutive parts of at most `budget` tokens each; a longer sequence is a part alone."""
    parts: list[list[Sequence]] = []
    room = 0
    for sequence in sequences:
        if not parts or len(sequence.tokens) > room:
            parts.append([])
            room = budget
        parts[-1].append(sequence)
        room -= len(sequence.tokens)
    return parts


def shared_prefix(rows: Rows[list[int]] | Rows[tuple[int, ...]]) -> int:
    """Length of the common beginning that leaves every row a token of its own.

    0 for a single row, or if the beginning is too short to gain by sharing.
    """
    if len(rows) < 2:
        return 0
    # Between the smallest and the largest row in dictionary order lies every other one.
    low, high = min(rows), max(rows)
    length = min(len(row) for row in rows) - 1
    agreed = next((i for i in range(length) if low[i] != high[i]), length)
    return agreed if agreed >= SHORTEST_PREFIX_TOKENS else 0


def _shared_prefix(sequences: Rows[Sequence]) -> int:
    """As `shared_prefix`, and no taught token lies in it."""
    length = shared_prefix([sequence.tokens for sequence in sequences])
    length = min([length, *(sequence.taught[0] for sequence in sequences if sequence.taught)])
    return length if length >= SHORTEST_PREFIX_TOKENS else 0
