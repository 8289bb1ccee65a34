"""Wrong labels: rows that other rows like them contradict (confident learning).

    p(l | x)   probability of label l for row x, by a model that was trained on other rows only
    t_l        the mean of p(l | x) over the rows that are labelled l
    n          rows of which the likeliest label l with p(l | x) >= t_l is not their own: what
               stands off the diagonal of the confident joint, an estimate of the wrong labels

Doubted are the n rows whose own label is the least likely (Northcutt, Jiang and Chuang, "Confident
Learning: Estimating Uncertainty in Dataset Labels", arXiv:1911.00068, 3.1 and "prune by class" in
3.2). Changed: over all labels at once, because labels with a few rows have no reliable n; and
another label must be five times as likely as the given one.

The model is a logistic regression on the words of the prompt, by tf-idf. It knows no meaning: where
words alone don't tell the labels apart it says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from postgrad.core.findings import Hit, Kind
from postgrad.data.labelled import Labelled, labelled
from postgrad.data.rows import Rows
from postgrad.data.word_models import fit_and_tell

NUM_FOLDS = 5
LEAST_LABEL_ROWS = NUM_FOLDS
"""So that each fold has the label; a rarer label can be neither doubted nor suggested."""

LEAST_ROWS = 100
MOST_ROWS, MOST_TRAINED_ROWS = 50_000, 4_000
"""Rows that are looked at, evenly spread, and those that each of the five models is trained on:
a bound whose time
was not measured. More rows hardly make a model of words better."""

LEAST_KAPPA = 0.4
"""Cohen's kappa of the models with the labels: "moderate" agreement begins here (Landis and Koch,
1977). Yes or no about a whole abstract has 0.06 in words alone, BANKING77 0.6, SNIPS 0.9."""

LEAST_RATIO = 5.0
INVERSE_PENALTY = 5.0
"""Of the regression, stronger than the usual for tf-idf, so that wrong labels are not learned by
heart. Both were chosen on BANKING77, SNIPS, overruling and unfair terms with labels changed by
chance; see `benchmarks/data/labels_and_topics.py`."""

SEED = 0


class WrongLabels:
    """Rows with a label that rows like them do not have."""

    name = "wrong_labels"
    title = "labels that may be wrong"
    optional = False
    kinds = (
        Kind(
            "doubtful_label",
            "look",
            "labels that rows like these do not have",
            "A wrong label is learned, and counts against the model that gives the right one.",
            "See which label is right; it may well be the given one.",
            source="Northcutt et al., Confident Learning, arXiv:1911.00068",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit for each doubted label, the most doubtful first."""
        found = labelled(rows)
        if found is None:
            return
        counts = Counter(found.labels.values())
        chosen = [
            index for index, label in found.labels.items() if counts[label] >= LEAST_LABEL_ROWS
        ]
        chosen = chosen[:: -(-len(chosen) // MOST_ROWS) or 1]
        names = sorted({found.labels[index] for index in chosen})
        if len(chosen) < LEAST_ROWS or len(names) < 2:
            return
        number = {name: place for place, name in enumerate(names)}
        labels_N = np.array([number[found.labels[index]] for index in chosen])
        chances_NL = probabilities([rows.prompts[index] for index in chosen], labels_N, len(names))
        if chances_NL is None:
            return
        if agreement(labels_N, chances_NL.argmax(1), len(names)) < LEAST_KAPPA:
            return
        spelled = _spellings(rows, found)
        for place, other, ratio in doubted(chances_NL, labels_N):
            given, likely = spelled[names[int(labels_N[place])]], spelled[names[other]]
            what = f"{given!r}; rows like it have {likely!r} ({min(ratio, 999):.0f} to 1)."
            yield Hit("doubtful_label", chosen[place], what)


def _spellings(rows: Rows, found: Labelled) -> dict[str, str]:
    """Each label as the first row that has it writes it."""
    written: dict[str, str] = {}
    for index, label in found.labels.items():
        if label not in written:
            written[label] = " ".join((label if found.field else rows[index].answer).split())[:60]
    return written


def probabilities(texts: Sequence[str], labels_N: np.ndarray, num_labels: int) -> np.ndarray | None:
    """What models that did not see a row think of it: float32 (N, L). None: no words are shared.

    Args:
        texts: of the rows.
        labels_N: the number of each row's label.
        num_labels: L.
    """
    chances_NL = np.zeros((len(texts), num_labels), np.float32)
    folds_N = _folds(labels_N)
    for fold in range(NUM_FOLDS):
        trained = _balanced(np.flatnonzero(folds_N != fold), labels_N)
        held_out = np.flatnonzero(folds_N == fold)
        told = fit_and_tell(
            [texts[int(row)] for row in trained],
            labels_N[trained],
            [texts[int(row)] for row in held_out],
            INVERSE_PENALTY,
        )
        if told is None:
            return None
        known, chances = told
        chances_NL[np.ix_(held_out, known)] = chances
        # a label that the sample for this fold has none of can't be doubted there
        unseen = held_out[~np.isin(labels_N[held_out], known)]
        chances_NL[unseen, labels_N[unseen]] = 1.0
    return chances_NL


def _folds(labels_N: np.ndarray) -> np.ndarray:
    """The fold of each row, with the same share of every label in each: int64 (N,)."""
    shuffled = np.random.default_rng(SEED).permutation(len(labels_N))
    by_label = shuffled[np.argsort(labels_N[shuffled], kind="stable")]
    folds_N = np.empty(len(labels_N), np.int64)
    folds_N[by_label] = np.arange(len(labels_N)) % NUM_FOLDS
    return folds_N


def agreement(one_N: np.ndarray, other_N: np.ndarray, num_labels: int) -> float:
    """Cohen's kappa: how much more often two labellings agree than by chance, at most 1."""
    one_L = np.bincount(one_N, minlength=num_labels) / len(one_N)
    other_L = np.bincount(other_N, minlength=num_labels) / len(other_N)
    by_chance = float(one_L @ other_L)
    observed = float((one_N == other_N).mean())
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def _balanced(others: np.ndarray, labels_N: np.ndarray) -> np.ndarray:
    """At most MOST_TRAINED_ROWS of the rows, in the same shares of the labels."""
    if len(others) <= MOST_TRAINED_ROWS:
        return others
    by_label = others[np.argsort(labels_N[others], kind="stable")]
    return by_label[np.linspace(0, len(by_label) - 1, MOST_TRAINED_ROWS).astype(int)]


def doubted(chances_NL: np.ndarray, labels_N: np.ndarray) -> list[tuple[int, int, float]]:
    """(row, the label that it seems to have, how many times as likely), the most doubtful first."""
    own_N = chances_NL[np.arange(len(labels_N)), labels_N]
    other_N = chances_NL.argmax(1)
    ratio_N = chances_NL.max(1) / np.maximum(own_N, 1e-9)
    count = len(off_diagonal(chances_NL, labels_N))
    rows = np.argsort(own_N, kind="stable")[:count]
    rows = rows[ratio_N[rows] >= LEAST_RATIO]
    return [(int(row), int(other_N[row]), float(ratio_N[row])) for row in rows]


def off_diagonal(chances_NL: np.ndarray, labels_N: np.ndarray) -> np.ndarray:
    """The rows that stand off the diagonal of the confident joint, ascending."""
    num_labels = chances_NL.shape[1]
    own_N = chances_NL[np.arange(len(labels_N)), labels_N]
    num_L = np.bincount(labels_N, minlength=num_labels)
    sums_L = np.bincount(labels_N, weights=own_N, minlength=num_labels)
    thresholds_L = np.where(num_L > 0, sums_L / np.maximum(1, num_L), np.inf)
    confident_NL = np.where(chances_NL >= thresholds_L, chances_NL, -1.0)
    is_off = (confident_NL.max(1) > 0) & (confident_NL.argmax(1) != labels_N)
    return np.flatnonzero(is_off & (chances_NL.argmax(1) != labels_N))
