"""Next-token prediction (continued pre-training): the loss is on every token of a text."""

from __future__ import annotations

from postgrad.core.records import Record, Text
from postgrad.data.render import Sequence, Template


class NextToken:
    """Teach plain text."""

    name = "next_token"

    def accepts(self, record: Record) -> bool:
        return isinstance(record, Text)

    def render(self, record: Record, template: Template) -> list[Sequence]:
        """The text and the end-of-text token as one sequence, uncut."""
        assert isinstance(record, Text)
        return [template.text_sequence(record.text)]
