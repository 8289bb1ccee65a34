"""Similar texts: pairs that say nearly the same, found without comparing all with all.

Candidates share a band of their MinHash signatures (Broder 1997; the signatures are rensa's), of
the set of their words and pairs of words. 20 bands of 6 values find a pair of similarity s with
probability 1 - (1 - s^6)^20: 99.8 % at 0.8, 0.002 % at 0.1. Candidates are then compared word by
word.

Words that a large part of the texts share, as an instruction that is the same in all of them, are
left out first: templated texts are compared by what is in their slots.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import rensa  # pyright: ignore[reportMissingTypeStubs]

MinHash: Any = vars(rensa)["RMinHash"]  # the package has no types

BANDS, BAND_VALUES = 20, 6
BATCH_TEXTS = 4096
SEED = 42

MOST_COMPARED = 8
"""Texts of one band that each text is compared with: a band that thousands share is a template."""

TEMPLATE_SAMPLE, TEMPLATE_SHARE, TEMPLATE_WORDS = 2000, 0.05, 4
"""Runs of four words that one in twenty texts has are the template's, judged by 2000 texts."""

LEAST_SIMILARITY = 0.8
"""Jaccard similarity from which texts are near duplicates: Lee et al. (arXiv:2107.06499), 4.2."""

MOST_REPLACED = 0.05
"""Share of words that may stand for others: what differs in a word of 15 may be another
question."""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def words_of(text: str) -> list[str]:
    """The words of a text without case and punctuation; numbers are words."""
    return WORD.findall(text.casefold())


def are_alike(one: Sequence[str], other: Sequence[str], least: float = LEAST_SIMILARITY) -> bool:
    """Whether two texts say nearly the same: most words shared, hardly one replaced by another."""
    counts, others = Counter(one), Counter(other)
    shared = (counts & others).total()
    union = (counts | others).total()
    if not union:
        return True
    replaced = min(len(one), len(other)) - shared
    return shared >= least * union and replaced <= MOST_REPLACED * max(len(one), len(other))


def candidates(texts: Mapping[int, Sequence[str]]) -> Iterator[tuple[int, int]]:
    """Pairs of keys of texts that may be alike, the smaller key first, each pair once.

    Args:
        texts: the words of each text, in ascending order of the keys.
    """
    keys = [key for key, words in texts.items() if words]
    if len(keys) < 2:
        return
    template = _template([texts[key] for key in keys])
    bands = _bands(keys, texts, template)
    seen: set[tuple[int, int]] = set()
    for band in bands.T:
        order = np.argsort(band, kind="stable")
        ends = np.flatnonzero(np.diff(band[order])) + 1
        for group in np.split(order, ends):
            if len(group) > 1:
                yield from _pairs([keys[int(place)] for place in group], seen)


def _pairs(group: Sequence[int], seen: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for place, later in enumerate(group):
        for earlier in group[max(0, place - MOST_COMPARED) : place]:
            if (earlier, later) not in seen:
                seen.add((earlier, later))
                yield earlier, later


def _bands(
    keys: Sequence[int], texts: Mapping[int, Sequence[str]], template: frozenset[str]
) -> np.ndarray:
    """For each text (N) and band (B) a number, equal where the band's values are: uint64 (N, B)."""
    found = np.empty((len(keys), BANDS), np.uint64)
    mix = np.random.default_rng(SEED).integers(1, 2**63, BAND_VALUES, np.uint64) | np.uint64(1)
    for start in range(0, len(keys), BATCH_TEXTS):
        sets = [_features(texts[key], template) for key in keys[start : start + BATCH_TEXTS]]
        rows = MinHash.digests_from_token_sets(sets, BANDS * BAND_VALUES, SEED)
        values = np.array(rows, np.uint64).reshape(len(sets), BANDS, BAND_VALUES)
        found[start : start + len(sets)] = ((values + np.uint64(1)) * mix).sum(2, dtype=np.uint64)
    return found


def _features(words: Sequence[str], template: frozenset[str]) -> list[str]:
    """Words and pairs of words of what varies; of a text that is all template, of all of it."""
    kept = _varying(words, template) if template else words
    kept = kept or words
    return [*kept, *(f"{one} {other}" for one, other in pairwise(kept))]


def _template(texts: Sequence[Sequence[str]]) -> frozenset[str]:
    """Runs of words that many texts have, as sampled evenly over them."""
    step = max(1, len(texts) // TEMPLATE_SAMPLE)
    sample = texts[::step]
    counts: Counter[str] = Counter()
    for words in sample:
        counts.update(set(_runs(words)))
    least = max(10, TEMPLATE_SHARE * len(sample))
    return frozenset(run for run, count in counts.items() if count >= least)


def _runs(words: Sequence[str]) -> list[str]:
    count = len(words) - TEMPLATE_WORDS + 1
    return [" ".join(words[place : place + TEMPLATE_WORDS]) for place in range(max(0, count))]


def _varying(words: Sequence[str], template: frozenset[str]) -> Sequence[str]:
    common = [place for place, run in enumerate(_runs(words)) if run in template]
    if not common:
        return words
    inside = {place + offset for place in common for offset in range(TEMPLATE_WORDS)}
    return [word for place, word in enumerate(words) if place not in inside]


ANCHOR_SHARE = 4
"""Runs of words are looked up only where they begin with one word in four, chosen by its letters:
the same in both texts, so that a shared run of some length has a beginning that is looked up."""


def shared_runs(
    held_out: Mapping[int, Sequence[str]], trained: Mapping[int, Sequence[str]], length: int
) -> Iterator[tuple[int, int, str]]:
    """(key of a trained text, key of a held-out text, the run) for a run of so many words in both.

    Runs in more than ten trained texts are common property: quotations, licences, instructions
    (Brown et al., arXiv:2005.14165, appendix C).
    """
    runs: dict[int, int] = {}
    for key, words in held_out.items():
        for run in _anchored(words, length):
            runs.setdefault(hash(run), key)
    hits: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for key, words in trained.items():
        for run in _anchored(words, length):
            if hash(run) in runs:
                hits[hash(run)].append((key, " ".join(run)))
    told: set[int] = set()
    for code, found in hits.items():
        keys = dict(found)
        if len(keys) <= 10:
            for key, run in keys.items():
                if key not in told:
                    told.add(key)
                    yield key, runs[code], run


def _anchored(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    for place in range(len(words) - length + 1):
        if sum(map(ord, words[place])) % ANCHOR_SHARE == 0:
            yield tuple(words[place : place + length])
