"""Measures of a text's style: how long, how readable, how varied, how laid out. Nothing here knows
a model or whether a text is right.

    Flesch reading ease = 206.835 - 1.015 words / sentences - 84.6 syllables / words
    MATTR = mean over all windows of W words of (distinct words / W)
    distinct-2 = distinct pairs of neighbouring words / pairs

Sources: Flesch 1948, "A new readability yardstick", Journal of Applied Psychology 32(3); Covington
and McFall 2010, "Cutting the Gordian knot: the moving-average type-token ratio", Journal of
Quantitative Linguistics 17(2); Li et al. 2016, arXiv:1510.03055, section 5.2 (there over all
answers together, here within one, so that answers pair).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from postgrad.evals import marking
from postgrad.evals.surface import words

MATTR_WINDOW = 25
"""Words. Covington and McFall use 50 and more for whole books; answers are shorter."""

FEWEST_WORDS_TO_READ = 20
"""Flesch's formula was fitted on samples of 100 words; under 20 one long word decides it."""

_SENTENCE_END = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s|$)|\n\s*\n|\n(?=\s*(?:[-*\u2022]|\d+[.)])\s)"
)
_VOWELS = re.compile(r"[aeiouy\u00e0-\u00ff]+")
_LIST = re.compile(r"^\s*(?:[-*+\u2022]|\d{1,3}[.)])\s+\S", re.MULTILINE)
_MARKUP = re.compile(
    r"^\s{0,3}#{1,6}\s|\*\*\S[^*]*\*\*|^\s*```|`[^`\n]+`|\[[^\]\n]+\]\([^)\n]+\)|^\s*\|.+\|\s*$",
    re.MULTILINE,
)
_PICTURES = ((0x1F300, 0x1FAFF), (0x2600, 0x27BF), (0x1F1E6, 0x1F1FF), (0x2B00, 0x2BFF))
"""Blocks of pictographs and dingbats. From Unicode's Emoji_Presentation the blocks, so that ticks
and stars count too."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured of a text.

    Attributes:
        name: stable.
        title: in words.
        unit: what it is counted in; "" for a share.
        yes_or_no: a text has it (1) or not (0).
        of: the measure; None where the text is too short for it, or of another kind.
    """

    name: str
    title: str
    unit: str
    yes_or_no: bool
    of: Callable[[str], float | None]


def num_words(text: str) -> float:
    """Words between spaces; see `marking.num_words`."""
    return float(marking.num_words(text))


def sentence_length(text: str) -> float | None:
    """Words in a sentence, in the mean; an empty text has none."""
    count = num_words(text)
    return count / num_sentences(text) if count else None


def num_sentences(text: str) -> int:
    """Sentences: what ends with a stop, a line that is followed by an empty one, a list's item."""
    return max(1, sum(bool(words(part)) for part in _SENTENCE_END.split(text)))


def reading_ease(text: str) -> float | None:
    """Flesch's reading ease: 60 to 70 is plain English, under 30 is hard. None for short texts,
    for JSON, and where the letters are not Latin: the formula is about English."""
    found = words(text)
    if len(found) < FEWEST_WORDS_TO_READ or is_json(text) or not _is_latin(text):
        return None
    syllables = sum(map(num_syllables, found))
    return 206.835 - 1.015 * len(found) / num_sentences(text) - 84.6 * syllables / len(found)


def num_syllables(word: str) -> int:
    """Syllables of an English word by its groups of vowels: a silent e at the end does not count,
    but "-le" after a consonant does; a word has at least one.

    Measured on 20,000 words of answers: 96 % as in the CMU Pronouncing Dictionary, and 98 % of the
    syllables in all, which moves the reading ease by 2 points.
    """
    plain = word.lower()
    count = len(_VOWELS.findall(plain))
    silent = re.search(r"[^aeiouy](?:e|es|ed)$", plain) and not re.search(
        r"(?:[^aeiouy]les?|[td]ed|(?:[sxz]|[cs]h|[cg])es)$", plain
    )
    return max(1, count - bool(silent))


def variety(text: str) -> float | None:
    """MATTR: distinct words among 25 in a row. None for shorter texts."""
    found = words(text)
    if len(found) < MATTR_WINDOW:
        return None
    windows = range(len(found) - MATTR_WINDOW + 1)
    distinct = sum(len(set(found[start : start + MATTR_WINDOW])) for start in windows)
    return distinct / MATTR_WINDOW / len(windows)


def distinct_pairs(text: str) -> float | None:
    """Distinct-2; low where an answer says the same over and over. None without a pair."""
    found = words(text)
    pairs = list(pairwise(found))
    return len(set(pairs)) / len(pairs) if pairs else None


def has_list(text: str) -> float:
    """Whether a line begins as the item of a list."""
    return float(bool(_LIST.search(text)))


def has_markup(text: str) -> float:
    """Whether there is Markdown: a heading, bold, code, a link or a table."""
    return float(bool(_MARKUP.search(text)))


def is_json(text: str) -> float:
    """Whether the text is a JSON object or array."""
    return float(marking.read_json(text) is not None)


def has_picture(text: str) -> float:
    """Whether there is an emoji or another picture among the letters."""
    return float(any(low <= ord(sign) <= high for sign in text for low, high in _PICTURES))


MEASURES = (
    Measure("words", "Length of an answer", "words", False, num_words),
    Measure("sentence_words", "Length of a sentence", "words", False, sentence_length),
    Measure("reading_ease", "Ease of reading (Flesch)", "points", False, reading_ease),
    Measure("variety", "Different words among 25 (MATTR)", "", False, variety),
    Measure("distinct_pairs", "Word pairs not repeated (distinct-2)", "", False, distinct_pairs),
    Measure("lists", "Answers with a list", "", True, has_list),
    Measure("markup", "Answers with Markdown", "", True, has_markup),
    Measure("json", "Answers that are JSON", "", True, is_json),
    Measure("pictures", "Answers with an emoji", "", True, has_picture),
)


def _is_latin(text: str) -> bool:
    letters = [sign for sign in text if sign.isalpha()]
    latin = sum("LATIN" in unicodedata.name(sign, "") for sign in letters)
    return latin >= 0.9 * len(letters)  # a foreign name or two don't make another script
