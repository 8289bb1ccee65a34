"""Signs: what a text has, looked up once, so that most patterns are never tried on it.

A pattern costs as much time as its text is long, and most texts have no name, number or address.
Each recogniser says which words, or how many digits, are in every text that its pattern matches.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NO_LETTERS, _NO_DIGITS = (
    bytes(sign if sign >= 128 or keep(chr(sign)) else ord(" ") for sign in range(256))
    for keep in (str.isalpha, str.isdigit)
)
"""Spaces for all signs of ASCII that are no letters, or no digits."""

_WORDS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")


class Signs(NamedTuple):
    """A text and what it has.

    Attributes:
        text: as it is written.
        lower: the text without case, of the same length.
        words: its runs of letters, without case.
        num_digits: how many digits it has.
        num_numbers: how many runs of digits.
        longest_number: digits of the longest of these runs.
    """

    text: str
    lower: str
    words: frozenset[str]
    num_digits: int
    num_numbers: int
    longest_number: int

    def has(self, words: frozenset[str]) -> bool:
        """Whether one of these words is in the text."""
        return not self.words.isdisjoint(words)


def signs_of(text: str) -> Signs:
    """The signs of a text."""
    lower = _lower(text)
    words, numbers = _parts(lower, _NO_LETTERS, _WORDS), _parts(lower, _NO_DIGITS, _DIGITS)
    lengths = [*map(len, numbers)]
    return Signs(text, lower, frozenset(words), sum(lengths), len(lengths), max(lengths, default=0))


def _parts(text: str, apart: bytes, pattern: re.Pattern[str]) -> list[str]:
    """What the pattern finds in a text, in a fifth of its time where most of the text is ASCII."""
    signs = text.encode("utf-8", "surrogatepass").translate(apart)
    parts = signs.decode("utf-8", "surrogatepass").split()
    if text.isascii():
        return parts
    found: list[str] = []
    for part in parts:
        found += (part,) if part.isascii() else pattern.findall(part)
    return found


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as those that a pattern needs are written down."""
    return frozenset(text.split())


def _lower(text: str) -> str:
    """The text without case, character by character: a few capitals have two small signs."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
