"""Prose, and what is none: code and JSON, in which the signs that betray damage are at home.

Rules look for a sign first and ask here only where they found one, so that the patterns below are
seldom run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from postgrad.core.records import Chat, Preference
from postgrad.data.rows import Piece, Row

FENCED = re.compile(r"(?s)```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)")
INLINE = re.compile(r"`[^`\n]{1,400}`")

CODE_LINE = re.compile(
    r"""(?mix)
    ^[ \t]*(?:
        (?:async[ ]+)?def[ ]\w+[ ]?\( | class[ ]\w+[^\n]{0,80}:[ \t]*$
      | import[ ][\w.]+(?:;|[ ]as[ ]|[ \t]*$)
      | from[ ][\w.]+[ ]import[ ] | \#include\b | package[ ][\w.]+;
      | (?:public|private|protected|static)[ ][\w<>\[\]]+ | (?:const|let|var)[ ]\w+[ ]?=
      | (?:select\b[^\n]{1,400}?\bfrom|insert[ ]into|create[ ]table|delete[ ]from
      |update[ ]\w+[ ]set)\b
      | (?:if|for|while|switch)[ ]?\([^\n]*\)[ ]?\{ | @\w+\( | >>>[ ] | \$[ ][a-z]+
    )
    """
)
CODE_INSIDE = re.compile(
    r"""(?mix)
    \bfunction[ ]?\w*\([\w, ]*\)[ ]?\{ | =>[ ]?[{(] | [;{}][ \t]*\n[^\n]*[;{}][ \t]*$
    | <\?(?:php|xml)
    | \breturn[ ][^\n]{0,400};[ \t]*$ | <!doctype[ ]html
    """
)
"""What a programmer writes and nobody else, at the start of a line and elsewhere; recall matters
more than precision, because prose that is taken for code is only left alone."""

CODE_SIGNS = (";", "{", "}", "=>", "<?", "<!")
"""Every text that CODE_INSIDE matches has one of them, and most prose has none."""


def is_json(text: str) -> bool:
    """Whether a text looks like a JSON object or list."""
    bare = text.strip()
    return bare[:1] + bare[-1:] in ("{}", "[]") and ('"' in bare or ":" in bare or len(bare) < 40)


def is_code(text: str) -> bool:
    """Whether a text, or a part of it that is not in a block of its own, is code or JSON."""
    inside = any(sign in text for sign in CODE_SIGNS) and CODE_INSIDE.search(text)
    if inside or is_json(text):
        return True
    return (CODE_LINE.search(text) if "\n" in text else CODE_LINE.match(text)) is not None


def without_code(text: str) -> str:
    """The text without its blocks and words of code (Markdown's backquotes)."""
    if "```" in text or "~~~" in text:
        text = FENCED.sub("\n", text)
    return INLINE.sub(" ", text) if "`" in text else text


def taught(pieces: Sequence[Piece]) -> list[Piece]:
    """What the model learns to write of a row; of a preference, the preferred answer."""
    return [
        piece
        for piece in pieces
        if piece.taught and not piece.path.startswith("non_preferred_output")
    ]


def shown_text(row: Row) -> str:
    """What the model is shown before it answers: system messages and questions."""
    record = row.record
    if isinstance(record, Chat):
        turns = record.messages
    else:
        turns = record.prompt if isinstance(record, Preference) else ()
    return "\n".join(turn.content for turn in turns if turn.role in ("system", "user"))


def asks_about(row: Row, pattern: re.Pattern[str]) -> Callable[[], bool]:
    """Whether what a row is shown has a match; looked for when it is asked for, and once: a row may
    have a hundred thousand turns."""
    return cache(lambda: pattern.search(shown_text(row)) is not None)


def excerpt(text: str, start: int, end: int, around: int = 30, most: int = 200) -> str:
    """A place of a text with a little around it, on one line; of a long place its beginning."""
    left, right = max(0, start - around), min(len(text), end + around, start + most)
    middle = " ".join(text[left:right].split())
    return f"{'…' * (left > 0)}{middle}{'…' * (right < len(text))}"
