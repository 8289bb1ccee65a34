"""Labels: balance between them, and whether there is anything to tell apart.

A label with a handful of rows is seldom learned, and accuracy hides it: a model that never gives a
label of 1 % of the rows still gets 99 % right. Macro-F1 shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Text
from postgrad.data.labelled import labelled
from postgrad.data.rows import Rows

LEAST_ROWS = 100
"""Of training rows; with fewer, a label that is rare may be so by chance."""

RARE = 0.1
"""Of an equal share: a label with less than a tenth of it."""

MOST_SHARE = 0.8
"""A constant answer is right this often: the labels are hard to learn from what is left."""

FEW_ANSWERS = 0.2
"""Distinct free answers for each row, under which most answers are stock phrases."""


class Labels:
    """Rare and dominating labels; few distinct answers in all."""

    name = "labels"
    title = "balance of the answers"
    optional = False
    kinds = (
        Kind(
            "rare_label",
            "look",
            "labels with hardly any rows",
            "They are seldom learned, and accuracy hides it.",
            "Add rows with these labels, or merge them into others.",
            source="He and Garcia, Learning from Imbalanced Data, IEEE TKDE 2009",
        ),
        Kind(
            "dominating_label",
            "look",
            "one label for most rows",
            "A model that always gives it is right most of the time without having learned.",
            "Add rows of the other labels, and read macro-F1 instead of accuracy.",
            source="He and Garcia, Learning from Imbalanced Data, IEEE TKDE 2009",
        ),
        Kind(
            "few_distinct_answers",
            "look",
            "few distinct answers in all",
            "What is learned is a handful of texts, whatever is asked.",
            "If these are labels, ignore this; else write answers that fit each question.",
            source="Lee et al., arXiv:2107.06499 (repeats are memorised); the threshold is ours",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """Rows with a rare or the dominating label, or the first with each of few answers."""
        trained = [
            row
            for row in rows.readable
            if row.split == "train" and not isinstance(row.record, Text)
        ]
        if len(trained) < LEAST_ROWS:
            return
        found = labelled(rows)
        if found is None:
            answers = {rows.answers[row.index] for row in trained}
            if len(answers) < FEW_ANSWERS * len(trained):
                what = f"{len(answers)} distinct answers in {len(trained)} rows."
                yield Hit("few_distinct_answers", trained[0].index, what)
            return
        trained = [row for row in trained if row.index in found.labels]
        counts = Counter(found.labels[row.index] for row in trained)
        for row in trained:
            label = found.labels[row.index]
            told = f"{label[:60]!r} has {counts[label]} of {len(trained)} rows."
            if counts[label] < RARE * len(trained) / len(counts):
                yield Hit("rare_label", row.index, told)
            elif counts[label] > MOST_SHARE * len(trained):
                yield Hit("dominating_label", row.index, told)
