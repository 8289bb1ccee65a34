"""Remains of web pages: tags, entities, and the furniture around the text.

A model that is taught them writes them. Code, and rows whose question is about markup, are left
alone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

from postgrad.core.findings import Hit, Kind
from postgrad.data.prose import asks_about, excerpt, is_code, without_code
from postgrad.data.rows import Piece, Row, Rows

TAG = re.compile(
    r"</?(?:p|div|br|span|a|li|ul|ol|table|tr|td|th|tbody|strong|em|b|i|u|h[1-6]|font|img|center"
    r"|blockquote|section|article|nav|footer|header|small|sup|sub|hr)(?:\s[^<>]{0,300})?/?>",
    re.I,
)
ENTITY = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{1,6}|#x[0-9a-f]{1,5}|[mn]dash|hellip|rsquo);", re.I
)
FURNITURE = re.compile(
    r"click here to (?:subscribe|read|view|download|continue)|read more\s*(?:»|>>|…|\.\.\.)"
    r"|skip to (?:main )?content|accept (?:all )?cookies|we use cookies|all rights reserved\."
    r"|share (?:this )?(?:on|via) (?:facebook|twitter)|subscribe to our newsletter"
    r"|enable javascript",
    re.I,
)
SIGNS = ("<", "&", "click here", "read more", "skip to", "cookies", "reserved", "share",
"subscribe", "javascript")  # fmt: skip
ASKED = re.compile(r"\b(?:html|xml|css|markup|web ?page|tags?|script|svg|jsx)\b", re.I)

SOURCE = "Penedo et al., RefinedWeb, arXiv:2306.01116, appendix G (line-wise filters)"


class Markup:
    """Tags, entities and furniture of web pages in prose."""

    name = "markup"
    title = "remains of web pages"
    optional = False
    kinds = (
        Kind(
            "markup_remains",
            "hurts",
            "remains of a web page",
            "The model learns to write tags, entities and menus.",
            "Entities are turned into their characters; take out tags and menus, and see that the "
            "text still reads well.",
            cleaned=True,
            source=SOURCE,
        ),
    )

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> list[Hit]:
        """One hit for each turn with remains."""
        hits: list[Hit] = []
        is_asked_for: Callable[[], bool] | None = None
        for piece in pieces:
            lower = piece.text.lower()
            if piece.role == "system" or not any(map(lower.__contains__, SIGNS)):
                continue
            text = without_code(piece.text)
            found = TAG.search(text) or ENTITY.search(text) or FURNITURE.search(text)
            if not found or is_code(text):
                continue
            is_asked_for = is_asked_for or asks_about(row, ASKED)
            if not is_asked_for():
                what, new = f"“{excerpt(text, *found.span())}”", _entities(text)
                hits.append(Hit("markup_remains", row.index, what, piece.path, replace=new))
        return hits

    def find(self, rows: Rows) -> Iterator[Hit]:
        """The turns with remains of all rows."""
        return rows.hits(self.at_row)


def _entities(text: str) -> tuple[tuple[str, str], ...]:
    found = dict.fromkeys(each[0] for each in ENTITY.finditer(text))
    return tuple((each, html.unescape(each).replace("\u00a0", " ")) for each in found)
