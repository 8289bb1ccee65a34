"""How many rows of each source are taken, and which.

No row is taken twice: a share that would need more rows than a source has is not reached, and that
is said. Repeated rows teach their wording by heart, and the data doctor would take them out again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from postgrad.errors import JobError

ROUNDING = 1e-9
"""Shares are sums of decimal numbers: 70 % and 30 % are all, to this precision."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What is asked of a source with so many rows: a share, a number of rows, or else all."""

    num_rows: int
    share: float | None = None
    limit: int | None = None


def check_shares(shares: Sequence[float | None]) -> None:
    """See that the shares leave room for the sources without one.

    Raises:
        JobError: they are more than all, or not all of it although every source has one.
    """
    given = [share for share in shares if share is not None]
    total = sum(given)
    if len(given) < len(shares) and total >= 1 - ROUNDING:
        raise JobError(
            f"The shares come to {total:.0%}: nothing is left for the sources without one.",
            fix="Lower them, or give every source its share.",
            code="invalid_weight",
        )
    if given and len(given) == len(shares) and abs(total - 1) > ROUNDING:
        raise JobError(
            f"Every source has a share, and together they come to {total:.4g} of 1.",
            why="Shares of all sources are shares of the whole: 100 %.",
            fix="Mend them, or take one source whole: leave out its share.",
            code="invalid_weight",
        )


def taken(weights: Sequence[Weight]) -> list[int]:
    """How many rows of each source are taken.

    With sources that are taken whole (or up to a limit), these decide the size of the new file:
    they are what the shares leave. Without, it is as large as the scarcest source allows.
    """
    fixed = [
        weight.num_rows if weight.limit is None else min(weight.limit, weight.num_rows)
        for weight in weights
        if weight.share is None
    ]
    shares = [weight.share for weight in weights if weight.share is not None]
    if fixed:
        total = sum(fixed) / (1 - sum(shares))
    else:
        total = min(weight.num_rows / (weight.share or 1) for weight in weights)
    rest = iter(fixed)
    return [
        next(rest)
        if weight.share is None
        else min(weight.num_rows, round(weight.share * total + ROUNDING))
        for weight in weights
    ]


def chosen(num_rows: int, num_taken: int, seed: str) -> Iterator[bool]:
    """For each row in turn, whether it is taken: exactly so many, each set equally likely.

    Source: selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S), which
    keeps the order and needs no memory.
    """
    draw = random.Random(seed)
    left = num_taken
    for seen in range(num_rows):
        take = (num_rows - seen) * draw.random() < left
        left -= take
        yield take
