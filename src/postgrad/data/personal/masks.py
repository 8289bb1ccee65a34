"""Spans of a text that are to be hidden, and the placeholders that stand for them.

The same value gets the same placeholder everywhere, however it is written, so that a masked row
still says who is who: [NAME_1] asks, [NAME_1] is answered. The order of first appearance decides
the number.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from postgrad.core.findings import Hit
from postgrad.data.rows import Piece, Rows
from postgrad.data.spread import in_turn, one_by_one

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
            # "_" and "]" are rare together: most texts never see the pattern
            if "_" in text and "]" in text:
                for kind, number in PLACEHOLDER.findall(text):
                    self._last[kind] = max(self._last[kind], int(number))

    def of(self, kind: str, key: str) -> str:
        """The placeholder of a value, a new one if it was never asked for."""
        found = self._placeholders.get((kind, key))
        if found is None:
            self._last[kind] += 1
            found = self._placeholders[kind, key] = f"[{kind}_{self._last[kind]}]"
        return found


def mask_hits(
    rows: Rows,
    spans_of: Callable[[Piece], Iterable[Span]],
    code_of: Callable[[str], str],
    *,
    over_cores: bool = False,
) -> Iterator[Hit]:
    """A hit for each span of each text, with the placeholder to write for it.

    Args:
        rows: all that are checked together; a value gets the same placeholder in all of them.
        spans_of: finds the spans of a text.
        code_of: the code of the finding, by the kind of the span.
        over_cores: `spans_of` is a function of a module and gives a list, so that several
            processes can find spans at once.
    """
    masks = Masks(piece.text for row in rows for piece in row.pieces())
    pieces = ((row.index, piece) for row in rows.readable for piece in row.pieces())
    here, there = itertools.tee(pieces)
    spread = rows.spread if over_cores else in_turn
    found = one_by_one(spread, spans_of, (piece for _, piece in there))
    for (index, piece), spans in zip(here, found, strict=True):
        for span in spans:
            mask = masks.of(span.kind, span.key)
            what = f"{shortened(span.value)}, to be {mask}."
            replace = ((span.value, mask),)
            yield Hit(code_of(span.kind), index, what, piece.path, replace=replace)


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
