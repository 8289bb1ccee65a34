"""The files of a folder, in the order of their names, however deep and many.

Links are not followed: what they point at is read where it lies, and a loop has no end. Hidden
files are left out. Both are told, as is what can't be opened.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from postgrad.core.collecting import Skipped
from postgrad.data.collect.texts import shown_path

VENDORED = frozenset(
    (
        *("vendor", "vendored", "_vendor", "third_party", "third-party", "thirdparty"),
        *("node_modules", "bower_components", "site-packages", "extern", "external"),
    )
)
"""Folders in which code of others is kept by custom; GitHub's linguist knows most of them so."""

SURVEYED_FILES = 5000
"""Files that are looked at to see what a folder is."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file, and how it is called in rows: `handbook/refunds.md`. `inner` is its path inside the
    folder, with slashes."""

    path: Path
    source: str
    inner: str


Refuse = Callable[[Path, str, bool], Skipped | None]
"""Takes a path, its path inside the folder with slashes, and whether it is a folder; says why it
is left out. A folder that is left out is not entered."""


def walk(
    root: Path, label: str, refuse: Refuse | None = None, *, with_hidden: bool = False
) -> Iterator[Found | Skipped]:
    """Every file of a folder, or the file itself, and everything that is left out."""
    if not root.is_dir():
        yield Found(root, label, root.name)
        return
    waiting = [_entries(root, label, "")]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
        elif isinstance(entry, Skipped):
            yield entry
        else:
            told = _look(entry, refuse, with_hidden)
            if told is not None:
                yield told
            elif entry.path.is_dir():
                waiting.append(_entries(entry.path, entry.source, entry.inner))
            else:
                yield entry


def count(root: Path, refuse: Refuse | None = None, *, with_hidden: bool = False) -> int:
    """How many items `walk` gives."""
    return sum(1 for _ in walk(root, "", refuse, with_hidden=with_hidden))


def survey(root: Path) -> Counter[str]:
    """How many files of each ending a folder has, of its first SURVEYED_FILES; code of others,
    as far as the names of folders tell, does not count."""

    def vendored(path: Path, inner: str, is_folder: bool) -> Skipped | None:
        return Skipped(inner, "vendored", "") if is_folder and path.name in VENDORED else None

    files = (found for found in walk(root, "", vendored) if isinstance(found, Found))
    return Counter(found.path.suffix.lower() for found in islice(files, SURVEYED_FILES))


def _entries(folder: Path, label: str, inner: str) -> Iterator[Found | Skipped]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        yield _unreadable(label, error)
        return
    for name in names:
        within = f"{inner}/{name}" if inner else name
        yield Found(folder / name, f"{label}/{shown_path(name)}", within)


def _look(entry: Found, refuse: Refuse | None, with_hidden: bool) -> Skipped | None:
    try:
        mode = entry.path.lstat().st_mode
    except OSError as error:
        return _unreadable(entry.source, error)
    name = entry.path.name
    if not with_hidden and (name.startswith((".", "~$")) or name == "__MACOSX"):
        return Skipped(entry.source, "hidden", "Its name says that it is not for people.")
    if stat.S_ISLNK(mode):
        return Skipped(
            entry.source,
            "link",
            "It is a link; what it points at is read where it lies.",
            "If that is elsewhere, name it as a source of its own.",
        )
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return Skipped(entry.source, "no_file", "It is a pipe, a socket or a device.")
    return refuse(entry.path, entry.inner, stat.S_ISDIR(mode)) if refuse else None


def _unreadable(source: str, error: OSError) -> Skipped:
    return Skipped(
        source,
        "unreadable",
        f"It can't be opened: {error.strerror or error}.",
        "See that you may read it, then collect again.",
    )
