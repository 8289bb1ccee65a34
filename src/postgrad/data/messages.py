"""Turns of a chat, in OpenAI's form: what all chat formats share.

Error codes are the names of OpenAI's own data check where it has one ("Data preparation and
analysis for chat model fine-tuning", OpenAI cookbook), so that what people find about them helps.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

from postgrad.core.records import Message, Role, ToolCall
from postgrad.data import strict_json
from postgrad.data.fields import (
    filled,
    is_list,
    is_object,
    json_type,
    list_at,
    missing_key,
    object_at,
    shown,
    text_at,
    wrong_type,
)
from postgrad.errors import RowError

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",  # OpenAI's newer name for system
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",  # the form before `tools`
}

Value = TypeVar("Value")


MOST_PROBLEMS = 100
"""Told of one row: who mends a hundred sees what is wrong with the rest."""


class Problems(list[RowError]):
    """What is wrong with a row, in the order of the row."""

    def __init__(self, most: int = MOST_PROBLEMS) -> None:
        super().__init__()
        self._most = most

    @property
    def are_enough(self) -> bool:
        """Whether no more need be looked for."""
        return len(self) >= self._most

    def catch(self, read: Callable[[], Value]) -> Value | None:
        """What `read` gives; None if it raises a RowError, which is kept."""
        try:
            return read()
        except RowError as error:
            self.append(error)
            return None

    def raise_first(self) -> None:
        """Raises RowError if there was any."""
        if self:
            raise self[0]


KEYS = ("role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call")


def parse_messages(value: object, path: str = "messages") -> tuple[Message, ...]:
    """A list of turns.

    Raises:
        RowError: with the path, as `messages[2].role`.
    """
    problems = Problems(most=1)
    messages = read_messages(value, path, problems)
    problems.raise_first()
    return messages


def read_messages(value: object, path: str, problems: Problems) -> tuple[Message, ...]:
    """The turns that can be read; all that is wrong with the others goes to `problems`."""
    if not is_list(value) or not value:
        problems.append(_no_list(value, path))
        return ()
    plain = [*map(_plain, value)]
    if all(plain):  # as nearly always; there are no calls, then, whose ids may be wrong
        return tuple(turn for turn in plain if turn is not None)
    found: list[Message | None] = []
    for index, turn in enumerate(value):
        found.append(plain[index] or _message(turn, f"{path}[{index}]", problems))
        if problems.are_enough:
            return ()
    messages = tuple(message for message in found if message is not None)
    if not problems:  # else the call that an answer belongs to may be what can't be read
        problems.catch(lambda: _check_call_ids(messages, path))
    return messages


def parse_tools(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The functions that a row offers, from `tools` or the older `functions`.

    A list, or a string that holds one as JSON (as CSV and Parquet files do).

    Raises:
        RowError: not a list of functions that have a name.
    """
    if "tools" not in row and "functions" not in row:
        return ()
    problems = Problems(most=1)
    tools = read_tools(row, problems)
    problems.raise_first()
    return tools


def read_tools(row: Mapping[str, Any], problems: Problems) -> tuple[Mapping[str, Any], ...]:
    """The functions that can be read; all that is wrong with the others goes to `problems`."""
    given = [key for key in ("tools", "functions") if row.get(key) not in (None, "", [])]
    if len(given) == 2:
        problems.append(_two_lists())
        return ()
    if not given:
        return ()
    path = given[0]
    tools = problems.catch(lambda: _tool_list(row[path], path)) or []
    found: list[Mapping[str, Any] | None] = []
    for index, tool in enumerate(tools):
        found.append(problems.catch(partial(_tool, tool, f"{path}[{index}]")))
        if problems.are_enough:
            return ()
    return tuple(tool for tool in found if tool is not None)


def _two_lists() -> RowError:
    return RowError(
        "The row has both tools and functions.",
        path="functions",
        fix="Keep tools; functions is the older name for the same.",
        code="tools_and_functions",
    )


def _tool_list(value: object, path: str) -> list[Any]:
    if isinstance(value, str):
        value = parse_json(value, path, "invalid_tools")
    return list_at(value, path)


