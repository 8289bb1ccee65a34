"""Checkpoints that are whole or not there at all.

A checkpoint is written into a temporary folder beside its place, every file is flushed to disk,
the manifest (size and sha256 of each file) is written last, and the folder is renamed. Old ones
go only after that. A reader trusts only a folder whose files match its manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgrad.errors import SetupError

MANIFEST = "manifest.json"
TEMPORARY = ".tmp-"
KEEP_NEWEST = 2
"""Older than these go, except the best one: if the newest is damaged, the one before it loads."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A whole checkpoint: its folder and its manifest's `state`."""

    folder: Path
    state: dict[str, Any]

    @property
    def step(self) -> int:
        return int(self.state["step"])


def save(root: Path, step: int, write: Callable[[Path], dict[str, Any]]) -> Checkpoint:
    """Publish a checkpoint under `root`.

    Args:
        root: the run's `checkpoints` folder.
        step: optimizer steps done; names the folder.
        write: fills an empty folder with files and returns the state for the manifest.

    Raises:
        SetupError: the disk is full or fails; whatever was there before still is.
    """
    folder = root / f"step-{step:06d}"
    temporary = root / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        temporary.mkdir(parents=True)
        state = {**write(temporary), "step": step}
        files = {
            str(path.relative_to(temporary)): {"bytes": path.stat().st_size, "sha256": _hash(path)}
            for path in sorted(temporary.rglob("*"))
            if path.is_file()
        }
        manifest = {"schema_version": 1, "state": state, "files": files}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        for path in sorted(temporary.rglob("*"), reverse=True):
            flush(path)
        flush(temporary)
        if folder.exists():
            shutil.rmtree(folder)  # a resumed run is at this step again; its bits are the same
        temporary.rename(folder)
        flush(root)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise SetupError(
            f"The checkpoint of step {step} could not be written: {error.strerror or error}.",
            why="The checkpoint before it is untouched.",
            fix="Make room or choose another disk, then resume the run.",
            code="disk",
        ) from error
    return Checkpoint(folder, state)


def newest(root: Path) -> Checkpoint | None:
    """The newest whole checkpoint, or None. Damaged and half-written ones are passed over."""
    for folder in sorted(root.glob("step-*"), reverse=True):
        found = read(folder)
        if found is not None:
            return found
    return None


def read(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder, or None if any file differs from the manifest."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        for name, wanted in manifest["files"].items():
            path = folder / name
            if path.stat().st_size != wanted["bytes"] or _hash(path) != wanted["sha256"]:
                return None
        state = manifest["state"]
        # the manifest itself is not hashed: the folder's name must agree with it at least
        return Checkpoint(folder, state) if folder.name == f"step-{state['step']:06d}" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def tidy(root: Path, keep_step: int | None = None) -> None:
    """Remove leftovers of killed saves and all but the newest checkpoints and `keep_step`."""
    for leftover in root.glob(f"{TEMPORARY}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for folder in sorted(root.glob("step-*"), reverse=True)[KEEP_NEWEST:]:
        if folder.name != f"step-{keep_step or 0:06d}":
            shutil.rmtree(folder, ignore_errors=True)


def flush(path: Path) -> None:
    """Force a file or a folder's entries to the disk. An error means the data is lost: it is
    raised and never tried again (a second fsync may report success for dropped pages)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
