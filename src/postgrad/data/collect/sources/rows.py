"""Data files as postgrad reads them anyway (chats, prompts with completions, texts), to be mixed
with what was collected."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from postgrad import plugins
from postgrad.core.collecting import Look, Row, Skipped, Used, Visit
from postgrad.core.interfaces import DataFormat
from postgrad.data.detect import ROWS, detect
from postgrad.data.read import SourceRow, read_rows
from postgrad.errors import DataError, RowError

TELL_ROWS = 1000
"""Progress is told once for so many rows."""


class Rows:
    """A data file: JSONL, JSON, CSV or Parquet, in a format that is known."""

    name = "rows"
    title = "a data file"
    item = "row"
    gives = ""

    def recognises(self, look: Look) -> int:
        """1 if the first rows have a known format; a .json file is read to see that."""
        if look.path.suffix.lower() == ".json" and not look.is_folder:
            return 1
        try:
            return int(bool(look.rows) and bool(detect(look.rows)))
        except DataError:
            return 0

    def collect(self, path: Path, visit: Visit) -> Iterator[Used | Skipped]:
        """Every row as a record, and the rows that are wrong.

        Raises:
            DataError: the file can't be read, or its format is not known.
        """
        rows = read_rows(path)
        head, sample = list[SourceRow](), list[Mapping[str, Any]]()
        for row in rows:
            head.append(row)
            if row.row is not None:
                sample.append(row.row)
            if len(sample) == ROWS:
                break
        if sample:
            detection = detect(sample, visit.label)
            data_format: DataFormat | None = plugins.load("formats", detection.name)()
            visit.note(detection.sentence)
        else:
            data_format = None
        for number, row in enumerate(itertools.chain(head, rows), 1):
            if number % TELL_ROWS == 0:
                visit.progress(number, 0, "rows")
            yield _row(row, data_format, f"{visit.label}:{row.line}")


def _row(row: SourceRow, data_format: DataFormat | None, source: str) -> Used | Skipped:
    error = row.error
    if row.row is not None and data_format is not None:
        try:
            return Used(Row(data_format.record(row.row), source))
        except RowError as problem:
            error = problem
    if error is None:
        raise AssertionError("a row is read or has an error")
    what = f"{error.what} {error.why}".strip()
    return Skipped(source, error.code, what, error.fix)