def check_taught(messages: Sequence[Message], path: str = "messages") -> None:
    """See that a chat has something to learn and ends with it.

    Raises:
        RowError: no assistant turn, none with a weight, or turns after the last one.
    """
    if messages and messages[-1].role == "assistant" and messages[-1].weight:
        return
    answers = [message for message in messages if message.role == "assistant"]
    if not any(message.weight for message in answers):
        found = "Every assistant message has weight 0" if answers else "There is no assistant turn"
        raise RowError(
            f"{found}: there is nothing to learn from.",
            path=path,
            fix='Add the wanted answer: {"role": "assistant", "content": "..."}',
            code="example_missing_assistant_message",
        )
    if messages[-1].role != "assistant":
        last = f"{path}[{len(messages) - 1}]"
        raise RowError(
            f"The last message ({last}) is from {messages[-1].role}, not from the assistant.",
            path=f"{last}.role",
            why="Nothing is learned from the messages after the last answer.",
            fix="Add the assistant's answer, or remove the messages after its last one.",
            code="last_message_not_assistant",
        )


def parse_weight(value: object, role: Role, path: str) -> int:
    """The weight of a turn: 0 or 1, and only on the assistant's.

    Raises:
        RowError: another value, or on another role.
    """
    if value is None:
        return 1
    if role != "assistant":
        raise RowError(
            f"{path} is given on a message from {role}.",
            path=path,
            why="Only assistant messages are learned, so that only they have a weight.",
            fix="Remove it.",
            code="unexpected_weight",
        )
    if isinstance(value, bool) or value not in (0, 1):
        raise RowError(
            f"{path} is {shown(value)}, and must be 0 or 1.",
            path=path,
            fix="1 (or nothing) to learn this answer, 0 to show it only.",
            code="invalid_weight",
        )
    return int(value == 1)


def parse_call(value: object, path: str, call_id: str = "") -> ToolCall:
    """A function call: `{"name": ..., "arguments": "{...}"}`.

    Raises:
        RowError: no name, or arguments that are no JSON object.
    """
    function = object_at(value, path)
    if function.get("name") is None:
        raise _under(missing_key(function, "name"), path)
    name = filled(text_at(function["name"], f"{path}.name"), f"{path}.name")
    arguments, where = function.get("arguments"), f"{path}.arguments"
    if isinstance(arguments, str):
        # The API itself leaves the arguments of a function without parameters empty.
        arguments = parse_json(arguments or "{}", where, "invalid_tool_arguments")
    if not is_object(arguments):
        raise RowError(
            f"{where} is {json_type(arguments)}, and must be a JSON object.",
            path=where,
            fix='For example: "arguments": "{\\"city\\": \\"Rome\\"}"',
            code="invalid_tool_arguments",
        )
    return ToolCall(name, dict(arguments), call_id)


def parse_json(text: str, path: str, code: str) -> Any:
    """JSON inside a string of a row.

    Raises:
        RowError: it is none, with the given path and code.
    """
    try:
        return strict_json.loads(text)
    except RowError as error:
        raise RowError(
            f"{path} holds no valid JSON. {error.what}",
            path=path,
            why=error.why,
            fix="Write it with a JSON library, for example json.dumps(value).",
            code=code,
        ) from None


def _no_list(value: object, path: str) -> RowError:
    return RowError(
        f"{path} is {'empty' if is_list(value) else json_type(value)}, "
        "and must be a list of messages.",
        path=path,
        fix=f'For example: "{path}": [{{"role": "user", "content": "Hello"}}, '
        '{"role": "assistant", "content": "Hello!"}]',
        code="missing_messages_list",
    )


def _plain(value: object) -> Message | None:
    """The turn if it is as nearly all are, read at once: a role and a text, and nothing wrong."""
    if type(value) is not dict:
        return None
    turn = cast("dict[str, Any]", value)
    role, content = turn.get("role"), turn.get("content")
    if len(turn) != 2 or not isinstance(role, str) or role not in ROLES:
        return None
    return Message(ROLES[role], content) if isinstance(content, str) and content.strip() else None


