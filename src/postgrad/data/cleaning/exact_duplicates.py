"""The same row again, or the same answer to the same question.

Compared is the text in NFKC, without case, white space collapsed. A repeated row is learned twice
as strongly as the others and, beside its twin in the test, proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import Row, Rows

SOURCE = (
    'Lee et al., "Deduplicating Training Data Makes Language Models Better", arXiv:2107.06499: '
    "fewer memorised texts and fewer steps at the same quality"
)


class ExactDuplicates:
    """Rows whose system message, prompt and answer were all seen before in the same split."""

    name = "exact_duplicates"
    title = "the same row again"
    optional = False
    kinds = (
        Kind(
            "exact_duplicate",
            "hurts",
            "the same question with the same answer, again",
            "A repeated row counts twice in training, and one in both train and test proves "
            "nothing.",
            "The first of each is kept.",
            cleaned=True,
            source=SOURCE,
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """Every row but the first of each group."""
        first: dict[tuple[str, ...], Row] = {}
        for row in rows.readable:
            key = (row.split, row.system, rows.prompts[row.index], rows.answers[row.index])
            kept = first.setdefault(key, row)
            if kept is not row:
                what = f"The same as {kept.file} line {kept.line}."
                yield Hit("exact_duplicate", row.index, what, drop=True)
