"""A record as a row of JSON and back, without loss: the form in which a run keeps its data.

A chat becomes a row of OpenAI's chat format, a preference a row of its preference format, a text
`{"text": ...}`: what a run has frozen can be used as a data file again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from postgrad.core.records import Chat, Message, Preference, Record, Text, ToolCall


def row_of(record: Record) -> dict[str, Any]:
    """The record as a JSON object. The order of its keys is fixed; objects of the user keep
    theirs, because templates write them into the prompt in that order."""
    if isinstance(record, Text):
        return {"text": record.text}
    if isinstance(record, Chat):
        return {"messages": _rows(record.messages), **_tools(record.tools)}
    return {
        "input": {"messages": _rows(record.prompt), **_tools(record.tools)},
        "preferred_output": _rows([record.chosen]),
        "non_preferred_output": _rows([record.rejected]),
    }


def record_of(row: Mapping[str, Any]) -> Record:
    """The record that `row_of` wrote. Rows of users are read by the formats, which check them."""
    if "text" in row:
        return Text(row["text"])
    if "messages" in row:
        return Chat(_messages(row["messages"]), tuple(row.get("tools", ())))
    return Preference(
        _messages(row["input"]["messages"]),
        *_messages(row["preferred_output"]),
        *_messages(row["non_preferred_output"]),
        tools=tuple(row["input"].get("tools", ())),
    )


def line_of(row: Mapping[str, Any]) -> str:
    """The row as one line of JSON, without a line end."""
    return json.dumps(row, ensure_ascii=False)


def _tools(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"tools": [dict(tool) for tool in tools]} if tools else {}


def _rows(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [_row(message) for message in messages]


def _row(message: Message) -> dict[str, Any]:
    # OpenAI writes null, not "", beside tool calls.
    content = None if message.tool_calls and not message.content else message.content
    row: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        row["tool_calls"] = [_call_row(call) for call in message.tool_calls]
    if message.tool_call_id:
        row["tool_call_id"] = message.tool_call_id
    if message.name:
        row["name"] = message.name
    if message.weight != 1:
        row["weight"] = message.weight
    return row


def _call_row(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
    function = {"name": call.name, "arguments": arguments}
    return {**({"id": call.id} if call.id else {}), "type": "function", "function": function}


def _messages(rows: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    return tuple(
        Message(
            role=row["role"],
            content=row["content"] or "",
            tool_calls=tuple(
                ToolCall(
                    call["function"]["name"],
                    json.loads(call["function"]["arguments"]),
                    call.get("id", ""),
                )
                for call in row.get("tool_calls", ())
            ),
            tool_call_id=row.get("tool_call_id", ""),
            name=row.get("name", ""),
            weight=row.get("weight", 1),
        )
        for row in rows
    )
