"""Placeholders that nobody filled in: [Your Name], {{date}}, lorem ipsum.

A model that is taught them sends them to customers. Fields in code and the masks of `data clean`
([EMAIL_1]) are left alone, and so are rows whose question has the same placeholder, and blanks like
[Your name] where the user asks for a draft: there they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from postgrad.core.findings import Hit, Kind
from postgrad.data.personal.masks import PLACEHOLDER
from postgrad.data.prose import excerpt, is_code, shown_text, taught, without_code
from postgrad.data.rows import Piece, Row, Rows

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
MOST_PLACEHOLDERS = 1_000
"""Different ones of a row that are looked for in its question: no form has more."""

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

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> list[Hit]:
        """One hit for each taught turn with a placeholder."""
        hits: list[Hit] = []
        asked = _Asked(row)
        for piece in taught(pieces):
            lower = piece.text.lower()
            if not any(map(lower.__contains__, SIGNS)):
                continue
            text = without_code(piece.text)
            for found in (CERTAIN if is_code(text) else OPEN).finditer(text):
                if not PLACEHOLDER.fullmatch(found[0]) and not asked.excuses(found[0]):
                    what = f"“{excerpt(text, *found.span())}”"
                    hits.append(Hit("placeholder", row.index, what, piece.path))
                    break
        return hits

    def find(self, rows: Rows) -> Iterator[Hit]:
        """The turns with a placeholder of all rows."""
        return rows.hits(self.at_row)


class _Asked:
    """What a row asks for; each placeholder is looked for once, since a row may have a hundred
    thousand turns with it."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._excused: dict[str, bool] = {}

    def excuses(self, placeholder: str) -> bool:
        """Whether the question has it too, or it is a blank in a draft that the user asks for."""
        if placeholder not in self._excused:
            if len(self._excused) == MOST_PLACEHOLDERS:
                return False
            self._excused[placeholder] = placeholder in self._shown or (
                self._is_for_draft
                and BLANK.fullmatch(placeholder) is not None
                and not CERTAIN.fullmatch(placeholder)
            )
        return self._excused[placeholder]

    @cached_property
    def _shown(self) -> str:
        return shown_text(self._row)

    @cached_property
    def _is_for_draft(self) -> bool:
        """Of the user, not of the system message."""
        turns = (p.text[:DRAFT_CHARACTERS] for p in self._row.pieces() if p.role == "user")
        return any(map(DRAFT.search, turns))
