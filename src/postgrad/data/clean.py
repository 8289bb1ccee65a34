"""Clean: a data file without the defects that the data doctor can mend.

A row with a hit that says `drop` is left out; in any other row every `replace` of its hits is
applied (`mend.py`). All other lines are copied byte for byte. One round can bring up new defects
(two rows that differed in a phone number are the same once it is masked), so rounds follow until
nothing is left to do. What was done to each row is in the decision log (`decisions.py`).
"""

from __future__ import annotations

import codecs
import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from postgrad import plugins
from postgrad.core.findings import Hit, Kind
from postgrad.core.interfaces import Rule
from postgrad.data import decisions, doctor
from postgrad.data.decisions import Decision
from postgrad.data.doctor import Diagnosis
from postgrad.data.files import Accepts, DataFile, Example, Rejection, load_file
from postgrad.data.mend import mended
from postgrad.data.read import read_rows
from postgrad.errors import DataError, JobError, SetupError


@dataclass(frozen=True, slots=True)
class Cure:
    """What `data clean` is asked to mend: codes of findings, and the rules that find them."""

    rules: tuple[str, ...]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Note:
    """Why a row is touched."""

    code: str
    what: str


def cure(only: Sequence[str] = (), without: Sequence[str] = (), added: Sequence[str] = ()) -> Cure:
    """The codes to mend and their rules.

    Args:
        only: codes; none: all that can be mended without a person's look, of the rules that run
            without being asked for.
        without: codes that are left as they are.
        added: optional rules that run too.

    Raises:
        JobError: there is no such code or rule, or a person has to mend it.
        SetupError: a package that a rule needs is missing.
    """
    usual = _by_code(doctor.rules(None, added))
    every = usual | _by_code(_asked_for({*only, *without} - usual.keys()))
    for code in (*only, *without):
        if code not in every:
            raise doctor.unknown_finding(code, sorted(every))
        if code in only and not every[code][1].cleaned:
            raise _not_cleaned(every[code][1])
    wanted = only or [code for code, (_, kind) in usual.items() if mends_unasked(kind)]
    chosen = {code: every[code][0] for code in wanted if code not in without}
    return Cure(tuple(dict.fromkeys(chosen.values())), frozenset(chosen))


def mends_unasked(kind: Kind) -> bool:
    """Whether `data clean` mends it without being told to: not what a person is to look at
    first."""
    return kind.cleaned and kind.severity != "look"


