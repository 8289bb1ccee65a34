"""Tree: token rows laid so that what several of them begin with is there once.

Rows that are asked together often share more than one beginning: all of them a system prompt, some
of them a text, a few of those a question, of which each tries another answer. A tree of branches
holds each of these beginnings once, however deep they lie in one another. For a causal model that
is exact: what a token sees is its row so far, and that is the same in each row that shares it.

Used where nothing is trained; training shares the one beginning that all rows have (`pack.py`).
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass
from itertools import groupby

from postgrad.data.render import Sequence

FEWEST_SAVED = 4
"""Tokens that sharing must save to be done. A further branch costs a call of the attention kernel
in each layer, about 0.1 ms each on two cores: with 30 layers as much as one token of a model of
135M parameters."""

Tokens = Rows[int]


@dataclass(frozen=True, slots=True)
class Branch:
    """Tokens that follow each other in one row or in several.

    Attributes:
        start: place of the first in the laid row.
        length: how many.
        parent: the branch before it; -1: it begins its rows.
    """

    start: int
    length: int
    parent: int


@dataclass(frozen=True, slots=True)
class Tree:
    """Place i of the laid row holds `tokens[i]`, at `positions[i]` of each row it belongs to.

    Attributes:
        branches: end to end, a parent before its children.
        leaves: for each row, its last branch.
    """

    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    branches: tuple[Branch, ...]
    leaves: tuple[int, ...]

    def places(self, row: int) -> list[int]:
        """Where the tokens of a row lie, in their order."""
        found: list[int] = []
        for number in chain(self.branches, self.leaves[row]):
            branch = self.branches[number]
            found += range(branch.start, branch.start + branch.length)
        return found


def chain(branches: Rows[Branch], last: int) -> list[int]:
    """The branches that lead to one, itself at the end."""
    found: list[int] = []
    while last >= 0:
        found.append(last)
        last = branches[last].parent
    return found[::-1]


def lay(rows: Rows[Tokens]) -> Tree:
    """Rows as a tree; each has a token at least."""
    return _Laying(rows).tree()


def num_shared(one: Tokens, other: Tokens) -> int:
    """Tokens that two rows begin with in common."""
    agreed = min(len(one), len(other))
    if one[:agreed] == other[:agreed]:  # much faster than token by token, and often so
        return agreed
    return next(i for i in range(agreed) if one[i] != other[i])


def neighbours(rows: Rows[Tokens]) -> list[int]:
    """The longest rows first, but after each those that share at least half of it, so that they
    are taken together. Numbers of rows."""
    by_tokens = sorted(range(len(rows)), key=lambda row: list(rows[row]))
    place = {row: at for at, row in enumerate(by_tokens)}
    waiting = dict.fromkeys(sorted(range(len(rows)), key=lambda row: -len(rows[row])))
    found: list[int] = []
    while waiting:
        row = next(iter(waiting))
        half = max(1, len(rows[row]) // 2)
        kin = [row]
        for step in (1, -1):  # what shares a beginning lies side by side in dictionary order
            at = place[row] + step
            while 0 <= at < len(rows) and by_tokens[at] in waiting:
                if num_shared(rows[row], rows[by_tokens[at]]) < half:
                    break
                kin.append(by_tokens[at])
                at += step
        for each in kin:
            del waiting[each]
        found += kin
    return found


def split_by_new_tokens(sequences: Rows[Sequence], budget: int) -> list[list[Sequence]]:
    """Consecutive parts of at most `budget` tokens each, what a sequence shares with the one before
    it not counted; a longer sequence is a part alone."""
    parts: list[list[Sequence]] = []
    room = 0
    for sequence in sequences:
        new = len(sequence.tokens)
        if parts:
            new -= num_shared(parts[-1][-1].tokens, sequence.tokens)
        if not parts or new > room:
            parts.append([])
            room, new = budget, len(sequence.tokens)
        parts[-1].append(sequence)
        room -= new
    return parts


class _Laying:
    """A tree in the making."""

    def __init__(self, rows: Rows[Tokens]) -> None:
        self.rows = rows
        self.tokens: list[int] = []
        self.positions: list[int] = []
        self.branches: list[Branch] = []
        self.leaves = [-1] * len(rows)

    def tree(self) -> Tree:
        ordered = sorted(range(len(self.rows)), key=lambda row: tuple(self.rows[row]))
        # a list of what is still to do instead of recursion: rows may lie in each other deeply
        to_do = [(ordered, 0, -1)]
        while to_do:
            to_do += reversed(self._divide(*to_do.pop()))
        return Tree(
            tuple(self.tokens), tuple(self.positions), tuple(self.branches), tuple(self.leaves)
        )

    def _divide(self, group: list[int], laid: int, parent: int) -> list[tuple[list[int], int, int]]:
        """Lay what a group of rows in dictionary order has in common, as far as that pays; returns
        the smaller groups, with how many of their tokens are laid, and the branch so far."""
        first, last = self.rows[group[0]], self.rows[group[-1]]
        common = num_shared(first, last)  # between them in dictionary order lies every other one
        ended = [row for row in group if len(self.rows[row]) == common]
        if len(ended) == len(group) or (common - laid) * (len(group) - 1) >= FEWEST_SAVED:
            parent = self._branch(first, laid, common, parent)
            laid = common
        for row in ended:  # alike, whether there are others or not
            self.leaves[row] = parent
        if ended and laid < common:
            leaf = self._branch(first, laid, common, parent)
            for row in ended:
                self.leaves[row] = leaf
        rest = group[len(ended) :]  # what has ended comes first
        return [
            (list(alike), laid, parent)
            for _, alike in groupby(rest, key=lambda row: self.rows[row][common])
        ]

    def _branch(self, row: Tokens, start: int, end: int, parent: int) -> int:
        if start == end:
            return parent
        self.branches.append(Branch(len(self.tokens), end - start, parent))
        self.tokens += row[start:end]
        self.positions += range(start, end)
        return len(self.branches) - 1
