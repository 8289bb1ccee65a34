"""Instruction tuning: the loss is on the assistant's words and the stop token, nothing else."""

from __future__ import annotations

from postgrad.core.records import Chat, Record
from postgrad.data.render import Sequence, Template


class Instruction:
    """Teach answers to prompts; what the user and the system say is context."""

    name = "instruction"

    def accepts(self, record: Record) -> bool:
        return isinstance(record, Chat)

    def render(self, record: Record, template: Template) -> list[Sequence]:
        """The chat's sequences, uncut.

        Raises:
            RowError: no turn is taught, or the template can't express one.
        """
        assert isinstance(record, Chat)
        return template.sequences(record)
