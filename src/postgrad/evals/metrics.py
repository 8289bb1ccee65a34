"""Every metric by name: the scorers of the table, and three that no single answer's text gives."""

from __future__ import annotations

from dataclasses import dataclass

from postgrad import plugins
from postgrad.core.interfaces import Scorer


@dataclass(frozen=True, slots=True)
class Metric:
    """What is known of a metric apart from how it is computed; as in `interfaces.Scorer`."""

    name: str
    title: str
    higher_is_better: bool
    right_or_wrong: bool


BITS_PER_BYTE = Metric("bits_per_byte", "Surprise at the reference", False, False)
"""Bits that the model needs for each UTF-8 byte of the reference, given the prompt: the sum of
-log2 p over its tokens / bytes. It does not depend on the tokenizer. Measured by the model, kept in
`Answer.scores`. Source: Gao et al. 2020 (The Pile, arXiv 2101.00027, section 3.1)."""

MACRO_F1 = Metric("macro_f1", "Labels right, each label counting the same (macro-F1)", True, False)
"""See `evals.macro_f1`."""

STOP_RATE = Metric("stop_rate", "Answers that end by themselves", True, True)
"""Share of the answers that end before the token limit. The cheapest sign of a broken chat
template or a lost end token."""

BESIDE_SCORERS = {metric.name: metric for metric in (MACRO_F1, BITS_PER_BYTE, STOP_RATE)}


def primary_names() -> list[str]:
    """The metrics that may decide a verdict: every scorer, macro_f1 and bits_per_byte."""
    return [*plugins.names("scorers"), MACRO_F1.name, BITS_PER_BYTE.name]


def metric(name: str) -> Metric:
    """The metric of a name.

    Raises:
        JobError: no such metric; the nearest name is given.
    """
    if name in BESIDE_SCORERS:
        return BESIDE_SCORERS[name]
    it = scorer(name)
    return Metric(name, it.title, it.higher_is_better, it.right_or_wrong)


def scorer(name: str) -> Scorer:
    """The scorer of a name, ready to mark.

    Raises:
        JobError: no such scorer; the nearest name is given.
    """
    return plugins.load("scorers", name)()
