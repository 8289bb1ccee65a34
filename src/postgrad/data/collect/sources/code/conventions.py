"""What a repository asks of those who change it, section by section of its own guides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from postgrad.data.collect.parts import markdown_sections

GUIDE = re.compile(
    r"(?i)(?:contributing|conventions?|guidelines|hacking|develop(?:ing|ment)|agents|claude|style"
    r"|(?:coding|code|style)[-_ ]?(?:style|standards?|conventions|guide|guidelines))"
    r"\.(?:md|markdown)"
)
"""Names that such guides have by custom: GitHub shows CONTRIBUTING.md to whoever opens a pull
request, and programs that write code read AGENTS.md (agents.md) and the like."""

LEAST_WORDS = 5
"""Of a section: fewer are a link, or the end of a list."""

_HEADINGS = re.compile(r"(?:[ ]{0,3}#{1,6}[ \t][^\n]*\n+)+")


@dataclass(frozen=True, slots=True)
class Convention:
    """A section of a guide: its line, the headings above it ("" without), and what it says."""

    line: int
    section: str
    text: str


def conventions(text: str) -> Iterator[Convention]:
    """The sections of a guide that say something."""
    for part in markdown_sections(text):
        heading = _HEADINGS.match(part.text)
        said = part.text[heading.end() if heading else 0 :].strip("\n")
        if len(said.split()) >= LEAST_WORDS:
            yield Convention(part.line, part.section, said)
