"""Line file: JSON lines that are only ever added to, each whole on the disk before the next.

A kill can tear the last line at most; it is passed over when reading, and ended before writing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postgrad.errors import SetupError


def add_line(path: Path, values: Mapping[str, Any]) -> None:
    """Add one line and see it on the disk.

    Raises:
        SetupError: the file can't be written.
    """
    text = json.dumps(dict(values), ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(text.encode("utf-8", "backslashreplace") + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SetupError(
            f"Can't write {path}: {error.strerror or error}.",
            why="What was stored before is whole.",
            fix="Free some space or check the rights, then do the same again.",
            code="disk",
        ) from error


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Every whole line; none where there is no file."""
    if not path.exists():
        return []
    found: list[dict[str, Any]] = []
    for line in path.read_bytes().split(b"\n"):
        try:
            values = json.loads(line)
        except ValueError:
            continue
        if isinstance(values, dict):
            found.append(values)
    return found
