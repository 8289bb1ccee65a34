"""Rows that can't be read as examples: every error of each row, not only the first."""

from __future__ import annotations

from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import Rows


class BrokenRows:
    """Rows that training leaves out, with the reason."""

    name = "broken_rows"
    title = "rows that can't be read"
    optional = False
    kinds = (
        Kind(
            "broken_row",
            "hurts",
            "rows that can't be used",
            "Training leaves them out, and stops where more than data.max_rejected_share are bad.",
            "Each line has its own hint.",
            cleaned=True,
            source="OpenAI's cookbook, Data preparation and analysis for chat model fine-tuning",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """Every row that was rejected."""
        for row in rows:
            if row.rejection is not None:
                found = row.rejection
                what = f"{found.what} {found.fix}".strip()
                yield Hit("broken_row", row.index, f"{found.code}: {what}", found.path, drop=True)