def _message(value: object, path: str, problems: Problems) -> Message | None:
    """The turn; None if anything is wrong with it."""
    turn = problems.catch(lambda: object_at(value, path))
    if turn is None:
        return None
    before = len(problems)
    has_calls = bool(turn.get("tool_calls") or turn.get("function_call"))
    role: Role | None = problems.catch(lambda: _role(turn, path))
    problems.catch(lambda: _check_keys(turn, path))
    if role is None:
        # Whoever speaks needs a text; that of a system message may be empty.
        problems.catch(lambda: _content(turn, "system", has_calls, path))
        return None
    calls = problems.catch(lambda: _calls(turn, role, path, problems)) or ()
    call_id = problems.catch(lambda: _call_id(turn, role, path))
    content = problems.catch(lambda: _content(turn, role, has_calls, path))
    name = problems.catch(lambda: _optional(turn, "name", path))
    weight = problems.catch(lambda: parse_weight(turn.get("weight"), role, f"{path}.weight"))
    if len(problems) > before:
        return None
    return Message(role, content or "", calls, call_id or "", name or "", weight or 0)


def _call_id(turn: Mapping[str, Any], role: Role, path: str) -> str:
    if turn.get("tool_call_id") is not None and role != "tool":
        raise _misplaced(f"{path}.tool_call_id", role, "tool")
    return _optional(turn, "tool_call_id", path)


def _optional(turn: Mapping[str, Any], key: str, path: str) -> str:
    value = turn.get(key)
    return "" if value is None else text_at(value, f"{path}.{key}")


def _role(turn: Mapping[str, Any], path: str) -> Role:
    value = turn.get("role")
    if value is None:
        sharegpt = "from" in turn
        raise RowError(
            f"{path} has no role (its keys: {', '.join(map(str, turn)) or 'none'}).",
            path=f"{path}.role",
            fix='With "from" and "value", call the list "conversations" (ShareGPT).'
            if sharegpt
            else 'Add "role": "system", "user", "assistant" or "tool".',
            code="message_missing_key",
        )
    role = ROLES.get(value) if isinstance(value, str) else None
    if role is None:
        near = difflib.get_close_matches(str(value).lower(), ROLES, n=1)
        raise RowError(
            f"{path}.role is {shown(value)}, which is no role.",
            path=f"{path}.role",
            fix=f'Did you mean "{near[0]}"?' if near else "Known: " + ", ".join(ROLES) + ".",
            code="unrecognized_role",
        )
    return role


def _check_keys(turn: Mapping[str, Any], path: str) -> None:
    """Refuse a key whose value would be dropped; answers copied from an API carry empty ones."""
    for key, value in turn.items():
        if key in KEYS or value in (None, [], {}, ""):
            continue
        near = difflib.get_close_matches(str(key), KEYS, n=1)
        raise RowError(
            f"{path} has the key {str(key)!r}, which a message can't have.",
            path=f"{path}.{key}",
            why="Its value would not be learned.",
            fix=f"Did you mean {near[0]!r}?"
            if near
            else f"Remove it, or put its text into {path}.content.",
            code="message_unrecognized_key",
        )


def _content(turn: Mapping[str, Any], role: Role, has_calls: bool, path: str) -> str:
    where = f"{path}.content"
    value = turn.get("content")
    if is_list(value):
        value = _joined(value, where)
    if value is None and has_calls:
        return ""
    if value is None and "content" not in turn:
        raise RowError(
            f"{path} has no content.",
            path=where,
            fix='Add "content" with the text of the message.',
            code="message_missing_key",
        )
    if value is not None:
        value = text_at(value, where)
    # An empty system prompt and an empty result of a tool are what they say.
    if (value and value.strip()) or has_calls or (role in ("system", "tool") and value is not None):
        return value or ""
    raise RowError(
        f"{where} is {'null' if value is None else 'empty'}.",
        path=where,
        why=f"A message from {role} needs text{' or tool_calls' * (role == 'assistant')}.",
        fix='Fill it, or remove the row. Text without a question goes into {"text": "..."}.',
        code="missing_content",
    )


