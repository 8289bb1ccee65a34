"""Macro-F1: how well each label is found, every label counting the same.

    F1_k = 2 x right_k / (given_k + wanted_k),   macro-F1 = mean of F1_k over the labels

The labels are those that occur in the references (of the resample, in a bootstrap): a label
without any question can't be found. An answer that is none of them is wrong and counts against
the label that was wanted. Source: Lewis 1991; `f1_score(average="macro", labels=...)` of
scikit-learn. It is a metric of a set, not of an answer: it has no scorer.

Letters in names: R resamples, N items, K labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from postgrad.evals import marking
from postgrad.evals.statistics import Floats, WeightedStatistic


def macro_f1_of(answers: Sequence[str], references: Sequence[str]) -> WeightedStatistic:
    """Macro-F1 as a function of weights_RN, how often each item counts, giving R values."""
    wanted = [marking.label_form(text) for text in references]
    numbers = {label: number for number, label in enumerate(dict.fromkeys(wanted))}
    wanted_N = np.array([numbers[label] for label in wanted])
    given_N = np.array([numbers.get(marking.label_form(text), -1) for text in answers])
    wanted_NK = _one_hot(wanted_N, len(numbers))
    given_NK = _one_hot(given_N, len(numbers))
    right_NK = wanted_NK * given_NK

    def macro_f1(weights_RN: Floats) -> Floats:
        wanted_RK = weights_RN @ wanted_NK
        both_RK = wanted_RK + weights_RN @ given_NK
        f1_RK = 2 * (weights_RN @ right_NK) / np.maximum(both_RK, 1)
        asked_RK = wanted_RK > 0
        return (f1_RK * asked_RK).sum(axis=1) / asked_RK.sum(axis=1)

    return macro_f1


def macro_f1(answers: Sequence[str], references: Sequence[str]) -> float:
    """Macro-F1 of a set of answers, 0..1."""
    return float(macro_f1_of(answers, references)(np.ones((1, len(references))))[0])


def _one_hot(numbers_N: NDArray[np.int_], num_labels: int) -> Floats:
    return (numbers_N[:, None] == np.arange(num_labels)).astype(np.float64)
