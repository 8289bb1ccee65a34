"""What became of a source's items, in numbers and a few examples."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from postgrad.core.collecting import Row, Skipped
from postgrad.core.records import Chat, Text


@dataclass(slots=True)
class Reason:
    """Why something was left out: so often, and the first of its kind."""

    code: str
    count: int
    source: str
    what: str
    fix: str
    part: bool


@dataclass(slots=True)
class Tally:
    """Counts of one source; `as_dict` is what programs get.

    Every item is used or skipped: `num_used + num_skipped` is the number of items. Parts that were
    taken out of an item are counted among the reasons only.
    """

    gives: str = ""
    num_rows: int = 0
    num_used: int = 0
    num_skipped: int = 0
    num_characters: int = 0
    reasons: dict[str, Reason] = field(default_factory=dict[str, Reason])
    notes: list[str] = field(default_factory=list[str])

    def use(self, row: Row, num_items: int) -> None:
        """Count a row."""
        self.gives = self.gives or kind_of(row)
        self.num_rows += 1
        self.num_used += num_items
        self.num_characters += num_characters(row)

    def skip(self, skipped: Skipped) -> None:
        """Count something that was left out."""
        self.num_skipped += skipped.num_items
        first = Reason(
            skipped.code, 0, skipped.source, skipped.what, skipped.fix, not skipped.num_items
        )
        self.reasons.setdefault(skipped.code, first).count += skipped.num_items or 1

    def as_dict(self) -> dict[str, Any]:
        """The counts as JSON, reasons from the commonest on."""
        reasons = sorted(self.reasons.values(), key=lambda reason: -reason.count)
        return {
            "items": self.num_used + self.num_skipped,
            "used": self.num_used,
            "skipped": self.num_skipped,
            "rows": self.num_rows,
            "characters": self.num_characters,
            "reasons": [asdict(reason) for reason in reasons],
            "notes": self.notes,
        }


def kind_of(row: Row) -> str:
    """texts, chats or preferences: what a file must hold only one of."""
    return f"{type(row.record).__name__.lower()}s"


def num_characters(row: Row) -> int:
    """The length of what a row says."""
    if isinstance(row.record, Text):
        return len(row.record.text)
    if isinstance(row.record, Chat):
        return sum(len(message.content) for message in row.record.messages)
    return 0
