"""The new file and the list of what was left out, written as they come and named once whole."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from postgrad.core.collecting import Row, Skipped
from postgrad.data import publish
from postgrad.data.canonical import line_of, row_of
from postgrad.errors import SetupError


def skipped_path(output: Path) -> Path:
    """The place of the list of what was left out: OUT.skipped.jsonl beside OUT.jsonl."""
    return output.with_suffix(".skipped.jsonl")


def line_of_row(row: Row) -> bytes:
    """A row as a line of the new file: the record, where it came from, and what is known of it."""
    found = {**row_of(row.record), "source": row.source, **row.more}
    return line_of(found).encode("utf-8", "replace") + b"\n"


class Output:
    """Both files of a collection. Used as a context manager: without `finish`, neither is there
    afterwards."""

    def __init__(self, path: Path) -> None:
        publish.refuse_unless_free(path, skipped_path(path))
        self.path, self.num_skipped = path, 0
        self._parts = {each: Path(f"{each}.unfinished") for each in (path, skipped_path(path))}
        self._files: dict[Path, BinaryIO] = {}

    def __enter__(self) -> Output:
        try:
            self._files = {each: part.open("wb") for each, part in self._parts.items()}
        except OSError as error:
            self.__exit__()
            raise disk_error(self.path, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        for file in self._files.values():
            try:
                file.close()
            except OSError:  # a full disk; what could not be written is told by whoever wrote it
                continue
        for part in self._parts.values():
            part.unlink(missing_ok=True)

    def write(self, line: bytes) -> None:
        """Add a line to the new file."""
        self._files[self.path].write(line)

    def skip(self, skipped: Skipped) -> None:
        """Add something to the list of what was left out."""
        told = {
            "source": skipped.source,
            "code": skipped.code,
            "what": skipped.what,
            "fix": skipped.fix,
            **({"text": skipped.text} if skipped.text else {}),
            **({"part": True} if not skipped.num_items else {}),
        }
        line = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        self._files[skipped_path(self.path)].write(line)
        self.num_skipped += 1

    def finish(self) -> list[Path]:
        """Give the files their names, the new file last; those that were written.

        Raises:
            DataError: something has got the name meanwhile.
        """
        for file in self._files.values():
            file.flush()
            publish.sync(file.fileno())
            file.close()
        beside = skipped_path(self.path)
        names: Iterable[Path] = (beside, self.path) if self.num_skipped else (self.path,)
        written: list[Path] = []
        try:
            for each in names:
                publish.publish(self._parts[each], each)
                written.append(each)
        except BaseException:
            for each in written:
                each.unlink()
            raise
        return written


def disk_error(path: Path, error: OSError) -> SetupError:
    """The error for a place that can't be written to."""
    return SetupError(
        f"{path} could not be written: {error.strerror or error}.",
        fix=f"Free space or rights there; see: df -h {shlex.quote(str(path.parent))}",
        code="disk",
    )
