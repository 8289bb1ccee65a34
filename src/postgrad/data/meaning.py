"""Meaning: texts that say the same in other words, found by vectors of what they mean.

Two texts are near if the cosine of their vectors is. That alone takes "before a marathon" for
"after a marathon", and two questions about one rare disease for the same. So texts that share most
of their words are told apart by the words in which they differ, as templates with other values are;
and where two texts share a run of words, what stands around it has to be near as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np

BLOCK_ROWS = 2048
"""Rows that are compared at once with as many others: 16 MB of cosines."""

MOST_NEIGHBOURS = 8
"""Of each text the nearest are looked at: a file may hold thousands that are alike."""

SLOT_SIMILARITY = 0.6
"""Jaccard similarity of words from which two texts are of one template: of the planted paraphrases
(benchmarks/data/paraphrases.py) none has as much, of the neighbours three in four."""

RUN_WORDS = 3
"""Words in a row that two texts share are a topic or a template, not a coincidence: with 3 two
thirds of the false alarms go and a twentieth of the paraphrases, with 2 a sixth of these."""

_FUNCTION_WORDS = """
a an and are as at be been but by can could did do does for from had has have how i if in is it its
kindly me my of on or our please shall should so some that the their them there this to us was
we were will would you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words that two texts may differ in and still say the same. Not among them: not, before, off."""


def near(
    ones_ND: np.ndarray, others_MD: np.ndarray, least: float, *, earlier: bool = False
) -> Iterator[tuple[int, int, float]]:
    """(row of the ones, row of the others, cosine) of the nearest pairs, the ones in order.

    Args:
        ones_ND: vectors of length 1.
        others_MD: the vectors that each is compared with.
        least: cosine from which a pair is told.
        earlier: both are the same rows, and each is compared only with those before it.
    """
    for start in range(0, len(ones_ND), BLOCK_ROWS):
        block_BD = ones_ND[start : start + BLOCK_ROWS]
        end = start + len(block_BD) if earlier else len(others_MD)
        found: list[np.ndarray] = []
        for first in range(0, end, BLOCK_ROWS):
            cosines_BC = block_BD @ others_MD[first : min(end, first + BLOCK_ROWS)].T
            if earlier and first == start:
                cosines_BC[np.triu_indices(len(block_BD))] = -2.0  # itself, and what comes later
            rows, columns = np.nonzero(cosines_BC >= least)
            cosines = cosines_BC[rows, columns].astype(np.float64)
            found.append(_nearest(np.stack([rows + start, columns + first, cosines])))
        for row, other, cosine in _nearest(np.concatenate(found, axis=1)).T if found else ():
            yield int(row), int(other), float(cosine)


def _nearest(pairs_3P: np.ndarray) -> np.ndarray:
    """Of each row (the first line) the pairs with the greatest cosines (the third), in order."""
    rows, others, cosines = pairs_3P
    pairs_3P = pairs_3P[:, np.lexsort((others, -cosines, rows))]
    rows = pairs_3P[0]
    before = cast(np.ndarray, np.searchsorted(rows, rows))
    return pairs_3P[:, np.arange(len(rows)) - before < MOST_NEIGHBOURS]


def differ_in_a_slot(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two texts, as words, are one template with other values: most words are shared, and
    one that is not says something; or their numbers are others."""
    counts, others = Counter(one), Counter(other)
    different = (counts - others) + (others - counts)
    if not different - Counter({word: len(one) + len(other) for word in FUNCTION_WORDS}):
        return False
    numbers = [{word for word in words if any(map(str.isdigit, word))} for words in (one, other)]
    if all(numbers) and numbers[0] != numbers[1]:
        return True
    return (counts & others).total() >= SLOT_SIMILARITY * (counts | others).total()


def around_shared_runs(one: Sequence[str], other: Sequence[str]) -> tuple[str, str] | None:
    """What two texts, as words, have around the runs of words that both have; None if there is no
    such run."""
    shared = set(_runs(one)) & set(_runs(other))
    return (_without(one, shared), _without(other, shared)) if shared else None


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(len(words) - RUN_WORDS + 1):
        yield tuple(words[start : start + RUN_WORDS])


def _without(words: Sequence[str], shared: set[tuple[str, ...]]) -> str:
    inside = {
        start + offset
        for start, run in enumerate(_runs(words))
        if run in shared
        for offset in range(RUN_WORDS)
    }
    return " ".join(word for place, word in enumerate(words) if place not in inside)


def shortened(text: str, most_words: int) -> str:
    """A long text by its beginning and its end, where a question stands: so many words."""
    words = text.split()
    half = most_words // 2
    return text if len(words) <= most_words else " ".join([*words[:half], *words[-half:]])
