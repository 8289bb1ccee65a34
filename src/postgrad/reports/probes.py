"""Probes in words: what was asked beside the test, by the question that it helps to answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from postgrad.core.probe import ProbeSection
from postgrad.core.report import Figure, Outcome, ProbeReport, Standing, Table
from postgrad.reports import words

HEADINGS: dict[ProbeSection, str] = {
    "preference": "Which answers are preferred",
    "ladder": "Whether it was worth it",
    "forgetting": "What was forgotten",
    "bias": "Whether a bias grew",
    "safety": "Whether it stayed safe",
    "memory": "What it knows by heart",
    "change": "What changed",
    "suites": "Public suites",
}
"""In the order in which the report has them."""

OUTCOMES: dict[Outcome, str] = {
    "passed": "passed",
    "failed": "failed",
    "undecided": "undecided",
    "changed": "changed",
    "not_shown": "not shown to change",
    "cannot_tell": "cannot tell",
    "described": "described",
}

MARKS: dict[Outcome, str] = {
    "passed": "\u2713",
    "failed": "\u2717",
    "undecided": "?",
    "changed": "\u0394",
    "not_shown": "=",
    "cannot_tell": "?",
    "described": "\u00b7",
}
"""A sign beside the word: never colour alone."""

STANDINGS: dict[Standing, str] = {
    "shown": "shown in this run",
    "not_shown": "not shown",
    "contradicted": "the opposite was shown",
    "cannot_tell": "cannot tell",
}

STANDING_MARKS: dict[Standing, str] = {
    "shown": "\u2713",
    "not_shown": "=",
    "contradicted": "\u2717",
    "cannot_tell": "?",
}

_NUMBER = re.compile(r"[+\u2212-]?\d[^a-zA-Z]*(?:(?:of|to) [+\u2212-]?\d[^a-zA-Z]*|bits)?")

SHADES = 5
"""Steps of strength that a shaded text has on the page; more can't be told apart."""


class Group(NamedTuple):
    """The probes of one section."""

    section: ProbeSection
    heading: str
    probes: list[ProbeReport]


def groups(probes: Sequence[ProbeReport]) -> list[Group]:
    """The probes by section, in the report's order; sections without any are left out."""
    found = [
        Group(section, heading, [probe for probe in probes if probe.section == section])
        for section, heading in HEADINGS.items()
    ]
    return [group for group in found if group.probes]


def first_side(probe: ProbeReport) -> str:
    """What the tuned model is set beside: on the ladder no model need be asked for it."""
    return "Simpler way" if probe.section == "ladder" else "Base"


def value(figure: Figure) -> str:
    """A figure's value: 12.3 %, or a number with its unit."""
    return _in_unit(figure, figure.value)


def interval(figure: Figure) -> str:
    """A figure's 95 % interval: 9.1 % to 15.2 %."""
    if figure.ci95 is None:
        return words.NOTHING
    low, high = figure.ci95
    return f"{_in_unit(figure, low)} to {_in_unit(figure, high)}"


def _in_unit(figure: Figure, number: float) -> str:
    if figure.unit == "share":
        return words.percent(number)
    return f"{words.small(number)}{words.NBSP}{figure.unit}"


def number_columns(table: Table) -> frozenset[int]:
    """Columns whose cells are numbers, with their units or ranges: they are set to the right."""
    held = zip(*table.rows, strict=True) if table.rows else ()
    return frozenset(
        at
        for at, cells in enumerate(held)
        if at > 0 and any(cells) and all(_is_number(cell) for cell in cells)
    )


def _is_number(cell: str) -> bool:
    return cell in ("", words.NOTHING) or bool(_NUMBER.fullmatch(cell))


def shade(strength: float) -> int:
    """A strength, 0 to 1, as one of the page's shades, 0 to SHADES."""
    return round(min(1.0, max(0.0, strength)) * SHADES)
