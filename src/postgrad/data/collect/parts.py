"""A document as rows: whole where it is short, else cut where its author cut it.

A section (a heading and what stands below it) stays whole as long as it fits into a part; small
neighbours are put together. A section that is longer is cut between paragraphs, as plain text files
are (`data/text_files.py`). No word is lost and none is written twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt

from postgrad.data.text_files import PART_CHARACTERS, text_parts


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a document.

    Attributes:
        line: where it begins, from 1.
        text: never blank.
        section: the headings above its beginning, as "Refunds > Deadlines"; "" without headings.
    """

    line: int
    text: str
    section: str


class _Heading(NamedTuple):
    """A heading: the line where it begins and the one behind it, from 0."""

    start: int
    end: int
    level: int
    title: str


def whole(text: str) -> Iterator[Part]:
    """The document as one part; none if it is blank."""
    for line, piece in _pieces(text):
        yield Part(line, piece, "")


def plain_parts(text: str) -> Iterator[Part]:
    """The parts of a document without headings."""
    if len(text) <= PART_CHARACTERS:
        yield from whole(text)
        return
    for line, piece in text_parts(text):
        yield Part(line, piece, "")


def markdown_parts(text: str) -> Iterator[Part]:
    """The parts of a document in Markdown."""
    if len(text) <= PART_CHARACTERS:
        yield from whole(text)
        return
    first: Part | None = None
    for section in markdown_sections(text):
        if first and len(first.text) + len(section.text) + 2 <= PART_CHARACTERS:
            first = Part(first.line, f"{first.text}\n\n{section.text}", first.section)
            continue
        if first:
            yield from _cut(first)
        first = section
    if first:
        yield from _cut(first)


def _cut(part: Part) -> Iterator[Part]:
    if len(part.text) <= PART_CHARACTERS:
        yield part
        return
    for line, piece in text_parts(part.text):
        yield Part(part.line + line - 1, piece, part.section)


def markdown_sections(text: str) -> Iterator[Part]:
    """Each heading with what stands below it; a heading with nothing below belongs to the next."""
    lines = text.split("\n")
    path: list[tuple[int, str]] = []
    section, begin, below = "", 0, 0
    for heading in [*_headings(text), _Heading(len(lines), len(lines), 0, "")]:
        if not heading.level or "".join(lines[below : heading.start]).strip():
            for line, piece in _pieces("\n".join(lines[begin : heading.start])):
                yield Part(begin + line, piece, section)
            begin = heading.start
        above = [(level, title) for level, title in path if level < heading.level]
        path = [*above, (heading.level, heading.title)]
        section, below = " > ".join(title for _, title in path), heading.end


def _headings(text: str) -> list[_Heading]:
    """The headings that are not inside a list or a quote."""
    tokens = MarkdownIt("commonmark").disable(["inline", "text_join"], True).parse(text)
    return [
        _Heading(token.map[0], token.map[1], int(token.tag[1:]), after.content)
        for token, after in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """(line from 1, text) without blank lines around it; nothing if it is blank."""
    body = text.strip("\n")
    skipped = len(text) - len(text.lstrip("\n"))
    if body.strip():
        yield skipped + 1, body.rstrip()
