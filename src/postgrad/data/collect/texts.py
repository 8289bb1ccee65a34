"""Bytes of a document as text, and text as it may stand in a row."""

from __future__ import annotations

import codecs
import os
import re
from pathlib import Path

from postgrad.errors import RowError

MAX_BYTES = 32 * 1024 * 1024
"""Largest document: as much as a line of a data file may have. Bounds the memory."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # first: UTF-16's mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What no text has, but for tab, line feed and form feed (which ends a document).
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?")


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The content of a document.

    Raises:
        RowError: it is larger than the limit, or can't be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise RowError(
            f"It can't be opened: {error.strerror or error}.",
            fix="See that you may read it, then collect again.",
            code="unreadable",
        ) from None
    if len(data) > limit:
        raise too_large(limit)
    return data


def too_large(limit: int) -> RowError:
    """The error for a document of more bytes, or more text, than the limit."""
    return RowError(
        f"It is larger than {limit // 2**20} MiB.",
        why="A document is read as a whole.",
        fix="Split it into several files; of text: split -C 16M --additional-suffix=.txt FILE",
        code="too_large",
    )


def decoded(data: bytes, encoding: str | None = None, declared: str = "") -> str:
    """The text of a document.

    Args:
        data: its bytes.
        encoding: what to read texts as that are neither UTF-8 nor say what they are.
        declared: the encoding that the document itself names.

    Raises:
        RowError: it is no text, or its encoding is not known.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            declared = name
            break
    for name in (declared, "utf-8", encoding):
        if name and (text := _read_as(data, name)) is not None and "\0" not in text:
            return text
    if b"\0" in data:
        raise RowError(
            "It has NUL bytes: it is not text, or damaged.",
            fix="Save it anew as a text file in UTF-8.",
            code="not_text",
        )
    if encoding:
        raise RowError(
            f"It is neither UTF-8 nor {encoding}.",
            fix="Save it anew in UTF-8.",
            code="wrong_encoding",
        )
    raise RowError(
        "It is not UTF-8.",
        why="Guessed encodings put wrong letters into words, and these would be learned.",
        fix="If it comes from an older Windows program: --set encoding=cp1252",
        code="wrong_encoding",
    )


def sound(text: str) -> str:
    """Text as a row holds it: lines end with a line feed, no control characters, no halves of
    characters."""
    return _CONTROL.sub("", _LINE_ENDS.sub("\n", text))


def shown_path(path: str | os.PathLike[str]) -> str:
    """A path as text; bytes of it that are not UTF-8 are written as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _read_as(data: bytes, name: str) -> str | None:
    try:
        text = data.decode(name)
    except (LookupError, ValueError):  # of no text encoding, or the wrong one
        return None
    return text
