"""A source as a person names it: `handbook`, `documents:handbook`, `general.jsonl=5%`.

    [KIND:]PATH[=WEIGHT]

KIND is the name of a collector; without it the kind is detected. WEIGHT is a share of the rows of
the new file (`=5%`), or how many rows to take at most (`=500`); without it all are taken. A file or
folder that has such a name as it stands is meant as it stands.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from postgrad import plugins
from postgrad.data.collect.texts import shown_path
from postgrad.data.read import check_file
from postgrad.errors import JobError

_WEIGHT = re.compile(r"(?P<path>.+)=(?P<number>\d+(?:\.\d+)?)(?P<percent>\s*%)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Given:
    """A source of a collection.

    Attributes:
        text: as it was written.
        path: of the file or folder; it exists.
        label: how it is called in rows; no two sources of a collection have the same.
        kind: name of the collector; None: to be detected.
        share: of the rows of the new file, between 0 and 1; None: not given.
        limit: rows at most; None: not given.
    """

    text: str
    path: Path
    label: str
    kind: str | None = None
    share: float | None = None
    limit: int | None = None


def parse_sources(texts: Sequence[str], folder: Path) -> list[Given]:
    """The sources of a collection; paths are seen from the folder.

    Raises:
        DataError: there is no such file or folder.
        JobError: none is given, a weight can't be used, or there is no such kind.
    """
    if not texts:
        raise JobError(
            "There is no source to collect from.",
            fix="Name a folder or a file: postgrad data collect handbook -o handbook.jsonl",
            code="no_source",
        )
    found = [_parse(text, folder) for text in texts]
    counts = Counter(given.label for given in found)
    return [
        given if counts[given.label] == 1 else replace(given, label=f"{number}-{given.label}")
        for number, given in enumerate(found, 1)
    ]


def _parse(text: str, folder: Path) -> Given:
    path = _path(text, folder)
    if os.path.exists(path):  # Path.exists raises where a name is too long
        check_exists(path)
        return Given(text, path, _label(path))
    kind, colon, rest = text.partition(":")
    if colon and re.fullmatch("[a-z_]+", kind):
        plugins.load("collectors", kind)
        given = _weighted(text, rest, folder)
        return replace(given, kind=kind)
    return _weighted(text, text, folder)


def _weighted(text: str, rest: str, folder: Path) -> Given:
    path = _path(rest, folder)
    found = _WEIGHT.fullmatch(rest)
    if found and not os.path.exists(path):
        path = _path(found["path"], folder)
        check_exists(path)
        share, limit = _weight(text, float(found["number"]), bool(found["percent"]))
        return Given(text, path, _label(path), share=share, limit=limit)
    check_exists(path)
    return Given(text, path, _label(path))


def check_exists(path: Path) -> None:
    """Raises DataError if there is no file or folder at this path, naming the nearest file."""
    if not os.path.isdir(path):
        check_file(path)


def _weight(text: str, number: float, is_share: bool) -> tuple[float | None, int | None]:
    if is_share and 0 < number < 100:
        return number / 100, None
    if not is_share and number >= 1 and number.is_integer():
        return None, int(number)
    raise JobError(
        f"The weight of {text} can't be used.",
        why="A share is more than 0 % and less than 100 %; a number of rows is whole.",
        fix=f"For example: {text.rpartition('=')[0]}=5% or {text.rpartition('=')[0]}=500",
        code="invalid_weight",
    )


def _path(text: str, folder: Path) -> Path:
    return folder / Path(text).expanduser()


def _label(path: Path) -> str:
    name = path.name if path.name not in ("", "..") else path.resolve().name
    return shown_path(name or "root")
