"""Marks: what a person said of pairs of answers, not knowing whose they are.

A line of RUN/review.jsonl is a mark {pair, id, first, mark, from, time}: `first` is whose answer
was shown as A, `mark` is a, b, tie or skip. Of two marks of one pair the later one counts. A line
{seen, time} says that a result was shown: marks after it were not made blind to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from postgrad.core.pair import Pair, Place, Preferred, preferred
from postgrad.core.run import RunFolder
from postgrad.errors import DataError
from postgrad.evals.line_file import add_line, read_lines
from postgrad.evals.pairs import shown_first

MarkWord = Literal["a", "b", "tie", "skip"]

ENOUGH_MARKS = 50
"""From so many pairs on, a person's marks decide. As many as are commonly asked for to check a
judge against people; with 50 of which 30 % are preferred one way or the other, a difference under
22 points may not be seen (docs/evaluation.md). A smaller test is enough once all of it is marked.
"""

FEWEST_MARKS = 6
"""With five the best possible result, all of them alike, still has p = 2 / 2^5 = 0.06."""

PLACES: dict[str, Place] = {"a": "first", "b": "second", "tie": "tie"}

PAGE_VERSION = 1


@dataclass(frozen=True)
class Marks:
    """A person's marks of the pairs of a run.

    Attributes:
        pairs: in the order in which they are shown.
        found: by key, the mark and whose answer was A.
        num_late: marks made after a result was shown.
        num_old: marks of pairs whose answers have changed since.
    """

    pairs: Sequence[Pair]
    found: Mapping[str, Mapping[str, Any]]
    num_late: int
    num_old: int

    @property
    def preferences(self) -> dict[str, Preferred]:
        """By key, whose answer was preferred; skipped pairs are left out. Answers that are the
        same count as a tie, up to the last pair that was marked."""
        chosen: dict[str, Preferred] = {}
        passed: list[str] = []
        for pair in self.pairs:
            line = self.found.get(pair.key)
            if pair.is_same:
                passed.append(pair.key)
            elif line:
                chosen |= dict.fromkeys(passed, cast("Preferred", "tie"))
                passed = []
                if line["mark"] in PLACES:
                    chosen[pair.key] = preferred(line["first"], PLACES[line["mark"]])
        if not self.waiting:
            chosen |= dict.fromkeys(passed, cast("Preferred", "tie"))
        return chosen

    @property
    def waiting(self) -> list[Pair]:
        """Pairs that are still to be marked."""
        return [pair for pair in self.pairs if pair.key not in self.found and not pair.is_same]

    @property
    def num_asked(self) -> int:
        """Pairs whose answers differ: what there is to mark."""
        return sum(not pair.is_same for pair in self.pairs)

    @property
    def num_skipped(self) -> int:
        return sum(line["mark"] == "skip" for line in self.found.values())

    @property
    def needed(self) -> int:
        """Pairs that must still be marked before the marks decide."""
        left = len(self.waiting)
        return min(left, max(0, ENOUGH_MARKS - len(self.preferences)))

    @property
    def decide(self) -> bool:
        """Whether there are enough to decide the verdict."""
        return bool(self.found) and not self.needed and len(self.preferences) >= FEWEST_MARKS


def load_marks(run: RunFolder, pairs: Sequence[Pair]) -> Marks:
    """The stored marks of these pairs."""
    known = {pair.key for pair in pairs}
    found: dict[str, Mapping[str, Any]] = {}
    old: set[str] = set()
    late: set[str] = set()
    seen = False
    for line in read_lines(run.review):
        if "seen" in line:
            seen = True
        elif line.get("pair") in known and line.get("mark") in get_args(MarkWord):
            found[line["pair"]] = line
            if seen:
                late.add(line["pair"])
        elif "pair" in line:
            old.add(line["pair"])
    return Marks(pairs, found, len(late), len(old))


def add_mark(run: RunFolder, pair: Pair, mark: MarkWord, seed: int, source: str) -> None:
    """Store one mark, at once.

    Raises:
        SetupError: the file can't be written.
    """
    values = {"pair": pair.key, "id": pair.id, "first": shown_first(pair, seed), "mark": mark}
    add_line(run.review, values | {"from": source, "time": _now()})


def add_seen(run: RunFolder, num_marks: int) -> None:
    """Write down that a result of so many marks is shown, unless nothing came since the last."""
    lines = read_lines(run.review)
    if lines and "seen" not in lines[-1]:
        add_line(run.review, {"seen": num_marks, "time": _now()})


def import_marks(run: RunFolder, marks: Marks, path: Path, seed: int) -> dict[str, int]:
    """Store the marks of a file that the review page gave.

    Returns:
        `added`, `changed` (the pair had another mark), and `known` (the same mark was there).

    Raises:
        DataError: the file can't be read, is none of ours, or is of other answers.
    """
    by_key = {pair.key: pair for pair in marks.pairs}
    lines = _page_marks(path)
    strangers = sum(key not in by_key for key, _ in lines)
    if strangers:
        raise DataError(
            f"{strangers} of the {len(lines)} marks in {path} are of other answers than this "
            "run's.",
            why="The page was made of another run, or the models were asked again since.",
            fix=f"Make a new page: postgrad review {run.path} --page FILE.html",
            code="other_review",
        )
    told = {"added": 0, "changed": 0, "known": 0}
    for key, mark in lines:
        before = marks.found.get(key)
        kind = "added" if before is None else "known" if before["mark"] == mark else "changed"
        told[kind] += 1
        if kind != "known":
            add_mark(run, by_key[key], mark, seed, "page")
    return told


def _page_marks(path: Path) -> list[tuple[str, MarkWord]]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["postgrad_review"] != PAGE_VERSION:
            raise ValueError(f"version {held['postgrad_review']!r}")
        lines = list(_checked(held["marks"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} holds no marks: {error}.",
            why="It should be the file that the review page downloads.",
            fix="Open the page again and press its download button.",
            code="no_marks",
        ) from None
    return list(dict(lines).items())


def _checked(lines: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, MarkWord]]:
    for line in lines:
        if line["mark"] not in get_args(MarkWord):
            raise ValueError(f"there is no mark {line['mark']!r}")
        yield str(line["pair"]), line["mark"]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
