"""Placeholders that nobody filled in: [Your Name], {{date}}, lorem ipsum.

A model that is taught them sends them to customers. Fields in code and the masks of `data clean`
([EMAIL_1]) are left alone, and so are rows whose question has the same placeholder, and blanks like
[Your name] where the user asks for a draft: there they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.data.personal.masks import PLACEHOLDER
from postgrad.data.prose import excerpt, is_code, shown_text, taught_pieces, without_code
from postgrad.data.rows import Row, Rows

_FIELD = (
    r"name|company|date|address|email|phone|number|title|city|state|amount|order|product|customer"
    r"|signature|position|time|link|url|contact|department|website|location|recipient|sender|price"
)
CERTAIN = re.compile(
    r"\[(?:insert|enter|add|fill)\b[^\[\]\n]{0,40}\]|<(?:insert|enter|your)[ _][^<>\n]{1,40}>"
    r"|\blorem ipsum\b",
    re.I,
)
"""Nobody writes this on purpose, in code neither."""

BLANK = re.compile(r"\[[^\[\]\n]{1,40}\]")
DRAFT = re.compile(
    r"(?is)\b(?:write|draft|compose|prepare|create|design|rewrit|reply|react|respond|written"
    r"|turn down).*\b(?:e-?mails?|letters?|templates?|captions?|posts?|tweets?|reviews?|profile"
    r"|job (?:offer|description)|invitation|announcement|contract|memo)\b"
    r"|\b(?:e-?mails?|letters?|templates?|posts?)\b.*\b(?:be |re-?)written\b"
)
DRAFT_CHARACTERS = 2_000
"""Asks for a text that somebody else fills in and sends, whose blanks are part of it."""

OPEN = re.compile(
    rf"{CERTAIN.pattern}"
    r"|\[(?:your|company|customer|recipient|client|sender)\b[^\[\]\n]{0,40}\]"
    rf"|\[(?:{_FIELD})\]"
    rf"|\{{\{{ ?[a-z_][\w .]{{0,40}}\}}\}}|\{{(?:[a-z]+_)?(?:{_FIELD})(?:_[a-z]+)?\}}"
    r"|\bTBD\b|\bTODO:|\bX{4,}\b|_{5,}",
    re.I,
)
SIGNS = ("[", "<", "{", "lorem", "tbd", "todo", "xxxx", "_____")


class Placeholders:
    """Taught answers with a placeholder in them."""

    name = "placeholders"
    title = "placeholders left open"
    optional = False
    kinds = (
        Kind(
            "placeholder",
            "hurts",
            "placeholders that nobody filled in",
            "The model learns to send them to people.",
            "Fill them in, or put the value into the question so that the answer can use it.",
            source="the form of mail-merge and template languages (Jinja, Mustache, Word)",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit for each taught turn with a placeholder."""
        for row in rows.readable:
            for piece in taught_pieces(row):
                lower = piece.text.lower()
                if not any(sign in lower for sign in SIGNS):
                    continue
                text = without_code(piece.text)
                asked = shown_text(row)
                for found in (CERTAIN if is_code(text) else OPEN).finditer(text):
                    if PLACEHOLDER.fullmatch(found[0]) or found[0] in asked:
                        continue
                    if CERTAIN.fullmatch(found[0]) or not _is_asked_for(row, found[0]):
                        what = f"“{excerpt(text, *found.span())}”"
                        yield Hit("placeholder", row.index, what, piece.path)
                        break


def _is_asked_for(row: Row, placeholder: str) -> bool:
    """Whether it is a blank in a draft that the user, not the system message, asks for."""
    if not BLANK.fullmatch(placeholder):
        return False
    asked = (piece.text[:DRAFT_CHARACTERS] for piece in row.pieces() if piece.role == "user")
    return any(map(DRAFT.search, asked))
