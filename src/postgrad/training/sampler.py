"""The order of the rows: a keyed permutation for each epoch, with no state of its own.

Row i of epoch e is `permute(i, n, key(seed, e))`: a Feistel network on the smallest even number
of bits that holds n, walked until it lands below n (format-preserving encryption by cycle
walking; Black and Rogaway, 2002). Any position can be asked for directly, so the sampler's whole
state is the number of rows already seen, and resuming can't repeat or lose one.
"""

from __future__ import annotations

import hashlib

ROUNDS = 4
"""Four rounds make a Feistel network a strong pseudo-random permutation (Luby and Rackoff,
1988)."""


def row_at(position: int, count: int, seed: int) -> int:
    """Index of the row at a position of the endless stream of epochs.

    Args:
        position: rows seen before, over all epochs.
        count: rows in the data set, at least 1.
        seed: the run's seed.
    """
    epoch, index = divmod(position, count)
    return permute(index, count, f"{seed}:{epoch}".encode())


def rows_of_step(step: int, size: int, total: int, count: int, seed: int) -> list[int]:
    """Indices of the rows of one optimizer step; the last step may have fewer.

    Args:
        step: steps before it.
        size: rows of a step.
        total: rows of the whole run, counted each time that they are seen.
        count: rows in the data set, at least 1.
        seed: the run's seed.
    """
    stop = min((step + 1) * size, total)
    return [row_at(position, count, seed) for position in range(step * size, stop)]


def permute(index: int, count: int, key: bytes) -> int:
    """A bijection of range(count), decided by the key.

    Raises:
        ValueError: the index is not in range(count).
    """
    if not 0 <= index < count:
        raise ValueError(f"index {index} is not in range({count})")
    half = max(1, ((count - 1).bit_length() + 1) // 2)
    while True:
        index = _feistel(index, half, key)
        if index < count:
            return index


def _feistel(value: int, half: int, key: bytes) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for number in range(ROUNDS):
        digest = hashlib.blake2b(
            number.to_bytes(1, "little") + right.to_bytes(8, "little"), digest_size=8, key=key[:64]
        ).digest()
        left, right = right, left ^ (int.from_bytes(digest, "little") & mask)
    return (left << half) | right
