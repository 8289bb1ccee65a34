"""The nearest texts by their words: TF-IDF and the cosine between them.

    weight of a word in a text = (1 + log count) * (1 + log((1 + N) / (1 + texts that have it)))

Each text's weights are scaled to length 1, so that the product of two is their cosine. Source:
Salton and Buckley 1988, with the smoothing that scikit-learn uses. Words and pairs of words count,
so that "not open" is another thing than "open".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse  # pyright: ignore[reportMissingTypeStubs]

_WORD = re.compile(r"[^\W_]+|[^\w\s]")


class Nearest:
    """Texts that can be searched by likeness.

    Args:
        texts: at least one.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [_terms(text) for text in texts]
        found = Counter(term for each in counts for term in each)
        self._place = {term: place for place, term in enumerate(found)}
        having = np.array(list(found.values()), dtype=np.float64)
        self._rarity = 1 + np.log((1 + len(texts)) / (1 + having))
        self._matrix = self._weights(counts)

    def to(self, texts: Sequence[str], count: int) -> list[list[int]]:
        """For each text the indices of the `count` nearest known ones, the nearest first.

        Of equally near ones the earliest comes first.
        """
        likeness = (self._weights([_terms(text) for text in texts]) @ self._matrix.T).toarray()
        order = np.argsort(-likeness, axis=1, kind="stable")
        return order[:, :count].tolist()

    def _weights(self, counts: Sequence[Counter[str]]) -> sparse.csr_matrix:
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        for row, each in enumerate(counts):
            for term, number in each.items():
                column = self._place.get(term)
                if column is not None:
                    rows.append(row)
                    columns.append(column)
                    values.append((1 + np.log(number)) * self._rarity[column])
        shape = (len(counts), len(self._place))
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=shape)
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return sparse.diags(1 / np.where(lengths > 0, lengths, 1.0)) @ matrix


def _terms(text: str) -> Counter[str]:
    words = _WORD.findall(text.casefold())
    return Counter([*words, *(f"{first} {second}" for first, second in pairwise(words))])
