"""People's names wherever they stand, found by a small model that knows names.

The rule `personal_data` knows a name by what is said around it ("my name is", "Dear"). In the
middle of a sentence only the sentence tells a name from a word, and that takes a model. A name gets
the placeholder that `personal_data` gives it, so that both rules can be mended in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from postgrad.core.findings import Hit, Kind
from postgrad.data.personal.masks import PLACEHOLDER, Masks, Span, plain_key, shortened
from postgrad.data.personal.recognise import find
from postgrad.data.rows import Piece, Rows


@dataclass(frozen=True)
class PersonNames:
    """Names in any turn of a row, with the placeholder that would stand for each."""

    read: Callable[[Sequence[str]], Sequence[Any]] | None = None
    """Where the names of texts are, from a model that a step has opened."""

    name = "person_names"
    title = "people's names"
    optional = True
    asks = "recognisers"
    kinds = (
        Kind(
            "person_name",
            "look",
            "people's names, as a model finds them",
            "A model can say verbatim what it was trained on, to anybody who asks.",
            "See whether these are real people's; if so, mask them.",
            cleaned=True,
            source="Carlini et al., arXiv:2012.07805; GDPR, article 5.1 c",
        ),
    )

    def asking(self, read: Callable[[Sequence[str]], Sequence[Any]]) -> PersonNames:
        """The rule with a model to ask."""
        return PersonNames(read)

    def find(self, rows: Rows) -> Iterator[Hit]:
        """A hit for each name of each turn."""
        pieces = [(row.index, piece) for row in rows.readable for piece in row.pieces()]
        if not pieces:
            return
        assert self.read is not None, "a step binds the rule to a model"
        masks = Masks(piece.text for _, piece in pieces)
        for _, piece in pieces:  # first what the other rule finds, so that the numbers are the same
            for span in find(piece.text, piece.role):
                masks.of(span.kind, span.key)
        found = self.read([piece.text for _, piece in pieces])
        for (row, piece), places in zip(pieces, found, strict=True):
            for span in _names(piece, places):
                mask = masks.of(span.kind, span.key)
                what = f"{shortened(span.value)}, to be {mask}."
                yield Hit("person_name", row, what, piece.path, replace=((span.value, mask),))


def _names(piece: Piece, places: Sequence[tuple[int, int]]) -> Iterator[Span]:
    masked = [found.span() for found in PLACEHOLDER.finditer(piece.text)]
    for start, end in places:
        value = piece.text[start:end]
        if all(end <= first or last <= start for first, last in masked):
            yield Span("NAME", start, end, value, plain_key(value))
