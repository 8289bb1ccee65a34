"""Mend the data: rows that teach something wrong."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from postgrad.advice.cleaning import cleaning, file_of
from postgrad.advice.figures import count, percent
from postgrad.core.report import FindingSummary
from postgrad.core.suggestion import Change, Evidence, Suggestion

MOST_LINES = 12
"""Line numbers that are told; `postgrad data check` has all."""

OF_NOTE = 0.01
"""Share of the taught tokens from which the rows are likely to matter: one in a hundred. Below,
that they did harm is only possible. A judgement."""

EXPECT = "A model that is taught one thing only; how much that is worth, the test will say."


class MendData:
    """Rows with a finding that blocks or hurts."""

    name = "mend_data"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the data doctor found what hurts: the command that mends it, where a program can."""
        found = [each for each in it.report.dataset.findings if each.severity != "look"]
        if not found:
            return None
        worst = max(found, key=_weight)
        file = file_of(it, worst.example.file)
        if file is None:
            return None
        key, path = file
        command, changes, do, expect = "", tuple[Change, ...](), "", EXPECT
        if worst.cleaned:
            command, change = cleaning(it, key, path)
            changes, expect = (change,), f"{EXPECT} Every decision is logged and can be undone."
        else:
            check = shlex.join(["postgrad", "data", "check", path])
            do = f"Look at these rows and mend them by hand: {check}"
        others = ", ".join(each.code for each in found if each is not worst)
        return Suggestion(
            self.name,
            f"Mend the data: {count(worst.count, 'row')} with {worst.code}",
            f"{_where(worst, it.lines.get(worst.code, {}))}: {worst.title}; they hold "
            f"{percent(worst.share_of_trained_tokens)} of what is taught."
            + (f" Also found: {others}." if others else ""),
            "seen" if worst.share_of_trained_tokens >= OF_NOTE else "possible",
            expect,
            changes=changes,
            command=command,
            do=do,
        )


def _weight(finding: FindingSummary) -> tuple[bool, float, int]:
    """What a program mends first, then what teaches most."""
    return finding.cleaned, finding.share_of_trained_tokens, finding.count


def _where(finding: FindingSummary, lines: Mapping[str, Sequence[int]]) -> str:
    rows = count(finding.count, "row")
    if not lines:
        return f"{rows}, the first in {finding.example.file} line {finding.example.line}"
    parts: list[str] = []
    for file, numbers in lines.items():
        shown = ", ".join(map(str, numbers[:MOST_LINES]))
        more = f" and {len(numbers) - MOST_LINES} more" if len(numbers) > MOST_LINES else ""
        parts.append(f"{file} {'line' if len(numbers) == 1 else 'lines'} {shown}{more}")
    return f"{rows}, {'; '.join(parts)}"
