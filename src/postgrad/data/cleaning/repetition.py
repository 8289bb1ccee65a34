"""Answers that say the same again and again: generators that got stuck, and pages scraped twice.

The measure is that of Gopher's filters: the share of the words that stand in a run of words that
the answer repeats. Lists, tables and refrains repeat a few words; loops repeat nearly all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from postgrad.core.findings import Hit, Kind
from postgrad.data.prose import is_code, taught
from postgrad.data.rows import Piece, Row, Rows
from postgrad.data.similar import words_of

FEWEST_WORDS = 24
MOST_DISTINCT = 0.5
"""Share of distinct words: an answer most of which is a loop has fewer."""

RUN, LEAST_TIMES, LEAST_SHARE = 4, 3, 0.6
"""Gopher drops a page with 10 to 15 % of its characters in repeated runs of 10 to 5 words. Answers
are shorter and rightly repeat more; at 60 %, most of one is a loop."""

LEAST_CODE_SHARE = 0.9
"""Code repeats itself: cases, tests, tables."""


class Repetition:
    """Taught answers most of which are repetitions."""

    name = "repetition"
    title = "answers that repeat themselves"
    optional = False
    kinds = (
        Kind(
            "repeated_text",
            "hurts",
            "answers that say the same again and again",
            "The model learns to go in circles.",
            "Cut the answer after the first time, or leave the row out.",
            source="Rae et al., Gopher, arXiv:2112.11446, table A1",
        ),
    )

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> list[Hit]:
        """One hit for each taught turn that is a loop."""
        hits: list[Hit] = []
        for piece in taught(pieces):
            if len(piece.text) < 4 * FEWEST_WORDS:
                continue
            words = words_of(piece.text)
            if len(words) < FEWEST_WORDS or len(set(words)) > MOST_DISTINCT * len(words):
                continue
            run, times, share = _loop(words)
            if share >= (LEAST_CODE_SHARE if is_code(piece.text) else LEAST_SHARE):
                what = f"“{run} …” {times} times; {100 * share:.0f} % is repeated."
                hits.append(Hit("repeated_text", row.index, what, piece.path))
        return hits

    def find(self, rows: Rows) -> Iterator[Hit]:
        """The turns that are loops of all rows."""
        return rows.hits(self.at_row)


def _loop(words: list[str]) -> tuple[str, int, float]:
    """The most frequent run, how often it occurs, and the share of words in repeated runs."""
    runs = [tuple(words[place : place + RUN]) for place in range(len(words) - RUN + 1)]
    counts = Counter(runs)
    run, times = counts.most_common(1)[0]
    inside: set[int] = set()
    for place, each in enumerate(runs):
        if counts[each] >= LEAST_TIMES:
            inside.update(range(place, place + RUN))
    return " ".join(run), times, len(inside) / len(words)
