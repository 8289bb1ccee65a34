"""Which format the rows of a file have, and how that was seen."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from postgrad import plugins
from postgrad.core.interfaces import DataFormat
from postgrad.errors import DataError, SetupError

ROWS = 50
"""Rows that are looked at."""

MOST_KEYS = 200
"""Of these rows, keys that may be misspelt ones of a format; no table of examples has more."""

# Column names of common data sets, and what they are called here.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "prompt": ("question", "query", "input", "user", "source"),
    "completion": ("answer", "response", "output", "target", "label", "assistant", "reply"),
    "instruction": ("task",),
    "output": ("response", "answer", "target"),
    "messages": ("message", "chat", "dialog", "dialogue", "turns"),
    "conversations": ("conversation",),
    "text": ("content", "document", "body"),
}


@dataclass(frozen=True, slots=True)
class Detection:
    """A format's name, and a sentence that says how it was seen."""

    name: str
    sentence: str


def detect(rows: Sequence[Mapping[str, Any]], file: str = "The file") -> Detection:
    """The format that recognises most of the rows; the first in the table where two are equal.

    Raises:
        DataError: no format recognises any; the nearest one and its missing keys are given.
    """
    formats = _formats()
    recognised = {name: sum(map(candidate.recognises, rows)) for name, candidate in formats.items()}
    name = max(recognised, key=lambda name: recognised[name])
    if not recognised[name]:
        raise _no_format(rows, formats, file)
    keys = " and ".join(_keys(formats[name])) or "its keys"
    count = f"{recognised[name]} of the first {len(rows)} rows have"
    if recognised[name] == len(rows):
        count = f"all of the first {len(rows)} rows have" if len(rows) > 1 else "its only row has"
    return Detection(name, f"{file} is read as {formats[name].title}: {count} {keys}.")


def check_named(name: str, rows: Sequence[Mapping[str, Any]], file: str) -> Detection:
    """The format that the user named, if it fits any of the rows.

    Raises:
        DataError: it fits none; a format that fits is given.
        JobError: there is no such format.
    """
    named: DataFormat = plugins.load("formats", name)()
    if not rows or any(map(named.recognises, rows)):
        return Detection(name, f"{file} is read as {named.title}, as data.format says.")
    seen = detect(rows, file)
    raise DataError(
        f"{file} is not {named.title}: its rows' keys are {_key_list(rows)}.",
        why=f"data.format is {name}, which needs {' and '.join(_keys(named)) or 'other keys'}.",
        fix=f"Its rows look like {seen.name}: --set data.format={seen.name}",
        code="wrong_format",
    )


def _formats() -> dict[str, DataFormat]:
    found: dict[str, DataFormat] = {}
    for name in plugins.names("formats"):
        try:
            found[name] = plugins.load("formats", name)()
        except SetupError:
            continue  # a plug-in whose own packages are missing must not stop the others
    return found


def _no_format(
    rows: Sequence[Mapping[str, Any]], formats: Mapping[str, DataFormat], file: str
) -> DataError:
    every = dict.fromkeys(str(key) for row in rows for key in row)
    present = list(itertools.islice(every, MOST_KEYS))
    renames = {
        name: {key: _counterpart(key, present) for key in _keys(candidate) if key not in present}
        for name, candidate in formats.items()
        if _keys(candidate)
    }

    def fitness(name: str) -> float:
        keys = _keys(formats[name])
        matched = len(keys) - sum(1.0 if not found else 0.5 for found in renames[name].values())
        return matched / len(keys)

    nearest = max(renames, key=fitness)
    if fitness(nearest) <= 0:
        why = "Known: " + "; ".join(
            f"{name} ({', '.join(_keys(formats[name]))})" for name in renames
        )
        fix = "Rename the keys to those of one of these formats; docs/data.md shows a row of each."
    else:
        missing = " and ".join(renames[nearest])
        verb = "is" if len(renames[nearest]) == 1 else "are"
        why = f"The nearest format is {nearest}, for which {missing} {verb} missing."
        pairs = [f"{found} to {key}" for key, found in renames[nearest].items() if found]
        fix = f"Rename {', '.join(pairs)}." if pairs else f"Add {missing} to each row."
    return DataError(
        f"{file} has no known format: its rows' keys are {_key_list(rows)}.",
        why=why,
        fix=fix,
        code="unknown_format",
    )


def _counterpart(key: str, present: Sequence[str]) -> str:
    """The key of the file that may be meant by a format's key."""
    plain = {name.strip().lower(): name for name in present}
    for synonym in (key, *_SYNONYMS.get(key, ())):
        if synonym in plain:
            return plain[synonym]
    near = difflib.get_close_matches(key, plain, n=1, cutoff=0.75)
    return plain[near[0]] if near else ""


def _keys(candidate: DataFormat) -> tuple[str, ...]:
    """The keys that a format needs; a plug-in need not say them."""
    return tuple(getattr(candidate, "keys", ()))


def _key_list(rows: Sequence[Mapping[str, Any]]) -> str:
    counted = Counter(str(key) for row in rows for key in row)
    names = [name for name, _ in counted.most_common(12)]
    return ", ".join(name if len(name) <= 40 else f"{name[:39]}…" for name in names) or "none"
