"""The data files of a job, row by row: every row as an example or as a rejection.

Nothing is judged here but the form of a row; `dataset.py` splits what is left, and `doctor.py`
looks at what is in it.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from postgrad import plugins
from postgrad.core.job import DataSection
from postgrad.core.records import Record, Text
from postgrad.data.detect import ROWS, Detection, check_named, detect
from postgrad.data.read import SourceRow, read_rows
from postgrad.errors import DataError, RowError

MOST_UNREAD = 10_000
"""Rows that are read until some can be used. A file that holds other things than rows shows it long
before."""

MOST_REJECTED, MOST_REJECTED_SHARE = 100_000, 0.9
"""A file with more rejected rows than both is given up where it is seen: it was written wrongly,
and is mended by writing it again, not row by row. With two bytes a row it would fill a memory with
what is said about each."""

Accepts = Callable[[Record], RowError | None]
"""Says why a record can't be used although its row is right; None: it can."""


@dataclass(frozen=True, slots=True)
class Example:
    """A record and where it came from. `id` is `train.jsonl:17`, unique within a dataset; `source`
    is what a row of `data collect` says of it, as `handbook/board.pdf:3`, or ""."""

    id: str
    line: int
    record: Record
    source: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that is not used, and why. `row` is the raw line where it could not be parsed."""

    line: int
    file: str
    code: str
    path: str
    what: str
    fix: str
    row: Mapping[str, Any] | str | None


@dataclass(frozen=True, slots=True)
class DataFile:
    """All that one file held, before anything is judged: what `postgrad data check` shows."""

    file: str
    examples: tuple[Example, ...]
    rejected: tuple[Rejection, ...]
    detection: Detection

    @property
    def num_rows(self) -> int:
        """Usable and rejected rows."""
        return len(self.examples) + len(self.rejected)


Told = Callable[[str, float], None]
"""Called again and again with a file's name and the share of it that has been read."""


def read_files(
    section: DataSection, accepts: Accepts | None = None, told: Told | None = None
) -> dict[str, DataFile]:
    """The files of a job, by the part that names them: train, and valid and test where given.

    Args:
        section: names them.
        accepts: says which records can't be used.
        told: hears how far the reading is.

    Raises:
        DataError: a file can't be read, no format fits, or two parts are the same file.
        JobError: there is no format of that name.
        SetupError: a package to read a file is missing.
    """
    paths = _paths(section)
    labels = _labels(paths)
    return {
        part: load_file(path, section.format, accepts, labels[part], told)
        for part, path in paths.items()
    }


def load_file(
    path: Path,
    format_name: str | None = None,
    accepts: Accepts | None = None,
    label: str = "",
    told: Told | None = None,
) -> DataFile:
    """Every row of a file as an example or a rejection. `label` names the file in ids.

    Raises:
        DataError: the file as a whole can't be read, or no format fits.
        JobError: there is no format of that name.
        SetupError: a package to read it is missing.
    """
    label = label or path.name
    rows = read_rows(path, partial(told, label)) if told else read_rows(path)
    head: list[SourceRow] = []
    sample: list[Mapping[str, Any]] = []
    for row in rows:
        head.append(row)
        if row.row is not None:
            sample.append(row.row)
        if len(sample) == ROWS or len(head) == MOST_UNREAD:
            break
    if not head:
        raise DataError(f"{path} has no rows.", fix="Give a file with examples.", code="empty_file")
    if not sample:
        unread = [_rejection(row, label, row.error) for row in head if row.error]
        raise _too_many(label, unread, len(unread), 0.0)
    detection = check_named(format_name, sample, label) if format_name else detect(sample, label)
    return _parsed(itertools.chain(head, rows), label, detection, accepts)


def check_share(file: DataFile, max_share: float) -> None:
    """Raises DataError if more than this share of a file's rows can't be used."""
    if len(file.rejected) > max_share * file.num_rows or not file.examples:
        raise _too_many(file.file, file.rejected, file.num_rows, max_share)


