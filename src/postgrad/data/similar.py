"""Similar texts: pairs that say nearly the same, found without comparing all with all.

Candidates share a band of their MinHash signatures (Broder 1997; the signatures are rensa's), of
the set of their words and pairs of words. 20 bands of 6 values find a pair of similarity s with
probability 1 - (1 - s^6)^20: 99.8 % at 0.8, 0.002 % at 0.1. What shares a band by chance is told by
the rest of its signature; candidates are then compared word by word.

Words that a large part of the texts share, as an instruction that is the same in all of them, are
left out first: templated texts are compared by what is in their slots.

N texts, W words of all of them in a row, B bands, V values of a band, S of a signature.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
import rensa  # pyright: ignore[reportMissingTypeStubs]

from postgrad.data.spread import Spread, in_turn

Item = TypeVar("Item")

MinHash: Any = vars(rensa)["RMinHash"]  # the package has no types

BANDS, BAND_VALUES = 20, 6
SEED = 42

MOST_COMPARED = 8
"""Texts of one band that each text is compared with: a band that thousands share is a template."""

LEAST_AGREEING = 0.35
"""Share of equal values in two signatures, which estimates their similarity to 0.05: far below what
`are_alike` asks for, far above what ordinary texts of one language share."""

BATCH_PAIRS = 1 << 16

TEMPLATE_SAMPLE, TEMPLATE_SHARE, TEMPLATE_WORDS = 2000, 0.05, 4
"""Runs of four words that one in twenty texts has are the template's, judged by 2000 texts."""

LEAST_SIMILARITY = 0.8
"""Jaccard similarity from which texts are near duplicates: Lee et al. (arXiv:2107.06499), 4.2."""

MOST_REPLACED = 0.05
"""Share of words that may stand for others: what differs in a word of 15 may be another
question."""

KNOWN_WORDS = 1 << 18
"""Words whose number is remembered: as many as large dictionaries have."""

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


_APART = bytes(
    sign if sign >= 128 or chr(sign).isalnum() or chr(sign) == "'" else ord(" ")
    for sign in range(256)
)
"""Spaces for all signs of ASCII that are in no word."""


def words_of(text: str) -> list[str]:
    """The words of a text without case and punctuation; numbers are words."""
    # the same words as by the pattern alone, in a fifth of the time
    signs = text.casefold().encode("utf-8", "surrogatepass")
    words = signs.translate(_APART).decode("utf-8", "surrogatepass").split()
    if text.isascii() and "'" not in text:
        return words
    found: list[str] = []
    for word in words:
        found += (word,) if word.isalnum() else WORD.findall(word)
    return found


def are_alike(one: Sequence[str], other: Sequence[str], least: float = LEAST_SIMILARITY) -> bool:
    """Whether two texts say nearly the same: most words shared, hardly one replaced by another."""
    counts, others = Counter(one), Counter(other)
    shared = (counts & others).total()
    union = (counts | others).total()
    if not union:
        return True
    replaced = min(len(one), len(other)) - shared
    return shared >= least * union and replaced <= MOST_REPLACED * max(len(one), len(other))


