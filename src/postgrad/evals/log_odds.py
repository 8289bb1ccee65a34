"""Log-odds: which words one set of texts uses more than another.

    d_w = log (y_w + a_w) / (n + a - y_w - a_w) - the same of the other set
    z_w = d_w / sqrt(1 / (y_w + a_w) + 1 / (y'_w + a_w))

y_w are a word's counts, n all words of a set; the prior a_w = a p_w holds what both sets together
say of the word. Source: Monroe, Colaresi and Quinn 2008, "Fightin' Words", Political Analysis
16(4), with an informative Dirichlet prior. Their z takes words for independent; so which words
may be shown is decided by texts: McNemar's exact test on how many texts have the word, adjusted by
Benjamini and Hochberg.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from postgrad.evals import statistics
from postgrad.evals.surface import words

FEWEST_TEXTS = 6
"""Texts of both sets that a word must occur in: with five, no test of pairs can tell a direction
(p = 2 / 2^5)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word whose use changed.

    Attributes:
        word: in small letters.
        before, after: texts that have it, of either set.
        z: above zero where the second set uses it more.
        q: p of McNemar's exact test on texts, adjusted over all words tried.
    """

    word: str
    before: int
    after: int
    z: float
    q: float


def changed_words(before: Sequence[str], after: Sequence[str], level: float) -> list[Word]:
    """Words that more or fewer texts have, with q below the level; the largest z first.

    Args:
        before, after: texts that belong together by their place.
        level: of false discoveries.
    """
    old, new = [words(text) for text in before], [words(text) for text in after]
    z = z_scores(Counter(w for text in old for w in text), Counter(w for text in new for w in text))
    old_sets, new_sets = [set(text) for text in old], [set(text) for text in new]
    in_texts = Counter(word for found in (*old_sets, *new_sets) for word in found)
    tried = sorted(word for word, count in in_texts.items() if count >= FEWEST_TEXTS)
    sides = [
        ([word in found for found in old_sets], [word in found for found in new_sets])
        for word in tried
    ]
    adjusted = statistics.benjamini_hochberg([statistics.mcnemar_exact(*each) for each in sides])
    found = [
        Word(word, sum(each[0]), sum(each[1]), z[word], q)
        for word, each, q in zip(tried, sides, adjusted, strict=True)
        if q < level
    ]
    return sorted(found, key=lambda each: (-each.z, each.word))


def z_scores(before: Counter[str], after: Counter[str]) -> dict[str, float]:
    """z of each word; above zero where `after` has more of it.

    The prior weighs as much as one set in the mean: what both share is then well known, and a word
    that is rare in both gets a small z.
    """
    n_before, n_after = before.total(), after.total()
    both = before + after
    weight = 0.5  # of the counts of both sets: a = (n + n') / 2
    total = weight * both.total()
    found: dict[str, float] = {}
    for word, count in both.items():
        prior = weight * count
        if prior == total:  # a single word: its odds are infinite in both
            found[word] = 0.0
            continue
        old, new = before[word] + prior, after[word] + prior
        odds_old = old / (n_before + total - old)
        odds_new = new / (n_after + total - new)
        found[word] = math.log(odds_new / odds_old) / math.sqrt(1 / old + 1 / new)
    return found
