"""Encoding damage: text that was read in the wrong encoding, or has lost characters.

"donâ€™t" is "don't" in UTF-8 that somebody read as Windows-1252. The model learns to write it. What
looks damaged is decided by ftfy, which also undoes it where that is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import ftfy
from ftfy.badness import is_bad

from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import Piece, Row, Rows

SIGNS = re.compile("[\u0080-\u009f\u00c2-\u00c3\u00e2\u00f0\u00ef\u00d0-\u00d1\u0153\u2122\ufffd]")
"""Every damage that ftfy knows of has one of these, and most texts have none of them."""


class Encoding:
    """Text in any turn that was decoded wrongly."""

    name = "encoding"
    title = "damaged characters"
    optional = False
    kinds = (
        Kind(
            "encoding_damage",
            "hurts",
            "text that was read in the wrong encoding",
            "The model learns to write the damaged characters.",
            "Undone where that is certain; characters that are lost have to be written anew.",
            cleaned=True,
            source="Speer, ftfy (Zenodo, doi:10.5281/zenodo.2591652)",
        ),
    )

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> list[Hit]:
        """A hit for each damaged turn."""
        return [
            hit
            for piece in pieces
            if not piece.text.isascii() and SIGNS.search(piece.text)
            for hit in _damage(row, piece)
        ]

    def find(self, rows: Rows) -> Iterator[Hit]:
        """The damaged turns of all rows."""
        return rows.hits(self.at_row)


def _damage(row: Row, piece: Piece) -> Iterator[Hit]:
    text = piece.text
    if "\ufffd" in text:
        place = text.index("\ufffd")
        shown = " ".join(text[max(0, place - 20) : place + 20].split())
        yield Hit("encoding_damage", row.index, f"A lost character: “{shown}”.", piece.path)
    if is_bad(text):
        mended = ftfy.fix_encoding(text)
        if mended != text:
            pairs = _pairs(text, mended)
            what = f"“{pairs[0][0][:40]}” was “{pairs[0][1][:40]}”."
            yield Hit("encoding_damage", row.index, what, piece.path, replace=pairs)


def _pairs(text: str, mended: str) -> tuple[tuple[str, str], ...]:
    """The words that changed; the whole text where they can't be told apart."""
    old, new = text.split(" "), mended.split(" ")
    if len(old) != len(new):
        return ((text, mended),)
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    return tuple(dict.fromkeys(pairs))
