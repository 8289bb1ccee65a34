"""What every reader gives: the text of a document, and what it left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from postgrad.core.collecting import CollectSettings
from postgrad.errors import SetupError


@dataclass(frozen=True, slots=True)
class Removed:
    """A part of a document that is not learned, and why."""

    code: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document as text.

    Attributes:
        text: all of it, sound.
        first_line: which line of the file the text begins with; 0 if it has no lines of its own.
        is_markdown: whether a line that begins with # is a heading.
        pages: the line of the text with which each page begins, from 1; empty without pages.
        removed: what was taken out.
    """

    text: str
    first_line: int = 0
    is_markdown: bool = False
    pages: tuple[int, ...] = ()
    removed: tuple[Removed, ...] = ()


Reader = Callable[[Path, CollectSettings], Document]
"""Takes the path of a document.

Raises RowError if it can't be read, and SetupError if the package that reads it is missing.
"""


def missing(package: str) -> SetupError:
    """The error for a package that a reader needs."""
    return SetupError(
        f"The package {package}, which reads it, is not installed.",
        fix="Install it with: pip install 'postgrad[collect]'",
        code="missing_package",
    )
