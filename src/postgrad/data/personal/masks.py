"""Spans of a text that are to be hidden, and the placeholders that stand for them.

The same value gets the same placeholder everywhere, however it is written, so that a masked row
still says who is who: [NAME_1] asks, [NAME_1] is answered. The order of first appearance decides
the number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from postgrad.core.findings import Hit
from postgrad.data.rows import Piece

PLACEHOLDER = re.compile(r"\[([A-Z][A-Z_]*)_(\d{1,9})\]")


class Span(NamedTuple):
    """A part of a text.

    Attributes:
        kind: what it is, in capitals, as the placeholder names it: EMAIL.
        start, end: characters; `end` is not included.
        value: the text between them.
        key: the same for every way to write the same value.
    """

    kind: str
    start: int
    end: int
    value: str
    key: str


class Masks:
    """Placeholders by kind and key."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """`texts`: placeholders in them are taken, as those of a file that was masked before."""
        self._placeholders: dict[tuple[str, str], str] = {}
        self._last: Counter[str] = Counter()
        for text in texts:
            self.take(placeholders(text))

    def take(self, taken: Iterable[tuple[str, str]]) -> None:
        """Placeholders, by kind and number, that are none of ours."""
        for kind, number in taken:
            self._last[kind] = max(self._last[kind], int(number))

    def of(self, kind: str, key: str) -> str:
        """The placeholder of a value, a new one if it was never asked for."""
        found = self._placeholders.get((kind, key))
        if found is None:
            self._last[kind] += 1
            found = self._placeholders[kind, key] = f"[{kind}_{self._last[kind]}]"
        return found


class ToMask(NamedTuple):
    """What is to be hidden in a row.

    Attributes:
        taken: placeholders that are there already, by kind and number.
        spans: of each text that has any, its path and the spans.
    """

    taken: list[tuple[str, str]]
    spans: list[tuple[str, list[Span]]]


def to_mask(pieces: Sequence[Piece], spans_of: Callable[[Piece], list[Span]]) -> ToMask | None:
    """What is to be hidden in the texts of a row; None for nothing. `spans_of` finds the spans of
    one of them."""
    taken: list[tuple[str, str]] = []
    found: list[tuple[str, list[Span]]] = []
    for piece in pieces:
        taken += placeholders(piece.text)
        spans = spans_of(piece)
        if spans:
            found.append((piece.path, spans))
    return ToMask(taken, found) if taken or found else None


def mask_hits(found: Sequence[tuple[int, ToMask]], code_of: Callable[[str], str]) -> Iterator[Hit]:
    """A hit for each span of each text, with the placeholder to write for it.

    Args:
        found: by row, of all rows that are checked together; a value gets the same placeholder in
            all of them.
        code_of: the code of the finding, by the kind of the span.
    """
    masks = Masks()
    for _, each in found:
        masks.take(each.taken)
    for index, each in found:
        for path, spans in each.spans:
            for span in spans:
                mask = masks.of(span.kind, span.key)
                what = f"{shortened(span.value)}, to be {mask}."
                replace = ((span.value, mask),)
                yield Hit(code_of(span.kind), index, what, path, replace=replace)


def placeholders(text: str) -> list[tuple[str, str]]:
    """The placeholders in a text, by kind and number."""
    # "_" and "]" are rare together: most texts never see the pattern
    return PLACEHOLDER.findall(text) if "_" in text and "]" in text else []


def plain_key(value: str) -> str:
    """The same for every way to write the same words: without case, with single spaces."""
    return " ".join(value.casefold().split())


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """The spans in the order of the text; of two that overlap, the one that was given first."""
    kept: list[Span] = []
    for span in spans:
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def shortened(value: str) -> str:
    """The value so that one knows it again in the file, but can't use it from a report."""
    shown = 4 if len(value) >= 12 else 1
    return f"{value[:shown]}… ({len(value)} characters)"