def _joined(parts: Sequence[Any], path: str) -> str:
    texts: list[str] = []
    for index, part in enumerate(parts):
        where = f"{path}[{index}]"
        kind = object_at(part, where).get("type")
        if kind != "text":
            raise RowError(
                f"{where}.type is {shown(kind)}; only text can be learned.",
                path=f"{where}.type",
                fix="Remove the row, or write what matters of it as text.",
                code="unsupported_content_part",
            )
        texts.append(text_at(part.get("text"), f"{where}.text"))
    return "".join(texts)


def _calls(
    turn: Mapping[str, Any], role: Role, path: str, problems: Problems
) -> tuple[ToolCall, ...]:
    tool_calls, legacy = turn.get("tool_calls"), turn.get("function_call")
    for key, value in (("tool_calls", tool_calls), ("function_call", legacy)):
        if value and role != "assistant":
            raise _misplaced(f"{path}.{key}", role, "assistant")
    if tool_calls and legacy:
        raise RowError(
            f"{path} has both tool_calls and function_call.",
            path=f"{path}.function_call",
            fix="Keep tool_calls; function_call is the older form of the same.",
            code="tools_and_functions",
        )
    if legacy is not None:
        return (parse_call(legacy, f"{path}.function_call"),)
    if tool_calls is None:
        return ()
    where = f"{path}.tool_calls"
    found: list[ToolCall | None] = []
    for index, call in enumerate(list_at(tool_calls, where)):
        found.append(problems.catch(partial(_tool_call, call, f"{where}[{index}]")))
        if problems.are_enough:
            break
    return tuple(call for call in found if call is not None)


def _tool_call(value: object, path: str) -> ToolCall:
    call = object_at(value, path)
    kind = call.get("type", "function")
    if kind not in ("function", None):
        raise RowError(
            f"{path}.type is {shown(kind)}; only function calls can be learned.",
            path=f"{path}.type",
            fix='Write "type": "function", or remove the row.',
            code="unsupported_tool_type",
        )
    if call.get("function") is None:
        raise _under(missing_key(call, "function"), path)
    call_id = call.get("id")
    call_id = "" if call_id is None else text_at(call_id, f"{path}.id")
    return parse_call(call["function"], f"{path}.function", call_id)


def _check_call_ids(messages: Sequence[Message], path: str) -> None:
    known: set[str] = set()
    for index, message in enumerate(messages):
        known.update(call.id for call in message.tool_calls if call.id)
        if message.tool_call_id and known and message.tool_call_id not in known:
            where = f"{path}[{index}].tool_call_id"
            raise RowError(
                f"{where} is {shown(message.tool_call_id)}, but no call before it has that id.",
                path=where,
                fix="Ids of the calls before it: " + ", ".join(sorted(known)) + ".",
                code="unknown_tool_call_id",
            )


def _tool(value: object, path: str) -> Mapping[str, Any]:
    tool = object_at(value, path)
    if "function" not in tool and "name" in tool:  # the form of `functions`
        tool = {"type": "function", "function": dict(tool)}
    if tool.get("type", "function") != "function":
        raise RowError(
            f"{path}.type is {shown(tool['type'])}; only functions can be offered.",
            path=f"{path}.type",
            fix='Write "type": "function".',
            code="unsupported_tool_type",
        )
    function = object_at(tool.get("function"), f"{path}.function")
    if function.get("name") is None:
        raise _under(missing_key(function, "name"), f"{path}.function")
    filled(text_at(function["name"], f"{path}.function.name"), f"{path}.function.name")
    if not isinstance(function.get("parameters", {}), Mapping | None):
        where = f"{path}.function.parameters"
        raise wrong_type(function["parameters"], where, "a JSON Schema (an object)")
    return dict(tool)


def _misplaced(path: str, role: Role, owner: Role) -> RowError:
    return RowError(
        f"{path} is given on a message from {role}.",
        path=path,
        fix=f"Only a message from {owner} can have it: correct the role or remove the key.",
        code="message_unrecognized_key",
    )


def _under(error: RowError, path: str) -> RowError:
    """The same error, its path seen from further up."""
    return RowError(
        f"{path}: {error.what}", path=f"{path}.{error.path}", fix=error.fix, code=error.code
    )
