"""The file of a run that has to be mended, and the command that does it."""

from __future__ import annotations

import shlex
from pathlib import Path

from postgrad.core.suggestion import Change, Evidence

FILES = ("data.train", "data.valid", "data.test")


def file_of(it: Evidence, name: str = "") -> tuple[str, str] | None:
    """The key and the path of the job's file with this name; without one, of its training file.
    None where the report does not say what it was trained on."""
    given = {key: str(path) for key in FILES if (path := it.setting(key))}
    named = [(key, path) for key, path in given.items() if Path(path).name == name]
    return next(iter(named or given.items()), None)


def cleaning(it: Evidence, key: str, path: str) -> tuple[str, Change]:
    """The command that mends a file, and the job's change to what it writes."""
    cleaned = str(Path(path).with_name(f"{Path(path).stem}-clean.jsonl"))
    parts = ["postgrad", "data", "clean", path, "-o", cleaned]
    if it.source("data.format") == "yours":  # else it is detected
        parts += ["--set", f"data.format={it.setting('data.format')}"]
    return shlex.join(parts), Change(key, path, cleaned)
