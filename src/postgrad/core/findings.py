"""Findings: what is wrong with a data file, as people and programs read it.

A rule (`data/cleaning/`) declares the kinds of defect that it knows and points at rows with hits;
`data/doctor.py` gathers the hits of one kind into a finding.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from postgrad.errors import shortened

Severity = Literal["blocks", "hurts", "look"]
"""blocks: training refuses. hurts: mend it first. look: a person should look at it."""

SEVERITIES: tuple[Severity, ...] = ("blocks", "hurts", "look")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of defect.

    Attributes:
        code: stable snake_case name; of OpenAI's data check where that has one.
        severity: see Severity.
        title: a few words, as "the same row again".
        why: why it matters, in a sentence.
        fix: what to do, in a sentence; empty where `data clean` does all there is to do.
        cleaned: whether `data clean` mends it.
        source: where the rule or its threshold comes from.
    """

    code: str
    severity: Severity
    title: str
    why: str
    fix: str = ""
    cleaned: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that a rule points at, and what would mend it.

    Attributes:
        code: of the kind.
        row: index of the row among those that are checked.
        what: what is wrong with this row, with the value; cut where that is long.
        path: the place inside the row, as `messages[2].content`; "" for the whole row.
        drop: mend it by leaving the row out.
        replace: mend it by writing the second text for the first, everywhere in the row.
    """

    code: str
    row: int
    what: str
    path: str = ""
    drop: bool = False
    replace: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "what", shortened(self.what))
        object.__setattr__(self, "path", shortened(self.path))


@dataclass(frozen=True, slots=True)
class Example:
    """A hit as a person looks at it: where it is and what is wrong there."""

    file: str
    line: int
    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Finding:
    """All hits of one kind; the texts are the kind's.

    Attributes:
        count: rows, each counted once.
        share_of_trained_tokens: trained tokens of these rows, of those of all rows.
        by_file: every line number, from 1, by file.
        examples: the first few.
    """

    code: str
    severity: Severity
    title: str
    why: str
    fix: str
    cleaned: bool
    source: str
    count: int
    share_of_trained_tokens: float
    by_file: dict[str, list[int]]
    examples: list[Example]

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON. `lines` are those of all files in turn; `example` is the first."""
        lines = [line for found in self.by_file.values() for line in found]
        return {**asdict(self), "lines": lines, "example": asdict(self.examples[0])}
