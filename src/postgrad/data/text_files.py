"""Documents of a .txt or .md file, for continued pre-training.

A line that is only `<|endoftext|>`, or a form feed, ends a document, and documents stay whole.
Without these, the text is cut into parts: paragraphs (blocks between blank lines) are put together
up to PART_CHARACTERS, so that a book gives enough rows to hold some out, each with some context.
A paragraph that is longer is cut at the end of a line, or else between words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PART_CHARACTERS = 2000
"""About 500 tokens of English (4 characters a token, OpenAI's rule of thumb)."""

_DOCUMENT_END = re.compile(r"\f|^[ \t]*<\|endoftext\|>[ \t]*$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


def text_parts(text: str) -> Iterator[tuple[int, str]]:
    """(first line, text) of each document or part, in order; blank ones are left out."""
    text = text.replace("\r\n", "\n")
    if _DOCUMENT_END.search(text):
        pieces = _between(_DOCUMENT_END, text, 0, len(text))
    else:
        pieces = _parts(text)
    line, counted = 1, 0
    for start, end in pieces:
        start, end = _trimmed(text, start, end)
        if start < end:
            line, counted = line + text.count("\n", counted, start), start
            yield line, text[start:end]


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of neighbouring paragraphs, put together up to PART_CHARACTERS."""
    first = last = -1
    for start, end in _between(_BLANK_LINES, text, 0, len(text)):
        for cut_start, cut_end in _cut(text, start, end):
            if first >= 0 and cut_end - first > PART_CHARACTERS:
                yield first, last
                first = -1
            first, last = (cut_start if first < 0 else first), cut_end
    if first >= 0:
        yield first, last


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A long paragraph in pieces: at a line end, else at a space, else (no space) by length."""
    while end - start > PART_CHARACTERS:
        limit = start + PART_CHARACTERS
        at = text.rfind("\n", start + 1, limit)
        if at < 0:
            at = text.rfind(" ", start + 1, limit)
        at = limit if at < 0 else at
        yield start, at
        start = at + text[at].isspace()
    yield start, end


def _between(
    separator: re.Pattern[str], text: str, start: int, end: int
) -> Iterator[tuple[int, int]]:
    for found in separator.finditer(text, start, end):
        yield start, found.start()
        start = found.end()
    yield start, end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without blank lines around it; an indent of the first line stays."""
    part = text[start:end]
    end -= len(part) - len(part.rstrip())
    blank = re.match(r"(?:[ \t]*\n)*", part)
    return start + (blank.end() if blank else 0), end
