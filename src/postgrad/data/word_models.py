"""Small models of words, by scikit-learn: what texts with such words are, without a language model.

The library is imported where it is used: it takes a second to load, and most data does not need it.
One thread computes, because the products are small and threads would only wait for each other.

N texts, W words, L labels, K groups.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import threadpoolctl  # pyright: ignore[reportMissingTypeStubs]

from postgrad.data.similar import words_of

library: Any = threadpoolctl  # the types of both are incomplete

SEED = 0

UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

MOST_DIMENSIONS = 30
"""Of the space in which groups are sought (latent semantic analysis): as good as 50 and 100 on
mixtures of the test sets, and quicker."""


def fit_and_tell(
    texts: Sequence[str], labels_N: np.ndarray, others: Sequence[str], inverse_penalty: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Learn labels from the words of texts, and tell how likely each is for other texts.

    Args:
        texts: to learn from.
        labels_N: of these texts, as numbers.
        others: to be told about.
        inverse_penalty: of a logistic regression on tf-idf; larger follows the texts more closely.

    Returns:
        The labels that were learned, ascending, and their probabilities (others, labels); None
        if no two texts share a word.
    """
    from sklearn.exceptions import ConvergenceWarning  # pyright: ignore[reportMissingTypeStubs]
    from sklearn.linear_model import (  # pyright: ignore[reportMissingTypeStubs]
        LogisticRegression,
    )

    vectorizer = _vectorizer()
    weights_NW = _weights(vectorizer, texts)
    if weights_NW is None:
        return None
    model: Any = LogisticRegression(C=inverse_penalty, max_iter=100)
    with library.threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # nearly there is near enough
        model.fit(weights_NW, labels_N)
        return model.classes_, model.predict_proba(vectorizer.transform(others))


@dataclass(frozen=True)
class Groups:
    """Texts grouped by their words.

    Attributes:
        group_N: the group of each text, int64.
        likeness_KK: cosine similarity of the groups' mean weights.
        mean_KW: mean weight of each word in each group.
        words: the words, by their place in `mean_KW`.
    """

    group_N: np.ndarray
    likeness_KK: np.ndarray
    mean_KW: np.ndarray
    words: Sequence[str]


def grouped(texts: Sequence[str], num_groups: int) -> Groups | None:
    """Texts in so many groups, by k-means on their words (tf-idf, latent semantic analysis).

    English words that say nothing of a topic are left out; in other languages they keep groups
    together. None: the texts share too few words.
    """
    from sklearn.cluster import KMeans  # pyright: ignore[reportMissingTypeStubs]
    from sklearn.decomposition import TruncatedSVD  # pyright: ignore[reportMissingTypeStubs]
    from sklearn.feature_extraction.text import (  # pyright: ignore[reportMissingTypeStubs]
        ENGLISH_STOP_WORDS,
    )

    silent: Any = ENGLISH_STOP_WORDS
    vectorizer = _vectorizer(frozenset(silent))
    weights_NW = _weights(vectorizer, texts)
    if weights_NW is None or min(weights_NW.shape) <= max(MOST_DIMENSIONS, num_groups):
        return None
    make_svd: Any = TruncatedSVD
    make_means: Any = KMeans
    with library.threadpool_limits(1):
        points = make_svd(MOST_DIMENSIONS, random_state=SEED).fit_transform(weights_NW)
        points /= np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
        group_N = make_means(num_groups, n_init=1, random_state=SEED).fit_predict(points)
    mean_KW = np.stack([_mean(weights_NW[group_N == group]) for group in range(num_groups)])
    unit_KW = mean_KW / np.maximum(np.linalg.norm(mean_KW, axis=1, keepdims=True), 1e-12)
    names: Any = vectorizer.get_feature_names_out()
    return Groups(group_N.astype(np.int64), unit_KW @ unit_KW.T, mean_KW, [str(n) for n in names])


def _mean(weights_NW: Any) -> np.ndarray:
    num_texts, num_words = weights_NW.shape
    mean_W = np.zeros(num_words)
    if num_texts:
        mean_W[:] = np.asarray(weights_NW.mean(axis=0)).ravel()
    return mean_W


def _vectorizer(silent: frozenset[str] = frozenset()) -> Any:
    """Words as numbers, weighed by tf-idf; those of a single text say nothing of others."""
    from sklearn.feature_extraction.text import (  # pyright: ignore[reportMissingTypeStubs]
        TfidfVectorizer,
    )

    def analyse(text: str) -> list[str]:
        return [word for word in _features(text) if not (silent and _is_silent(word, silent))]

    make: Any = TfidfVectorizer
    return make(analyzer=analyse, sublinear_tf=True, min_df=2)


def _is_silent(word: str, silent: frozenset[str]) -> bool:
    """Whether a word says nothing of a topic, as numbers and single letters don't either."""
    return word in silent or word.isdigit() or (len(word) == 1 and word.isascii())


def _weights(vectorizer: Any, texts: Sequence[str]) -> Any:
    """The texts as a sparse matrix (N, W); None if no word is in two of them."""
    try:
        weights_NW: Any = vectorizer.fit_transform(texts)
        return weights_NW
    except ValueError:  # "empty vocabulary"
        return None


def _features(text: str) -> Iterator[str]:
    """Words; of scripts without spaces, signs and pairs of signs."""
    for word in words_of(text):
        if word.isascii() or not UNSPACED.search(word):
            yield word
        else:
            yield from word
            yield from map("".join, pairwise(word))
