"""OpenAI chat: `{"messages": [{"role": ..., "content": ...}, ...], "tools": [...]}`.

Source: OpenAI's supervised fine-tuning guide and its OpenAPI specification
(FineTuneChatRequestInput), with the older `functions` and `function_call`. OpenAI refuses unknown
keys beside `messages`; here they may stay (ids, sources), because nothing inside a turn is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.records import Chat
from postgrad.data.messages import (
    Problems,
    check_taught,
    parse_messages,
    parse_tools,
    read_messages,
    read_tools,
)
from postgrad.errors import RowError


class OpenAIChat:
    """Rows with `messages`."""

    name = "openai_chat"
    title = "OpenAI chat"
    keys = ("messages",)

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Whether the row has `messages`."""
        return "messages" in row

    def record(self, row: Mapping[str, Any]) -> Chat:
        """The row as a chat.

        Raises:
            RowError: with the path inside the row and a hint.
        """
        messages = parse_messages(row.get("messages"))
        check_taught(messages)
        return Chat(messages, parse_tools(row))

    def errors(self, row: Mapping[str, Any]) -> list[RowError]:
        """Everything that is wrong with a row; `record` raises the first."""
        problems = Problems()
        messages = read_messages(row.get("messages"), "messages", problems)
        if not problems:  # else the answer may be in a turn that can't be read
            problems.catch(lambda: check_taught(messages))
        read_tools(row, problems)
        return problems
