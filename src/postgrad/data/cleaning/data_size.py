"""Size of the data against what its task usually takes.

Few rows teach a form: which label, which layout, which tone. A skill takes a thousand rows and
more, and an assistant for everything tens of thousands. What the task is, is guessed from the rows;
the finding says what it was taken for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Text
from postgrad.data.labelled import labelled
from postgrad.data.prose import is_json
from postgrad.data.rows import MAX_LABEL_WORDS, Row, Rows

LABEL_ROWS = 10
"""For each label: the smallest setting of Casanueva et al. (arXiv:2003.04807), who train with 10,
30 and all rows of each intent. With 8 our own run on BANKING77 gets 69 % right
(`benchmarks/README.md`)."""

FORM_ROWS = 100
"""OpenAI's fine-tuning guide: clear improvements from 50 to 100 examples on."""

SKILL_ROWS = 1_000
"""LIMA's thousand (Zhou et al., arXiv:2305.11206) for the manner of free answers; reasoning goes on
growing up to the 7,500 rows of GSM8K (Cobbe et al., arXiv:2110.14168)."""

BROAD_ROWS = 10_000
"""Instruction sets for everything have tens of thousands: 15,000 (Dolly), 52,000 (Alpaca)."""

NEARLY_ALL = 0.9
"""Of the rows, to be called one thing; the others may be defects."""

ONE_TASK = 0.5
"""Share of the rows with the commonest system prompt, or the commonest two first words of the
question, from which they are one task."""


class DataSize:
    """Fewer training rows than the task usually takes."""

    name = "data_size"
    title = "rows for the task"
    optional = False
    kinds = (
        Kind(
            "few_rows",
            "look",
            "fewer rows than such a task usually takes",
            "Few rows teach a form; skill and breadth take thousands.",
            "Add rows, or expect what is said here; the report shows whether it was enough.",
            source="OpenAI's fine-tuning guide; Zhou et al., LIMA, arXiv:2305.11206; Cobbe et "
            "al., arXiv:2110.14168; Casanueva et al., arXiv:2003.04807",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit, at the first row, if there are fewer training rows than the task takes."""
        trained = [
            row
            for row in rows.readable
            if row.split == "train" and not isinstance(row.record, Text)
        ]
        if trained and (what := _verdict(rows, trained)):
            yield Hit("few_rows", trained[0].index, what)


def _verdict(rows: Rows, trained: Sequence[Row]) -> str:
    """What the rows seem to be and what so many can do; "" if there are enough."""
    count = f"{len(trained):,} training rows"
    found = labelled(rows)
    if found is not None:
        sizes = Counter(found.labels[row.index] for row in trained if row.index in found.labels)
        usual = median(sizes.values())
        if usual >= LABEL_ROWS and len(trained) >= FORM_ROWS:
            return ""
        return (
            f"{count} for {len(sizes)} labels, {usual:.0f} a label in the median, "
            f"{min(sizes.values())} of the rarest. Labels take {LABEL_ROWS} rows each, and "
            f"{FORM_ROWS} in all; with fewer, expect many of them to be mixed up."
        )
    if _is_form(rows, trained):
        if len(trained) >= FORM_ROWS:
            return ""
        return (
            f"{count}. The answers are short or JSON: {FORM_ROWS} rows and more teach their form; "
            "with fewer, expect it to be kept now and then."
        )
    if _is_one_task(trained):
        if len(trained) >= SKILL_ROWS:
            return ""
        return (
            f"{count}. The answers are free texts for one kind of task: form and tone take "
            f"hundreds of rows, skill {SKILL_ROWS:,} and more."
        )
    if len(trained) >= BROAD_ROWS:
        return ""
    return (
        f"{count}. The questions are of many kinds, as for a general assistant, which takes "
        f"{BROAD_ROWS:,} rows and more: expect their tone to be learned, not their breadth."
    )


def _is_form(rows: Rows, trained: Sequence[Row]) -> bool:
    """Whether what is taught is a form: JSON, a call, or a few words."""
    fitting = sum(
        is_json(row.answer) or len(rows.answers[row.index].split()) <= MAX_LABEL_WORDS
        for row in trained
    )
    return fitting >= NEARLY_ALL * len(trained)


def _is_one_task(trained: Sequence[Row]) -> bool:
    told = Counter(row.system for row in trained if row.system.strip())
    asked = Counter(" ".join(_question(row).split()[:2]).casefold() for row in trained)
    most = max([*told.values(), *asked.values()], default=0)
    return most >= ONE_TASK * len(trained)


def _question(row: Row) -> str:
    return "".join(row.asked[:1])