def _paths(section: DataSection) -> dict[str, Path]:
    named = {"train": section.train, "valid": section.valid, "test": section.test}
    paths = {part: Path(text).expanduser() for part, text in named.items() if text}
    for one, other in itertools.combinations(paths, 2):
        # not Path.resolve, which raises where symbolic links go in a circle
        if os.path.realpath(paths[one]) == os.path.realpath(paths[other]):
            raise DataError(
                f"data.{one} and data.{other} are the same file, {paths[one]}.",
                why="What is learned can't be used to test.",
                fix=f"Leave out data.{other}: it is then split off from data.train.",
                code="same_file",
            )
    return paths


def _labels(paths: Mapping[str, Path]) -> dict[str, str]:
    """The name of each file in ids: its own, with its part where two files have the same."""
    counts = Counter(path.name for path in paths.values())
    return {
        part: path.name if counts[path.name] == 1 else f"{part}/{path.name}"
        for part, path in paths.items()
    }


def _parsed(
    rows: Iterable[SourceRow], label: str, detection: Detection, accepts: Accepts | None
) -> DataFile:
    data_format = plugins.load("formats", detection.name)()
    examples: list[Example] = []
    rejected: list[Rejection] = []
    last = number = 0
    for row in rows:
        # a JSON list may hold many rows on one line
        last, number = row.line, number + 1 if row.line == last else 1
        error = row.error
        if row.row is not None:
            try:
                record = data_format.record(row.row)
                error = accepts(record) if accepts else None
            except RowError as problem:
                error = problem
            else:
                if error is None:
                    again = f"#{number}" if number > 1 else ""
                    name, source = f"{label}:{row.line}{again}", row.row.get("source")
                    told = source if isinstance(source, str) and isinstance(record, Text) else ""
                    examples.append(Example(name, row.line, record, told))
                    continue
        if error is not None:
            rejected.append(_rejection(row, label, error))
            num_rows = len(examples) + len(rejected)
            if len(rejected) > max(MOST_REJECTED, MOST_REJECTED_SHARE * num_rows):
                raise _given_up(label, rejected, num_rows)
    return DataFile(label, tuple(examples), tuple(rejected), detection)


def _rejection(row: SourceRow, label: str, error: RowError) -> Rejection:
    kept = row.raw if row.row is None else row.row
    why = f" {error.why}" if error.why else ""
    return Rejection(
        row.line, label, error.code, error.path, error.what + why, error.fix, kept or None
    )


def _too_many(
    label: str, rejected: Sequence[Rejection], num_rows: int, max_share: float
) -> DataError:
    by_code: dict[str, list[Rejection]] = {}
    for rejection in rejected:
        by_code.setdefault(rejection.code, []).append(rejection)
    commonest = sorted(by_code.values(), key=len, reverse=True)[:3]
    reasons = "\n".join(f"  {_reason(rejections)}" for rejections in commonest)
    share = len(rejected) / num_rows
    usable = num_rows > len(rejected)
    return DataError(
        f"{label}: {len(rejected)} of {num_rows} rows can't be used ({share:.0%}).\n{reasons}",
        why=f"More than {max_share:.0%} bad rows stop a run (data.max_rejected_share)."
        if usable
        else "No row is left.",
        fix=commonest[0][0].fix
        + (" To go on without the bad rows: --set data.max_rejected_share=1" if usable else ""),
        code="too_many_rejected",
    )


def _given_up(label: str, rejected: Sequence[Rejection], num_rows: int) -> DataError:
    told = _too_many(label, rejected, num_rows, MOST_REJECTED_SHARE)
    return DataError(
        told.what,
        why=f"Reading was given up at line {rejected[-1].line}: the file was written wrongly.",
        fix=rejected[-1].fix,
        code=told.code,
    )


def _reason(rejections: Sequence[Rejection]) -> str:
    lines = ", ".join(str(rejection.line) for rejection in rejections[:5])
    more = ", ..." if len(rejections) > 5 else ""
    plural = "s" if len(rejections) > 1 else ""
    first = rejections[0]
    return f"{len(rejections)} x {first.code} (line{plural} {lines}{more}): {first.what}"
