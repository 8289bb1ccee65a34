"""Checkpoints that are whole or not there at all.

A checkpoint is written into a temporary folder beside its place, every file is flushed to disk,
the manifest (size and sha256 of each file, and of itself) is written last, and the folder is
renamed. Old ones go only after that. A reader trusts only a folder that is exactly what its
manifest says.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from postgrad.errors import SetupError

MANIFEST = "manifest.json"
TEMPORARY = ".tmp-"
REPLACED = ".replaced"
"""Marks a whole checkpoint that stands in for its step until the new one is in its place."""
KEEP_NEWEST = 2
"""Older than these go, except the best one: if the newest is damaged, the one before it loads."""

_STEP = re.compile(rf"step-(\d+)({re.escape(REPLACED)})?$")


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
    folder = root / _name(step)
    replaced = folder.with_name(folder.name + REPLACED)
    temporary = root / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        temporary.mkdir(parents=True)
        state = {**write(temporary), "step": step}
        (temporary / MANIFEST).write_text(_manifest(state, _entries(temporary)))
        flush_tree(temporary)
        if read(folder):  # a resumed run is at this step again
            shutil.rmtree(replaced, ignore_errors=True)
            folder.rename(replaced)
        elif folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
        flush(root)
    except Exception as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if (reason := disk_error(error)) is None:
            raise
        raise SetupError(
            f"The checkpoint of step {step} could not be written: {reason}.",
            why="The checkpoint before it is untouched.",
            fix="Make room or choose another disk, then resume the run.",
            code="disk",
        ) from error
    shutil.rmtree(replaced, ignore_errors=True)
    return Checkpoint(folder, state)


def newest(root: Path, on_damaged: Callable[[Path], None] | None = None) -> Checkpoint | None:
    """The newest whole checkpoint, or None. Damaged ones are passed over, and told."""
    for folder in _folders(root):
        found = read(folder)
        if found is not None:
            return found
        if on_damaged:
            on_damaged(folder)
    return None


def read(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder, or None unless every byte is as its manifest says."""
    try:
        text = (folder / MANIFEST).read_text()
        manifest = json.loads(text)
        state, files = manifest["state"], manifest["files"]
        # written anew from its own values it must be the same text: so the hash covers all of it
        whole = text == _manifest(state, files) and files == _entries(folder)
        named = folder.name.removesuffix(REPLACED) == _name(state["step"])
        return Checkpoint(folder, state) if whole and named else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def tidy(root: Path, keep_step: int = 0) -> None:
    """Remove leftovers of killed saves and all but the newest checkpoints and `keep_step`."""
    for leftover in root.glob(f"{TEMPORARY}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for folder in _folders(root)[KEEP_NEWEST:]:
        if folder.name != _name(keep_step):
            shutil.rmtree(folder, ignore_errors=True)


def disk_error(error: BaseException) -> str | None:
    """What the disk said, if an error is one of the disk; safetensors hides it in its own class."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, SafetensorError) and "I/O error" in str(error):
        return str(error)
    return None


def flush_tree(folder: Path) -> None:
    """Force a folder with all that is in it to the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        flush(path)
    flush(folder)


def flush(path: Path) -> None:
    """Force a file or a folder's entries to the disk. An error means the data is lost: it is
    raised and never tried again (a second fsync may report success for dropped pages)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name(step: int) -> str:
    return f"step-{step:06d}"


def _folders(root: Path) -> list[Path]:
    """Folders of checkpoints, the newest first; of one step, the one in its place first."""
    numbered = ((_STEP.match(folder.name), folder) for folder in root.glob("step-*"))
    found = [(-int(match[1]), folder) for match, folder in numbered if match]
    return [folder for _, folder in sorted(found)]


def _manifest(state: Mapping[str, Any], files: Mapping[str, Any]) -> str:
    content = {"schema_version": 1, "state": state, "files": files}
    sha256 = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return json.dumps({**content, "sha256": sha256}, indent=2) + "\n"


def _entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and hash of every file but the manifest, by path."""
    return {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": _hash(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
