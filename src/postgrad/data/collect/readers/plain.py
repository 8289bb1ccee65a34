"""Plain text and Markdown."""

from __future__ import annotations

import re
from pathlib import Path

from postgrad.core.collecting import CollectSettings
from postgrad.data.collect.readers.document import Document, Removed
from postgrad.data.collect.texts import decoded, read_bytes, sound

_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:[^\n]*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
"""Settings for the program that makes pages of the text (Jekyll, Hugo), as YAML."""


def read_text(path: Path, settings: CollectSettings) -> Document:
    """A text file as it is."""
    return Document(sound(decoded(read_bytes(path), settings.encoding)), first_line=1)


def read_markdown(path: Path, settings: CollectSettings) -> Document:
    """A Markdown file without its front matter."""
    text = sound(decoded(read_bytes(path), settings.encoding))
    front = _FRONT_MATTER.match(text)
    if not front:
        return Document(text, first_line=1, is_markdown=True)
    what = "The front matter is settings for a program, no text."
    removed = Removed("front_matter", what, front[0])
    return Document(
        text[front.end() :],
        first_line=front[0].count("\n") + 1,
        is_markdown=True,
        removed=(removed,),
    )
