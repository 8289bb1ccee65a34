"""The folder where fetched base models stay.

    ROOT/models/KEY/        a converted model, whole or not there at all
    ROOT/models/.tmp-KEY-*  being built by the process that holds the lock
    ROOT/models/.lock-KEY   the lock; its content means nothing
    ROOT/hub/               huggingface_hub's own layout
    ROOT/hashes/            what was hashed already, by path, size and time

A model is built beside its place and renamed into it. Only the holder of the lock builds, so a
`.tmp-KEY-*` that the holder finds was left by a process that was killed, and it is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total) from time to time; the unit is bytes for `download`, else steps."""


def default_cache_root(environ: Mapping[str, str]) -> Path:
    """POSTGRAD_CACHE, else XDG_CACHE_HOME/postgrad, else ~/.cache/postgrad.

    `environ` is given by the caller, so that only the outermost layer reads the environment.
    """
    if chosen := environ.get("POSTGRAD_CACHE"):
        return Path(chosen).expanduser().absolute()
    if caches := environ.get("XDG_CACHE_HOME"):
        return Path(caches).expanduser().absolute() / "postgrad"
    return Path.home() / ".cache" / "postgrad"


@dataclass(frozen=True, slots=True)
class Cache:
    """Places inside one cache folder, and how something gets there whole."""

    root: Path

    @property
    def models(self) -> Path:
        """Converted models, one folder each."""
        return self.root / "models"

    @property
    def hub(self) -> Path:
        """What huggingface_hub keeps."""
        return self.root / "hub"

    @property
    def hashes(self) -> Path:
        """Remembered hashes of files that lie elsewhere."""
        return self.root / "hashes"

    def converted(self, name: str) -> Path | None:
        """The folder of a model with a short name, or None if it is not here."""
        found = sorted(path for path in self.models.glob(f"{name}-*") if path.is_dir())
        return found[-1] if found else None

    @contextlib.contextmanager
    def lock(self, key: str, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the only right to build `key`; waits for another process that holds it.

        The system lets go of the lock when the process ends, however it ends.
        """
        self.models.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.models / f".lock-{key}", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _lock(descriptor, wait=False):
                if on_wait:
                    on_wait()
                _lock(descriptor, wait=True)
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def scratch(self, key: str) -> Iterator[Path]:
        """An empty folder to build `key` in, on the same disk; it disappears after the block.

        Call it with the lock of `key` held: what a killed process left is removed here.
        """
        for leftover in self.models.glob(f".tmp-{key}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        folder = self.models / f".tmp-{key}-{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, target: Path) -> None:
    """Move a finished folder to its place: after a power cut it is there whole, or not at all.

    A folder that is already there is replaced; the caller holds the lock.
    """
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)
    if target.exists():
        old = folder.with_name(f"{folder.name}-old")
        target.rename(old)
        folder.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        folder.rename(target)
    _sync(target.parent)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        beside.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        _sync(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """The content of a JSON file, or None if there is none or it can't be read as JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _sync(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return  # Windows can't open a folder to sync it.
    descriptor = os.open(path, os.O_RDONLY if sys.platform != "win32" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _lock(descriptor: int, *, wait: bool) -> bool:
        while True:
            try:
                # LK_LOCK itself gives up after 10 seconds.
                msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
            else:
                return True

else:

    def _lock(descriptor: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
