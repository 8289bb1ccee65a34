"""The data doctor: runs the cleaning rules over the rows of a job and gathers what they find."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from postgrad import plugins
from postgrad.core.findings import SEVERITIES, Example, Finding, Hit, Kind
from postgrad.core.interfaces import LookingRule, Rule
from postgrad.data.rows import Row, Rows
from postgrad.errors import DataError, JobError, SetupError

MOST_EXAMPLES = 3

EACH_ROW = "each row by itself"
"""The title of the pass over the rows that many rules share."""

OnRule = Callable[[str, int, int], None]
"""Called before each rule with its title, its number and how many there are; the pass that many
share counts as one."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the rules found, and the hits behind it for `data clean` and for the page."""

    rows: Rows
    findings: tuple[Finding, ...]
    hits: tuple[Hit, ...]

    def blocking(self, allowed: Collection[str] = ()) -> list[Finding]:
        """The findings that stop training, but for the codes that the user allows."""
        return [
            finding
            for finding in self.findings
            if finding.severity == "blocks" and finding.code not in allowed
        ]

    def as_dict(self) -> dict[str, Any]:
        """The diagnosis as JSON: rows, splits, findings."""
        return {
            "rows": len(self.rows),
            "unreadable": len(self.rows) - len(self.rows.readable),
            "splits": splits(self.rows),
            "findings": [finding.as_dict() for finding in self.findings],
        }


def rules(names: Sequence[str] | None = None, added: Sequence[str] = ()) -> list[Rule]:
    """The named rules; None: every rule that runs without being asked for.

    Args:
        names: of rules.
        added: of optional rules that run too.

    Raises:
        JobError: there is no rule of that name.
        SetupError: a package that it needs is missing.
    """
    if names is None:
        every: list[Rule] = [plugins.load("rules", name)() for name in plugins.names("rules")]
        names = [rule.name for rule in every if not rule.optional]
    return [plugins.load("rules", name)() for name in dict.fromkeys((*names, *added))]


def check_allowed(codes: Collection[str], more: Sequence[Rule] = ()) -> None:
    """See that every code that a job allows is that of a finding.

    Args:
        codes: of findings that may stay although they block training.
        more: rules that are bound to a base model.

    Raises:
        JobError: there is no such finding; the nearest one is given.
    """
    if not codes:
        return
    every = [*more]
    for name in plugins.names("rules"):
        with suppress(SetupError):  # a package for another rule is not asked for here
            every.append(plugins.load("rules", name)())
    kinds = [kind for rule in every for kind in rule.kinds]
    known = {kind.code for kind in kinds}
    blocking = sorted(kind.code for kind in kinds if kind.severity == "blocks")
    for code in codes:
        if code not in known:
            raise unknown_finding(code, blocking, "data.allow: ")


def unknown_finding(code: str, known: Sequence[str], where: str = "") -> JobError:
    """The error for the code of no finding, with the nearest of those that could be meant."""
    near = difflib.get_close_matches(code, known, n=1)
    return JobError(
        f"{where}There is no finding named {code!r}.",
        fix=f"Did you mean {near[0]}?" if near else "Known: " + ", ".join(known) + ".",
        code="unknown_finding",
    )


def examine(rows: Rows, chosen: Sequence[Rule], on_rule: OnRule | None = None) -> Diagnosis:
    """What the rules find in the rows, the worst first."""
    hits: list[Hit] = []
    kinds: dict[str, Kind] = {}
    works = [rule.at_row for rule in chosen if isinstance(rule, LookingRule)]
    before = 1 if works else 0
    if works:
        if on_rule:
            on_rule(EACH_ROW, 0, before + len(chosen))
        rows.look(works)
    for number, rule in enumerate(chosen, before):
        if on_rule:
            on_rule(rule.title, number, before + len(chosen))
        kinds |= {kind.code: kind for kind in rule.kinds}
        hits += rule.find(rows)
    by_code: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_code[hit.code].append(hit)
    findings = [_finding(kinds[code], found, rows) for code, found in by_code.items()]
    findings.sort(key=lambda each: (SEVERITIES.index(each.severity), -each.count, each.code))
    return Diagnosis(rows, tuple(findings), tuple(hits))


def refuse_if_blocked(diagnosis: Diagnosis, allowed: Collection[str], command: str = "") -> None:
    """Stop a job whose data has a finding that blocks training.

    Args:
        diagnosis: of the data.
        allowed: codes of findings that may stay.
        command: mends the training file.

    Raises:
        DataError: naming the findings, their lines and the commands that mend them.
    """
    blocking = diagnosis.blocking(allowed)
    if not blocking:
        return
    listed = "\n".join(f"  {sentence(finding)}" for finding in blocking)
    first = blocking[0]
    cure = f"Train on the file that this writes: {command}\n" if command else f"{first.fix} "
    codes = ",".join(finding.code for finding in blocking)
    told = "findings that block" if len(blocking) > 1 else "finding that blocks"
    raise DataError(
        f"The data has {len(blocking)} {told} training:\n{listed}",
        why=first.why,
        fix=f"{cure}To train nevertheless: --set data.allow={','.join((*allowed, codes))}",
        code="blocking_findings",
    )


def sentence(finding: Finding) -> str:
    """A finding in one line: code, count, first lines, the first example's words."""
    where = ", ".join(
        f"{file} line{'s' * (len(lines) > 1)} {_first(lines)}"
        for file, lines in finding.by_file.items()
    )
    rows = f"{finding.count} row{'s' * (finding.count > 1)}"
    return f"{finding.code}: {rows} ({where}): {finding.examples[0].what}"


def splits(rows: Rows) -> dict[str, dict[str, int]]:
    """Rows, turns, tokens and trained tokens of each split."""
    found: dict[str, Counter[str]] = {}
    for row in rows.readable:
        counts = found.setdefault(row.split, Counter())
        counts["rows"] += 1
        counts["turns"] += row.num_turns
        counts["tokens"] += row.size.tokens
        counts["trained_tokens"] += row.size.taught
    return {split: dict(counts) for split, counts in found.items()}


def _finding(kind: Kind, hits: Sequence[Hit], rows: Rows) -> Finding:
    found = [rows[index] for index in sorted({hit.row for hit in hits})]
    by_file: dict[str, list[int]] = defaultdict(list)
    for row in found:
        by_file[row.file].append(row.line)
    taught = sum(row.size.taught for row in found)
    return Finding(
        code=kind.code,
        severity=kind.severity,
        title=kind.title,
        why=kind.why,
        fix=kind.fix,
        cleaned=kind.cleaned,
        source=kind.source,
        count=len(found),
        share_of_trained_tokens=taught / rows.num_taught if rows.num_taught else 0.0,
        by_file=dict(by_file),
        examples=_examples(hits, rows),
    )


def _examples(hits: Sequence[Hit], rows: Rows) -> list[Example]:
    shown: dict[int, Hit] = {}
    for hit in hits:
        shown.setdefault(hit.row, hit)
        if len(shown) == MOST_EXAMPLES:
            break
    return [_example(rows[index], hit) for index, hit in shown.items()]


def _example(row: Row, hit: Hit) -> Example:
    return Example(row.file, row.line, hit.path, hit.what)


def _first(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:5])) + (", ..." if len(lines) > 5 else "")
