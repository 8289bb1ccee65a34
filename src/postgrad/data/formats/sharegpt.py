"""ShareGPT: `{"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", ...}]}`.

There is no specification; the names are those of the ShareGPT dumps, FastChat and LLaMA-Factory
(`function_call`, `observation`, and `system` and `tools` beside the list). Turns with `role` and
`content` are read as OpenAI's.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from postgrad.core.records import Chat, Message, Role
from postgrad.data.fields import (
    filled,
    is_list,
    is_object,
    object_at,
    optional_text,
    shown,
    text_at,
)
from postgrad.data.messages import (
    check_taught,
    parse_call,
    parse_json,
    parse_messages,
    parse_tools,
    parse_weight,
)
from postgrad.errors import RowError

SPEAKERS: dict[str, Role] = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "observation": "tool",
    "tool": "tool",
    "function_response": "tool",
}

KEYS = ("from", "value", "weight")


class ShareGPT:
    """Rows with `conversations`."""

    name = "sharegpt"
    title = "ShareGPT"
    keys = ("conversations",)

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Whether the row has `conversations`."""
        return "conversations" in row

    def record(self, row: Mapping[str, Any]) -> Chat:
        """The row as a chat.

        Raises:
            RowError: with the path inside the row and a hint.
        """
        path = "conversations"
        value = row.get(path)
        if is_list(value) and any(is_object(turn) and "from" in turn for turn in value):
            messages = tuple(_message(turn, f"{path}[{i}]") for i, turn in enumerate(value))
        else:
            messages = parse_messages(value, path)
        check_taught(messages, path)
        system = optional_text(row, "system")
        if system and messages[0].role == "system":
            raise RowError(
                "The row has a system prompt twice: in system and in conversations[0].",
                path="system",
                fix="Keep one of them.",
                code="duplicate_system",
            )
        before = (Message("system", system),) if system else ()
        return Chat((*before, *messages), parse_tools(row))


def _message(value: object, path: str) -> Message:
    turn = object_at(value, path)
    for key in ("from", "value"):
        if turn.get(key) is None:
            raise RowError(
                f"{path} has no {key!r} (its keys: {', '.join(map(str, turn)) or 'none'}).",
                path=f"{path}.{key}",
                fix='A turn is {"from": "human", "value": "..."}.',
                code="message_missing_key",
            )
    speaker = turn["from"]
    role = SPEAKERS.get(speaker.lower()) if isinstance(speaker, str) else None
    if role is None:
        near = difflib.get_close_matches(str(speaker).lower(), SPEAKERS, n=1)
        raise RowError(
            f"{path}.from is {shown(speaker)}, which is no speaker.",
            path=f"{path}.from",
            fix=f'Did you mean "{near[0]}"?' if near else "Known: " + ", ".join(SPEAKERS) + ".",
            code="unrecognized_role",
        )
    for key, extra in turn.items():
        if key not in KEYS and extra not in (None, [], {}, ""):
            raise RowError(
                f"{path} has the key {str(key)!r}, which a turn can't have.",
                path=f"{path}.{key}",
                why="Its value would not be learned.",
                fix="Remove it, or put its text into value.",
                code="message_unrecognized_key",
            )
    weight = parse_weight(turn.get("weight"), role, f"{path}.weight")
    where = f"{path}.value"
    if speaker.lower() == "function_call":
        return _call(turn["value"], weight, where)
    text = text_at(turn["value"], where)
    # An empty system prompt and an empty result of a tool are what they say.
    return Message(role, text if role in ("system", "tool") else filled(text, where), weight=weight)


def _call(value: object, weight: int, path: str) -> Message:
    if isinstance(value, str):
        value = parse_json(value, path, "invalid_tool_arguments")
    calls = value if is_list(value) else [value]
    if not calls:
        filled("", path)
    return Message("assistant", "", tuple(parse_call(call, path) for call in calls), weight=weight)
