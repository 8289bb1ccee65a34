"""Whole files: what is written gets its name once it is finished, and never the name of another."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from postgrad.errors import DataError


def refuse_unless_free(output: Path, *beside: Path) -> None:
    """See that a file of rows can be written here, and other files beside it.

    Raises:
        DataError: it does not end in .jsonl, its folder is missing, or something is there already.
    """
    if output.suffix.lower() not in (".jsonl", ".ndjson"):
        raise DataError(
            f"{output} does not end in .jsonl.",
            why="The new file has one row of JSON on each line, whatever the source has.",
            fix=f"-o {shlex.quote(str(output.with_suffix('.jsonl')))}",
            code="wrong_output",
        )
    if not output.parent.is_dir():
        raise DataError(
            f"There is no folder {output.parent}.",
            fix=f"mkdir -p {shlex.quote(str(output.parent))}",
            code="wrong_output",
        )
    for path in (output, *beside):
        if os.path.lexists(path):
            raise is_there(path)


def publish(part: Path, path: Path) -> None:
    """Give a finished file its name.

    Raises:
        DataError: that name is taken.
    """
    try:
        os.link(part, path)
    except FileExistsError:
        raise is_there(path) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise is_there(path) from None
        os.replace(part, path)


def sync(descriptor: int) -> None:
    """See that what the page cache holds is on the disk, before the file gets its name."""
    os.fsync(descriptor)


def is_there(path: Path, fix: str = "") -> DataError:
    """The error for a name that is taken."""
    return DataError(
        f"{path} is already there.",
        why="A file is never overwritten.",
        fix=fix or "Choose another name with -o.",
        code="output_exists",
    )
