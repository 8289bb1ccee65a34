"""Prompt and completion: `{"prompt": "...", "completion": "..."}`, with an optional `system`.

Either may also be a list of messages (TRL's conversational form). As in TRL, only the completion is
learned: answers inside the prompt get weight 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from postgrad.core.records import Chat, Message
from postgrad.data.fields import is_list, missing_key, optional_text, required_text
from postgrad.data.messages import check_taught, parse_messages, parse_tools
from postgrad.errors import RowError


class PromptCompletion:
    """Rows with `prompt` and `completion`."""

    name = "prompt_completion"
    title = "prompt and completion"
    keys = ("prompt", "completion")

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Whether the row has `prompt` and `completion`."""
        return "prompt" in row and "completion" in row

    def record(self, row: Mapping[str, Any]) -> Chat:
        """The row as a chat.

        Raises:
            RowError: with the path inside the row and a hint.
        """
        prompt, completion = _turns(row, "prompt"), _turns(row, "completion")
        check_taught(completion, "completion")
        system = optional_text(row, "system")
        if system and any(message.role == "system" for message in prompt):
            raise RowError(
                "The row has a system prompt twice: in system and in prompt.",
                path="system",
                fix="Keep one of them.",
                code="duplicate_system",
            )
        before = (Message("system", system),) if system else ()
        shown_only = tuple(
            replace(message, weight=0) if message.role == "assistant" else message
            for message in prompt
        )
        return Chat((*before, *shown_only, *completion), parse_tools(row))


def _turns(row: Mapping[str, Any], key: str) -> tuple[Message, ...]:
    value = row.get(key)
    if value is None:
        raise missing_key(row, key)
    if is_list(value):
        return parse_messages(value, key)
    return (Message("user" if key == "prompt" else "assistant", required_text(row, key)),)