class Draft:
    """A file on its way to being clean.

    Attributes:
        path: the file as it is now, one row on each line.
        label: the original's name in findings.
        rounds: rounds that changed something.
    """

    def __init__(
        self, source: Path, label: str, scratch: Path, accepts: Accepts | None = None
    ) -> None:
        self.label = label
        self._accepts = accepts
        self.rounds = 0
        self._source, self._scratch = source, scratch
        self._sha256 = decisions.file_sha256(source)
        self._unread: list[Decision] = []
        self._is_lines = _has_rows_on_lines(source)
        self._first = source if self._is_lines else scratch / "rows.jsonl"
        # by line of `_first`, the line of the source
        self._lines = [] if self._is_lines else self._convert()
        self.path = self._first
        self._kept: list[int] | None = None  # by line of `path`, that of `_first`; None: the same
        self._places: list[int] = []  # by row, as the rules count them, its line in `path`
        self._notes: dict[int, list[_Note]] = defaultdict(list)

    def read(self, original: DataFile) -> DataFile:
        """The file as it is now, read as the original was; its rows have the original's lines.

        Raises:
            DataError: no row is left that can be used.
        """
        file = original
        if self.path != self._source:
            file = load_file(self.path, original.detection.name, self._accepts, self.label)
        found = [(self._line(row.line), row) for row in (*file.examples, *file.rejected)]
        # the order in which `rows.rows_of` counts them
        found.sort(key=lambda each: each[0])
        self._places = [row.line for _, row in found]
        return replace(
            file,
            examples=tuple(replace(r, line=at) for at, r in found if isinstance(r, Example)),
            rejected=tuple(replace(r, line=at) for at, r in found if isinstance(r, Rejection)),
        )

    def apply(self, diagnosis: Diagnosis, codes: Collection[str]) -> int:
        """Mend what was found in the file that `read` gave; the number of rows touched.

        Raises:
            DataError: no row that can be used would be left.
        """
        rows = [row for row in diagnosis.rows if row.file == self.label]
        places = {row.index: place for row, place in zip(rows, self._places, strict=True)}
        hits: dict[int, list[Hit]] = defaultdict(list)
        for hit in diagnosis.hits:
            if hit.row in places and hit.code in codes:
                can_change = hit.replace and diagnosis.rows[hit.row].record is not None
                if hit.drop or can_change:
                    hits[places[hit.row]].append(hit)
        dropped = {place for place, found in hits.items() if any(hit.drop for hit in found)}
        if not any(row.record is not None and places[row.index] not in dropped for row in rows):
            raise DataError(
                f"Nothing would be left of {self.label}.",
                why="Every row that could be used has a finding for which it is left out.",
                fix=f"See them with: postgrad data check {shlex.quote(str(self._source))}",
                code="nothing_left",
            )
        return self._rewrite(hits) if hits else 0

    def finish(self, output: Path) -> dict[str, Any]:
        """Write the cleaned file and its log; the head of the log with rows and reasons.

        Raises:
            DataError: something is there already, or the source changed meanwhile.
            SetupError: the disk is full or the folder can't be written.
        """
        if decisions.file_sha256(self._source) != self._sha256:
            raise DataError(
                f"{self._source} has changed while it was being cleaned.",
                fix="Clean it again once nothing writes to it.",
                code="source_changed",
            )
        original = None if self._is_lines else self._source.read_bytes()
        by_code: Counter[str] = Counter()
        touched = _counted(self._decisions(), by_code)
        head = decisions.write(
            output,
            self.path,
            touched,
            name=self._source.name,
            sha256=self._sha256,
            original=original,
        )
        return {**head, "by_code": dict(by_code.most_common())}

    def _line(self, number: int) -> int:
        """The line of the source that a line of `path` comes from."""
        first = number if self._kept is None else self._kept[number - 1]
        return first if self._is_lines else self._lines[first - 1]

    def _convert(self) -> list[int]:
        """Write the rows of another kind of file one on each line; their lines in the source.
        Rows that can't be read have no JSON: they are left out here."""
        lines: list[int] = []
        with self._first.open("wb") as file:
            for row in read_rows(self._source):
                if row.row is not None:
                    file.write(json.dumps(row.row, ensure_ascii=False).encode() + b"\n")
                    lines.append(row.line)
                elif row.error is not None:
                    raw = row.raw.encode("utf-8", "backslashreplace")
                    why = f"{row.error.what} {row.error.fix}".strip()
                    self._unread.append(Decision(row.line, (row.error.code,), why, raw, None))
        return lines

    def _rewrite(self, hits: dict[int, list[Hit]]) -> int:
        target = self._scratch / f"round-{self.rounds + 1}.jsonl"
        kept: list[int] = []
        touched = 0
        try:
            with self.path.open("rb") as before, target.open("wb") as after:
                for number, line in enumerate(before, 1):
                    first = number if self._kept is None else self._kept[number - 1]
                    found = hits.get(number, [])
                    reasons = [hit for hit in found if hit.drop] or found
                    new = b"" if any(hit.drop for hit in found) else _mended_line(line, found)
                    if new != line:
                        touched += 1
                        self._notes[first] += [_Note(hit.code, hit.what) for hit in reasons]
                    if new:
                        after.write(new)
                        kept.append(first)
        except OSError as error:
            raise SetupError(
                f"{target} could not be written: {error.strerror or error}.",
                why="A file is cleaned in the system's folder for temporary files.",
                fix="Make room there, or name another one: TMPDIR=FOLDER postgrad data clean ...",
                code="disk",
            ) from error
        if touched:
            if self.path != self._first:
                self.path.unlink()
            self.path, self._kept, self.rounds = target, kept, self.rounds + 1
        return touched

    def _decisions(self) -> Iterator[Decision]:
        """What was done in all rounds together, in the order of the source."""
        unread = iter(self._unread)
        waiting = next(unread, None)
        kept = None if self._kept is None else set(self._kept)
        with self._first.open("rb") as before, self.path.open("rb") as after:
            for number, line in enumerate(before, 1):
                new = after.readline() if kept is None or number in kept else None
                at = number if self._is_lines else self._lines[number - 1]
                while waiting is not None and waiting.line < at:
                    yield waiting
                    waiting = next(unread, None)
                if number in self._notes:
                    yield _decision(at, self._notes[number], line, new)
        while waiting is not None:
            yield waiting
            waiting = next(unread, None)


def _by_code(rules: Sequence[Rule]) -> dict[str, tuple[str, Kind]]:
    """The rule's name and the kind, by the kind's code."""
    return {kind.code: (rule.name, kind) for rule in rules for kind in rule.kinds}


def _asked_for(codes: Collection[str]) -> list[Rule]:
    """Optional rules that find one of the codes."""
    found: list[Rule] = []
    if not codes:
        return found
    for name in plugins.names("rules"):
        try:
            rule: Rule = plugins.load("rules", name)()
        except SetupError:  # a package for another rule is not asked for here
            continue
        if rule.optional and any(kind.code in codes for kind in rule.kinds):
            found.append(rule)
    return found


def _has_rows_on_lines(source: Path) -> bool:
    """Whether each row is a line of the file (in a .json file too, unless that is one list)."""
    if source.suffix.lower() != ".json":
        return source.suffix.lower() in (".jsonl", ".ndjson")
    head = source.read_bytes().removeprefix(codecs.BOM_UTF8)
    return not head.decode("utf-8", "replace").lstrip().startswith("[")


def _mended_line(line: bytes, hits: Sequence[Hit]) -> bytes:
    """The line with its replacements; its BOM and its line end stay."""
    pairs = [pair for hit in hits for pair in hit.replace]
    if not pairs:
        return line
    mark = codecs.BOM_UTF8 if line.startswith(codecs.BOM_UTF8) else b""
    text = line.removeprefix(mark).decode("utf-8")
    return mark + mended(text, pairs).encode("utf-8")


def _decision(line: int, notes: Sequence[_Note], before: bytes, after: bytes | None) -> Decision:
    notes = list(dict.fromkeys(notes))
    codes = tuple(dict.fromkeys(note.code for note in notes))
    told = [note.what if len(codes) == 1 else f"{note.code}: {note.what}" for note in notes]
    return Decision(line, codes, " ".join(told), before, after)


def _counted(found: Iterator[Decision], by_code: Counter[str]) -> Iterator[Decision]:
    for decision in found:
        by_code.update(decision.codes)
        yield decision


def _not_cleaned(kind: Kind) -> JobError:
    return JobError(
        f"`postgrad data clean` can't mend {kind.code}: {kind.title}.",
        why=kind.why,
        fix=kind.fix,
        code="not_cleaned",
    )
