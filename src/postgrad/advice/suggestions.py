"""What to try next: asks every rule of `advice/next/` and keeps the best-founded answers.

shown before seen before possible; among equals, the order of the table in `plugins.py`
no two change the same key
where one says that no gain is to be had, only what is shown is kept beside it
three at most
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from postgrad import plugins
from postgrad.core.report import Report
from postgrad.core.suggestion import GRADES, Evidence, Suggestion

if TYPE_CHECKING:  # it loads every noun there is
    from postgrad.core.interfaces import SuggestionRule

MOST = 3
"""A person tries one thing at a time; more than three are a list, and no advice."""


def suggest(
    report: Report, lines: Mapping[str, Mapping[str, list[int]]] | None = None
) -> list[Suggestion]:
    """What to try after a run, the strongest evidence first; none where nothing speaks for any.

    Args:
        report: of the run.
        lines: by code of a finding, its line numbers by file.
    """
    evidence = Evidence(report, lines or {})
    rules: list[SuggestionRule] = [
        plugins.load("suggestions", name)() for name in plugins.names("suggestions")
    ]
    return ranked([found for rule in rules if (found := rule.suggest(evidence))])


def ranked(found: Sequence[Suggestion]) -> list[Suggestion]:
    """The suggestions in their order, without those that a better-founded one rules out."""
    ended = any(each.ends for each in found)
    kept: list[Suggestion] = []
    taken: set[str] = set()
    for each in sorted(found, key=lambda each: GRADES.index(each.grade)):
        keys = {change.key for change in each.changes}
        if taken & keys or (ended and not each.ends and each.grade != "shown"):
            continue
        taken |= keys
        kept.append(each)
    return kept[:MOST]
