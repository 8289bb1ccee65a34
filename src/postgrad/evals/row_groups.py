"""Groups of test rows: by what is the right answer, by how the question is put, by length.

Where a change concentrates is asked of groups that a person can name. So rows are grouped by what
can be read off them: the label, a field of the JSON, the words that a question begins with.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from postgrad.core.task import TaskKind
from postgrad.evals import marking
from postgrad.evals.surface import words

FEWEST_IN_GROUP = 5
"""Rows: of fewer, even all against none is no finding (Fisher's exact test of 4 and 4: p = 0.03,
and there are many groups)."""

MOST_GROUPS = 12
"""Of one kind: what fits a page; the rarest go into the rest."""

REST = "all others"

MOST_VALUES_SHARE = 0.2
"""Distinct values of a JSON field that still makes groups, of the rows: five rows a value."""

ALWAYS_THERE = 0.9
"""Share of the rows that must have the field, or the rest is the largest group."""


@dataclass(frozen=True, slots=True)
class Row:
    """A test row as it is grouped: what was asked, and the right answer."""

    prompt: str
    reference: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """Rows in groups of one kind.

    Attributes:
        title: what they are grouped by, as it follows "by".
        groups: the group of each row.
    """

    title: str
    groups: tuple[str, ...]


def groupings(rows: Sequence[Row], kind: TaskKind) -> list[Grouping]:
    """Every way of grouping that gives two groups or more, the most telling one first."""
    found = [
        *(_by_label(rows) if kind == "label" else []),
        *(_by_field(rows) if kind == "json" else []),
        *(_by_beginning(rows) if kind != "text" else []),
        *(_by_length("the length of the question", [row.prompt for row in rows])),
        *(_by_length("the length of the right answer", [row.reference for row in rows])),
    ]
    return [grouping for grouping in found if len(set(grouping.groups)) > 1]


def _by_label(rows: Sequence[Row]) -> list[Grouping]:
    labels = [marking.label_form(row.reference) for row in rows]
    return [Grouping("the right label", _kept(labels))]


def _by_field(rows: Sequence[Row]) -> list[Grouping]:
    """By the fields at the top of the JSON whose values come again and again."""
    values: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for number, row in enumerate(rows):
        read = marking.read_json(row.reference)
        for key, value in read.items() if isinstance(read, Mapping) else ():
            if isinstance(value, str | bool) or value is None:
                values[key][number] = value if isinstance(value, str) else json.dumps(value)
    found: list[Grouping] = []
    for key, held in values.items():
        most = max(2.0, MOST_VALUES_SHARE * len(rows))
        if len(held) >= ALWAYS_THERE * len(rows) and len(set(held.values())) <= most:
            groups = [held.get(number, REST) for number in range(len(rows))]
            found.append(Grouping(f"\u201c{key}\u201d of the right answer", _kept(groups)))
    return found


def _by_beginning(rows: Sequence[Row]) -> list[Grouping]:
    """By the first two words of the question where those repeat, else by the first."""
    begun = [words(row.prompt)[:2] for row in rows]
    pairs = Counter(tuple(found) for found in begun)
    names = [
        " ".join(found if pairs[tuple(found)] >= FEWEST_IN_GROUP else found[:1]) + " \u2026"
        for found in begun
    ]
    return [Grouping("how the question begins", _kept(names))]


def _by_length(title: str, texts: Sequence[str]) -> list[Grouping]:
    """Thirds by words; none if nearly all are of one length."""
    lengths = np.array([marking.num_words(text) for text in texts])
    low, high = (int(edge) for edge in np.quantile(lengths, (1 / 3, 2 / 3), method="lower"))
    if low == high:
        return []
    names = [
        f"up to {low} words"
        if length <= low
        else f"{low + 1} to {high} words"
        if length <= high
        else f"over {high} words"
        for length in lengths
    ]
    return [Grouping(title, _kept(names))]


def _kept(names: Sequence[str]) -> tuple[str, ...]:
    """Groups that are large enough by their names; all others are the rest."""
    counts = Counter(names)
    large = [name for name, count in counts.most_common(MOST_GROUPS) if count >= FEWEST_IN_GROUP]
    return tuple(name if name in large else REST for name in names)
