"""Lengths: rows that training cuts off, and rows that are far longer or shorter than the others.

A row beyond the limit loses its end: what is taught there, and the token that says that the answer
is over. A model that learned from many such rows does not stop. What lies far outside the lengths
of the other rows is seldom meant: a whole document in the place of an answer, an answer that breaks
off after a word.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from statistics import median

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Text
from postgrad.data.rows import Row, Rows

LEAST_ROWS = 100
"""With fewer, what is usual can't be told."""

FAR, LEAST_FACTOR = 5.0, 8.0
"""Outliers are five standard deviations from the median of the logarithms, as the median absolute
deviation estimates them (Iglewicz and Hoaglin call 3.5 one), and eight times as long or short:
lengths that hardly vary have no deviation to speak of. The thresholds are ours."""

NORMAL = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""

MOST_SHARE = 0.02
"""More rows of such a length are no outliers but another kind of row."""


class Lengths:
    """Rows that are cut, and rows of an odd length."""

    name = "lengths"
    title = "length, and what is cut"
    optional = False
    kinds = (
        Kind(
            "too_long",
            "hurts",
            "rows whose end is cut off",
            "What lies beyond the limit is not learned, nor is where the answer ends.",
            "Shorten or split the rows, or raise the limit: --set training.max_length=TOKENS",
            source="the end of an answer is taught by its stop token alone; the limit is "
            "training.max_length, or else the default of `advice/defaults.py`",
        ),
        Kind(
            "length_outlier",
            "look",
            "rows far longer or shorter than the others",
            "They are seldom meant: a document in the place of an answer, or an answer cut short.",
            "See whether the row is what it should be.",
            source="Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993 (median "
            "absolute deviation)",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """Rows that are cut, then outliers among the others."""
        whole: list[Row] = []
        for row in rows.readable:
            size = row.size
            if not size.lost:
                whole.append(row)
                continue
            part = "all" if size.lost >= size.taught else f"{size.lost:,}"
            what = f"Of {size.tokens:,} tokens, {part} of the {size.taught:,} taught are cut off"
            stop = "" if isinstance(row.record, Text) else ", and the stop token with them"
            yield Hit("too_long", row.index, f"{what}{stop}.")
        if len(whole) < LEAST_ROWS:
            return
        if rows.answer_kind != "label":
            yield from _outliers(whole, "taught", [row.size.taught for row in whole])
        shown = [row.size.tokens - row.size.taught for row in whole]
        if any(shown):
            yield from _outliers(whole, "shown", shown)


def _outliers(rows: list[Row], name: str, lengths: list[int]) -> Iterator[Hit]:
    """Rows whose length, in tokens that are taught or shown, is far from the others'."""
    logs = [math.log(max(1, length)) for length in lengths]
    middle = median(logs)
    far = max(FAR * NORMAL * median(abs(log - middle) for log in logs), math.log(LEAST_FACTOR))
    usual = f"{math.exp(middle):,.0f} in the median"
    for side, places in (
        ("longer", [place for place, log in enumerate(logs) if log > middle + far]),
        ("shorter", [place for place, log in enumerate(logs) if log < middle - far]),
    ):
        if len(places) <= MOST_SHARE * len(rows):
            for place in _furthest(places, logs, middle):
                what = f"{lengths[place]:,} tokens are {name}, {usual}: far {side}."
                yield Hit("length_outlier", rows[place].index, what)


def _furthest(places: Iterable[int], logs: list[float], middle: float) -> list[int]:
    return sorted(places, key=lambda place: -abs(logs[place] - middle))
