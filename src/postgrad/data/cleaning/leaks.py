"""Leaks: what is trained on and also in the held-out rows, so that the test measures memory.

The split never puts one prompt on both sides. Edited copies and copied passages get through
that, and so do files that somebody else has split.
"""

from __future__ import annotations

from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import Row, Rows
from postgrad.data.similar import are_alike, candidates, shared_runs, words_of

RUN_WORDS = 13
"""Words of a passage that counts as copied: Brown et al., arXiv:2005.14165, appendix C."""

WHY = "The model has seen what it is tested on, so the test measures memory and not skill."


class Leaks:
    """Trained rows whose question is, or nearly is, in the validation or test rows."""

    name = "leaks"
    title = "training rows that are also in the test"
    optional = False
    kinds = (
        Kind(
            "leak_exact",
            "hurts",
            "questions that are also in the held-out rows",
            WHY,
            "Training leaves these rows out.",
            cleaned=True,
            source="Lee et al., arXiv:2107.06499, 5",
        ),
        Kind(
            "leak_near",
            "hurts",
            "questions that are nearly in the held-out rows",
            WHY,
            "The row is left out of the training file.",
            cleaned=True,
            source="Lee et al., arXiv:2107.06499 (Jaccard similarity of at least 0.8)",
        ),
        Kind(
            "leak_ngram",
            "look",
            "answers with 13 words in a row from a held-out answer",
            WHY,
            "See whether it gives the answer away; if so, leave the row out.",
            source="Brown et al., arXiv:2005.14165, appendix C (13-grams)",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit for each leaking row: the gravest."""
        readable = [row for row in rows if row.record is not None]
        held_out = [row for row in readable if row.split != "train"]
        trained = [row for row in readable if row.split == "train"]
        if not held_out or not trained:
            return
        told: set[int] = set()
        for code, row, other, what in _leaks(rows, trained, held_out):
            if row.index not in told:
                told.add(row.index)
                where = f"{other.file} line {other.line} ({other.split})"
                yield Hit(code, row.index, what.format(where), drop=code != "leak_ngram")


def _leaks(
    rows: Rows, trained: list[Row], held_out: list[Row]
) -> Iterator[tuple[str, Row, Row, str]]:
    known = {rows.prompts[row.index]: row for row in held_out}
    for row in trained:
        other = known.get(rows.prompts[row.index])
        if other:
            yield "leak_exact", row, other, "Asks the same as {}."
    # within a file such rows are near duplicates, or have different answers and leak nothing
    if len({row.file for row in rows}) > 1:
        yield from _near(rows)
    for row, other, run in shared_runs(
        rows.followed(held_out),
        rows.followed(trained),
        lambda row: rows.answers[row.index],
        RUN_WORDS,
        rows.spread,
    ):
        shown = run.replace("{", "{{").replace("}", "}}")
        yield "leak_ngram", row, other, f"Has “{shown}” in common with {{}}."


def _near(rows: Rows) -> Iterator[tuple[str, Row, Row, str]]:
    for places in candidates(rows.readable, lambda row: rows.prompts[row.index], rows.spread):
        row, other = (rows.readable[place] for place in places)
        if row.file == other.file or (row.split == "train") == (other.split == "train"):
            continue
        if row.split != "train":
            row, other = other, row
        if are_alike(words_of(rows.prompts[row.index]), words_of(rows.prompts[other.index])):
            yield "leak_near", row, other, "Asks nearly the same as {}."
