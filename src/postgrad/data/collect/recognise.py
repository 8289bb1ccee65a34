"""Which kind of source a file or folder is, and how that was seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from postgrad import plugins
from postgrad.core.collecting import CollectSettings, Look
from postgrad.core.interfaces import Collector
from postgrad.data.collect.given import Given
from postgrad.data.collect.texts import shown_path
from postgrad.data.collect.walk import survey
from postgrad.data.detect import ROWS, detect
from postgrad.data.read import read_rows
from postgrad.errors import DataError, SetupError

HEAD_BYTES = 65536
"""Enough for the first object of a JSON file, or the first mail of a mailbox."""
ROW_FILES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
"""Files whose first rows can be read without reading all of them."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A source with the collector that reads it, and a sentence that says how that was seen."""

    given: Given
    collector: Collector
    sentence: str


def recognise(given: Given, settings: CollectSettings) -> Recognised:
    """The collector that reads a source: the one that was named, or the one that would read most.

    Raises:
        DataError: no collector reads it.
        JobError: there is no collector of that name.
    """
    if given.kind:
        named: Collector = plugins.load("collectors", given.kind)()
        return Recognised(given, named, f"{given.label} is read as {named.title}, as you say.")
    look = look_at(given.path, settings)
    counts = {collector: collector.recognises(look) for collector in _collectors()}
    found = max(counts, key=lambda each: counts[each])
    if not counts[found]:
        raise _unknown(given, look)
    sentence = f"{given.label} is read as {found.title}."
    if look.is_folder:
        total = sum(look.endings.values())
        sentence = f"{given.label} is read as {found.title}: {counts[found]:,} of {total:,} files."
        others = [
            f"{each.name}:{shown_path(given.path)}"
            for each in counts
            if each != found and counts[each]
        ]
        if others:
            sentence += f" It could also be read as {' or '.join(others)}."
    return Recognised(given, found, sentence)


def look_at(path: Path, settings: CollectSettings) -> Look:
    """What can be seen of a file or folder before it is read.

    Raises:
        DataError: it can't be opened.
        SetupError: a Parquet file without pyarrow.
    """
    try:
        if path.is_dir():
            names = frozenset(entry.name for entry in path.iterdir())
            return Look(path, True, settings, survey(path), names=names)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise DataError(
            f"{path} can't be read: {error.strerror or error}.",
            fix="See that you may read it.",
            code="unreadable_file",
        ) from None
    ending = path.suffix.lower()
    rows = [row.row for row in islice(read_rows(path), ROWS)] if ending in ROW_FILES else []
    filled = tuple(row for row in rows if row is not None)
    return Look(path, False, settings, Counter([ending]), head, rows=filled)


def _collectors() -> list[Collector]:
    found: list[Collector] = []
    for name in plugins.names("collectors"):
        try:
            found.append(plugins.load("collectors", name)())
        except SetupError:  # a plug-in whose own packages are missing must not stop the others
            continue
    return found


def _unknown(given: Given, look: Look) -> DataError:
    if look.rows and given.path.suffix.lower() not in (".csv", ".tsv"):
        detect(look.rows, str(given.path))  # raises, with the nearest format
    if look.rows:
        return DataError(
            f"{given.path} is no table of chats that is known: its columns are "
            f"{', '.join(look.rows[0])}.",
            why="A helpdesk table has a row for each message (ticket, author, body), or for each "
            "question with its answer.",
            fix="Say which column is which: --set columns.question=NAME --set columns.answer=NAME, "
            "or --set columns.ticket=NAME --set columns.author=NAME --set columns.body=NAME",
            code="unknown_columns",
        )
    common = ", ".join(
        f"{number} {ending or 'without ending'}"
        for ending, number in Counter(look.endings).most_common(5)
    )
    return DataError(
        f"Nothing in {given.path} can be collected{f' (it has {common})' if common else ''}.",
        why="Known: " + "; ".join(f"{each.name} ({each.title})" for each in _collectors()) + ".",
        fix=f"If it is one of these nevertheless, say which: documents:{shown_path(given.path)}",
        code="unknown_source",
    )