def candidates(
    items: Sequence[Item], text_of: Callable[[Item], str], spread: Spread = in_turn
) -> list[tuple[int, int]]:
    """Places of items whose texts may be alike: each pair once, in ascending order.

    Args:
        items: what has a text.
        text_of: the text of an item.
        spread: does work on many things; see `spread.py`.
    """
    count = len(items)
    if count < 2:
        return []
    template = _template(list(map(text_of, items[:: max(1, count // TEMPLATE_SAMPLE)])))
    bands_BN = np.empty((BANDS, count), np.uint64)
    signs_NS = np.empty((count, BANDS * BAND_VALUES), np.uint8)
    has_words_N = np.empty(count, np.bool_)
    end = 0
    for bands_NB, signs, has_words in spread(partial(_sketches, template), map(text_of, items)):
        start, end = end, end + len(signs)
        bands_BN[:, start:end] = bands_NB.T
        signs_NS[start:end] = signs
        has_words_N[start:end] = has_words
    return [(one, two) for one, two in _pairs(bands_BN, signs_NS, has_words_N).tolist()]


def _pairs(bands_BN: np.ndarray, signs_NS: np.ndarray, has_words_N: np.ndarray) -> np.ndarray:
    """Places of texts that share a band and have similar signatures: int64 (pairs, 2), sorted."""
    num_texts = len(signs_NS)
    found = [np.empty(0, np.int64)]
    for band_N in bands_BN:
        order_N = np.argsort(band_N, kind="stable")
        sorted_N = band_N[order_N]
        for back in range(1, MOST_COMPARED + 1):
            equal = np.flatnonzero(sorted_N[back:] == sorted_N[:-back])
            if not len(equal):
                break
            for batch in np.array_split(equal, len(equal) // BATCH_PAIRS + 1):
                earlier, later = order_N[batch], order_N[batch + back]
                agreeing = (signs_NS[earlier] == signs_NS[later]).mean(1)
                near = (agreeing >= LEAST_AGREEING) & has_words_N[earlier]
                found.append(earlier[near] * num_texts + later[near])
    codes = np.unique(np.concatenate(found))
    return np.stack((codes // num_texts, codes % num_texts), axis=1)


def _sketches(template: np.ndarray, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each text: a number for each band, equal where the band's values are, uint64 (N, B); the
    last byte of each value of its signature, uint8 (N, S); whether it has words, bool (N,)."""
    hashes_W, starts = hashed(texts)
    has_words_N = np.diff(starts) > 0
    if len(template):
        varies_W = ~_covered(hashes_W, starts, template)
        number_W = np.repeat(np.arange(len(texts)), np.diff(starts))
        # of a text that is all template, all of it
        some = np.bincount(number_W[varies_W], minlength=len(texts)) > 0
        varies_W |= ~some[number_W]
        counts = np.bincount(number_W[varies_W], minlength=len(texts))
        hashes_W, starts = hashes_W[varies_W], np.concatenate(([0], np.cumsum(counts)))
    pairs_W, is_run = run_hashes(hashes_W, starts, 2)
    features = np.empty(2 * len(hashes_W), np.uint64)
    features[::2] = features[1::2] = hashes_W
    features[1::2][: len(pairs_W)][is_run] = pairs_W[is_run]
    ends = (2 * starts).astype(np.uint64)
    matrix = MinHash.digest_matrix_from_flat_token_hashes(features, ends, BANDS * BAND_VALUES, SEED)
    values_NS = np.array(matrix.to_rows(), np.uint64).reshape(len(texts), BANDS * BAND_VALUES)
    values_NBV = values_NS.reshape(len(texts), BANDS, BAND_VALUES)
    bands_NB = ((values_NBV + np.uint64(1)) * _odd(BAND_VALUES)).sum(2, dtype=np.uint64)
    return bands_NB, values_NS.astype(np.uint8), has_words_N


def _template(texts: list[str]) -> np.ndarray:
    """Hashes of the runs of words that many of these texts have: uint64, sorted."""
    runs, starts = _runs(TEMPLATE_WORDS, texts)
    numbers = np.repeat(np.arange(len(texts)), np.diff(starts))
    order = np.lexsort((numbers, runs))
    runs, numbers = runs[order], numbers[order]
    # a text counts once for a run, however often it has it
    is_first = np.ones(len(runs), np.bool_)
    is_first[1:] = (runs[1:] != runs[:-1]) | (numbers[1:] != numbers[:-1])
    every, counts = np.unique(runs[is_first], return_counts=True)
    return every[counts >= max(10, TEMPLATE_SHARE * len(texts))]


def _covered(hashes_W: np.ndarray, starts: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Which words stand in a run of the template: bool (W,)."""
    runs, is_run = run_hashes(hashes_W, starts, TEMPLATE_WORDS)
    places = np.flatnonzero(is_run & np.isin(runs, template))
    covered_W = np.zeros(len(hashes_W), np.bool_)
    for offset in range(TEMPLATE_WORDS):
        covered_W[places + offset] = True
    return covered_W


def hashed(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The words of texts as numbers, uint64 (W,), and where each text starts, int64 (N + 1,)."""
    words = [words_of(text) for text in texts]
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum([len(each) for each in words], out=starts[1:])
    flat = map(_NUMBERS.__getitem__, itertools.chain.from_iterable(words))
    return np.fromiter(flat, np.uint64, int(starts[-1])), starts


class _Numbers(dict[str, int]):
    """Numbers of words: the same in every process, as Python's own hashes are not."""

    def __missing__(self, word: str) -> int:
        if len(self) == KNOWN_WORDS:
            self.clear()
        digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
        number = self[word] = int.from_bytes(digest, "little")
        return number


_NUMBERS = _Numbers()
"""Remembered for the next text; a dictionary finds a word in half the time of `lru_cache`."""


def run_hashes(
    hashes_W: np.ndarray, starts: np.ndarray, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """A number for each run of so many words, by its first word, uint64 (W - length + 1,), and
    whether the run is within one text, bool of the same shape."""
    count = max(0, len(hashes_W) - length + 1)
    runs = np.zeros(count, np.uint64)
    for offset, factor in enumerate(_odd(length)):
        runs += hashes_W[offset : offset + count] * factor
    ends_W = np.repeat(starts[1:], np.diff(starts))
    return runs, np.arange(count) + length <= ends_W[:count]


@cache
def _odd(count: int) -> np.ndarray:
    """Odd factors by which numbers are mixed: uint64 (count,)."""
    return np.random.default_rng(SEED).integers(1, 2**63, count, np.uint64) | np.uint64(1)


MOST_SHARING = 10
"""Runs in more trained texts are common property: quotations, licences, instructions (Brown et al.,
arXiv:2005.14165, appendix C)."""


def shared_runs(
    held_out: Sequence[Item],
    trained: Sequence[Item],
    text_of: Callable[[Item], str],
    length: int,
    spread: Spread = in_turn,
) -> Iterator[tuple[Item, Item, str]]:
    """(trained item, held-out item, the run) for a run of so many words that both texts have; each
    trained item once.

    Args:
        held_out: what the model is tested on.
        trained: what it learns.
        text_of: the text of an item.
        length: words of a run.
        spread: does work on many things; see `spread.py`.
    """
    work = partial(_runs, length)
    parts, of_text = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for first, runs, starts in _numbered(spread(work, map(text_of, held_out))):
        parts.append(runs)
        of_text.append(first + np.repeat(np.arange(len(starts) - 1), np.diff(starts)))
    known, places = np.unique(np.concatenate(parts), return_index=True)
    if not len(known):
        return
    owners = np.concatenate(of_text)[places]
    sharing: dict[int, dict[int, int]] = {}  # by place in `known`: by text, its run's first word
    for first, runs, starts in _numbered(spread(work, map(text_of, trained))):
        at = np.minimum(np.searchsorted(known, runs), len(known) - 1)
        for hit in np.flatnonzero(known[at] == runs).tolist():
            found = sharing.setdefault(int(at[hit]), {})
            if len(found) <= MOST_SHARING:
                text = int(np.searchsorted(starts, hit, side="right")) - 1
                found.setdefault(first + text, hit - int(starts[text]))
    told: set[int] = set()
    for run, found in sharing.items():
        for text, place in found.items() if len(found) <= MOST_SHARING else ():
            if text not in told:
                told.add(text)
                words = words_of(text_of(trained[text]))[place : place + length]
                yield trained[text], held_out[int(owners[run])], " ".join(words)


Runs = tuple[np.ndarray, np.ndarray]


def _numbered(portions: Iterator[Runs]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Of each portion the number of its first text, then its runs and their starts."""
    first = 0
    for runs, starts in portions:
        yield first, runs, starts
        first += len(starts) - 1


def _runs(length: int, texts: list[str]) -> Runs:
    """Hashes of the runs of words of texts, uint64, and where those of each text start, int64
    (N + 1,): the run at place p of a text begins with its word p."""
    hashes_W, starts = hashed(texts)
    runs, is_run = run_hashes(hashes_W, starts, length)
    counts = np.maximum(np.diff(starts) - (length - 1), 0)
    return runs[is_run], np.concatenate(([0], np.cumsum(counts)))
