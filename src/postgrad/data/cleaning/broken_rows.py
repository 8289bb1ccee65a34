"""Rows that can't be read as examples: every error of each row, not only the first.

Reading stops at the first error of a row, because one is enough to leave it out. Whoever mends the
file wants them all: a format that can tell them has a method `errors(row)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

from postgrad import plugins
from postgrad.core.findings import Hit, Kind
from postgrad.data.files import Rejection
from postgrad.data.rows import Rows
from postgrad.errors import RowError, SetupError


class TellsAll(Protocol):
    """A format that knows every error of a row."""

    def recognises(self, row: Mapping[str, Any]) -> bool: ...

    def errors(self, row: Mapping[str, Any]) -> list[RowError]: ...


class BrokenRows:
    """Rows that training leaves out, with the reason."""

    name = "broken_rows"
    title = "rows that can't be read"
    optional = False
    kinds = (
        Kind(
            "broken_row",
            "hurts",
            "rows that can't be used",
            "Training leaves them out, and stops where more than data.max_rejected_share are bad.",
            "Each line has its own hint.",
            cleaned=True,
            source="OpenAI's cookbook, Data preparation and analysis for chat model fine-tuning",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """Every error of every row that was rejected; each `what` begins with the error's code."""
        formats: list[TellsAll] | None = None
        for row in rows:
            if row.rejection is None:
                continue
            formats = _formats() if formats is None else formats
            for code, path, what in _errors(row.rejection, formats):
                yield Hit("broken_row", row.index, f"{code}: {what}".strip(), path, drop=True)


def _errors(found: Rejection, formats: list[TellsAll]) -> list[tuple[str, str, str]]:
    """Code, path and words of each error; the one for which the row was rejected is among them."""
    known = (found.code, found.path, f"{found.what} {found.fix}")
    row = found.row
    if isinstance(row, Mapping):
        for candidate in formats:
            if candidate.recognises(row):
                every = [
                    (error.code, error.path, " ".join((error.what, error.why, error.fix)))
                    for error in candidate.errors(row)
                ]
                if known[:2] in [each[:2] for each in every]:
                    return [(code, path, " ".join(what.split())) for code, path, what in every]
    return [known]


def _formats() -> list[TellsAll]:
    found: list[Any] = []
    for name in plugins.names("formats"):
        try:
            found.append(plugins.load("formats", name)())
        except SetupError:  # a plug-in whose own packages are missing
            continue
    return [cast(TellsAll, each) for each in found if hasattr(each, "errors")]
