"""Rows into records: each format's right rows, and each fault with its path."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from postgrad import plugins
from postgrad.core.records import Chat, Message, Text, ToolCall
from postgrad.errors import RowError

USER, ANSWER = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": [1]}'}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def record(format_name: str, row: dict[str, Any]) -> Any:
    before = copy.deepcopy(row)
    result = plugins.load("formats", format_name)().record(row)
    assert row == before, "a format must not change the row"
    return result


def refusal(format_name: str, row: dict[str, Any]) -> RowError:
    with pytest.raises(RowError) as caught:
        record(format_name, row)
    assert caught.value.what
    assert caught.value.fix
    return caught.value


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


# --- OpenAI chat


def test_openai_chat() -> None:
    row = chat(
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None, "audio": {}},
        {"role": "tool", "tool_call_id": "c1", "content": ""},
        {"role": "assistant", "content": "no", "weight": 0},
        {"role": "user", "content": "And?", "name": "ann"},
        {"role": "assistant", "content": " yes ", "weight": 1, "tool_calls": []},
        tools=[TOOL],
        parallel_tool_calls=True,
        source="a key beside messages may stay",
    )
    assert record("openai_chat", row) == Chat(
        (
            Message("system", "Be brief."),
            Message("user", "Hi"),
            Message("assistant", "", (ToolCall("f", {"x": [1]}, "c1"),)),
            Message("tool", "", tool_call_id="c1"),
            Message("assistant", "no", weight=0),
            Message("user", "And?", name="ann"),
            Message("assistant", " yes "),
        ),
        (TOOL,),
    )


def test_openai_chat_older_function_form() -> None:
    row = chat(
        USER,
        {"role": "assistant", "function_call": {"name": "f", "arguments": ""}},
        {"role": "function", "name": "f", "content": "1"},
        ANSWER,
        functions=[{"name": "f", "parameters": {}}],
    )
    assert record("openai_chat", row) == Chat(
        (
            Message("user", "Hi"),
            Message("assistant", "", (ToolCall("f", {}),)),
            Message("tool", "1", name="f"),
            Message("assistant", "Ho"),
        ),
        ({"type": "function", "function": {"name": "f", "parameters": {}}},),
    )


def test_arguments_may_be_an_object_and_tools_a_string() -> None:
    call = {"function": {"name": "f", "arguments": {"x": 1}}}
    row = chat(USER, {"role": "assistant", "content": "", "tool_calls": [call]}, tools="[]")
    assert record("openai_chat", row).answer.tool_calls == (ToolCall("f", {"x": 1}),)
    row["tools"] = '[{"type": "function", "function": {"name": "f"}}]'
    assert record("openai_chat", row).tools == ({"type": "function", "function": {"name": "f"}},)


def calling(**function: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": [{"function": function}]}


@pytest.mark.parametrize(
    ("row", "code", "path"),
    [
        ({}, "missing_messages_list", "messages"),
        ({"messages": None}, "missing_messages_list", "messages"),
        ({"messages": []}, "missing_messages_list", "messages"),
        ({"messages": {"role": "user"}}, "missing_messages_list", "messages"),
        (chat(USER, "Ho"), "wrong_type", "messages[1]"),  # type: ignore[arg-type]
        (chat(USER, {"content": "Ho"}), "message_missing_key", "messages[1].role"),
        (chat({"from": "human", "value": "Hi"}), "message_missing_key", "messages[0].role"),
        (chat(USER, {"role": "assistant"}), "message_missing_key", "messages[1].content"),
        (
            chat(USER, {"role": "asistant", "content": "Ho"}),
            "unrecognized_role",
            "messages[1].role",
        ),
        (chat(USER, {"role": 7, "content": "Ho"}), "unrecognized_role", "messages[1].role"),
        (chat(USER, {**ANSWER, "wieght": 1}), "message_unrecognized_key", "messages[1].wieght"),
        (
            chat(USER, {**ANSWER, "reasoning": "x"}),
            "message_unrecognized_key",
            "messages[1].reasoning",
        ),
        (
            chat(USER, {"role": "assistant", "content": " \n"}),
            "missing_content",
            "messages[1].content",
        ),
        (
            chat(USER, {"role": "assistant", "content": None}),
            "missing_content",
            "messages[1].content",
        ),
        (chat({"role": "user", "content": ""}, ANSWER), "missing_content", "messages[0].content"),
        (chat({"role": "tool", "content": None}, ANSWER), "missing_content", "messages[0].content"),
        (chat(USER, {"role": "assistant", "content": 5}), "wrong_type", "messages[1].content"),
        (
            chat({"role": "user", "content": [{"type": "image_url"}]}, ANSWER),
            "unsupported_content_part",
            "messages[0].content[0].type",
        ),
        (
            chat({"role": "user", "content": [{"type": "text"}]}, ANSWER),
            "wrong_type",
            "messages[0].content[0].text",
        ),
        (chat(USER, {**ANSWER, "weight": 0.5}), "invalid_weight", "messages[1].weight"),
        (chat(USER, {**ANSWER, "weight": True}), "invalid_weight", "messages[1].weight"),
        (chat({**USER, "weight": 0}, ANSWER), "unexpected_weight", "messages[0].weight"),
        (chat(USER), "example_missing_assistant_message", "messages"),
        (chat(USER, {**ANSWER, "weight": 0}), "example_missing_assistant_message", "messages"),
        (chat(USER, ANSWER, USER), "last_message_not_assistant", "messages[2].role"),
        (
            chat(USER, calling(name="f", arguments="{")),
            "invalid_tool_arguments",
            "messages[1].tool_calls[0].function.arguments",
        ),
        (
            chat(USER, calling(name="f", arguments='{"a": NaN}')),
            "invalid_tool_arguments",
            "messages[1].tool_calls[0].function.arguments",
        ),
        (
            chat(USER, calling(name="f", arguments="[1]")),
            "invalid_tool_arguments",
            "messages[1].tool_calls[0].function.arguments",
        ),
        (
            chat(USER, calling(name="f")),
            "invalid_tool_arguments",
            "messages[1].tool_calls[0].function.arguments",
        ),
        (
            chat(USER, calling(arguments="{}")),
            "missing_key",
            "messages[1].tool_calls[0].function.name",
        ),
        (
            chat(USER, {"role": "assistant", "tool_calls": [{"id": "c"}]}),
            "missing_key",
            "messages[1].tool_calls[0].function",
        ),
        (
            chat(USER, {"role": "assistant", "tool_calls": [{**CALL, "type": "web"}]}),
            "unsupported_tool_type",
            "messages[1].tool_calls[0].type",
        ),
        (
            chat(USER, {"role": "assistant", "tool_calls": [CALL], "function_call": {"name": "f"}}),
            "tools_and_functions",
            "messages[1].function_call",
        ),
        (
            chat({**USER, "tool_calls": [CALL]}),
            "message_unrecognized_key",
            "messages[0].tool_calls",
        ),
        (
            chat({**USER, "tool_call_id": "c"}, ANSWER),
            "message_unrecognized_key",
            "messages[0].tool_call_id",
        ),
        (
            chat(
                {"role": "assistant", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c2", "content": "1"},
                ANSWER,
            ),
            "unknown_tool_call_id",
            "messages[1].tool_call_id",
        ),
        (chat(USER, ANSWER, tools={}), "wrong_type", "tools"),
        (chat(USER, ANSWER, tools="[{"), "invalid_tools", "tools"),
        (chat(USER, ANSWER, tools=["f"]), "wrong_type", "tools[0]"),
        (chat(USER, ANSWER, tools=[{"type": "function"}]), "wrong_type", "tools[0].function"),
        (
            chat(USER, ANSWER, tools=[{"type": "web_search"}]),
            "unsupported_tool_type",
            "tools[0].type",
        ),
        (
            chat(USER, ANSWER, tools=[TOOL, {"function": {"parameters": {}}}]),
            "missing_key",
            "tools[1].function.name",
        ),
        (
            chat(USER, ANSWER, tools=[{"function": {"name": "f", "parameters": "x"}}]),
            "wrong_type",
            "tools[0].function.parameters",
        ),
        (
            chat(USER, ANSWER, tools=[TOOL], functions=[{"name": "f"}]),
            "tools_and_functions",
            "functions",
        ),
    ],
)
def test_openai_chat_faults(row: dict[str, Any], code: str, path: str) -> None:
    error = refusal("openai_chat", row)
    assert (error.code, error.path) == (code, path)


def test_hints_give_the_nearest_name() -> None:
    assert '"assistant"' in refusal("openai_chat", chat({"role": "asistant"})).fix
    assert "'weight'" in refusal("openai_chat", chat(USER, {**ANSWER, "wieght": 1})).fix
    assert "conversations" in refusal("openai_chat", chat({"from": "human"})).fix


# --- prompt and completion


def test_prompt_completion() -> None:
    row = {"prompt": "Hi ", "completion": " Ho", "system": "Be brief.", "id": 3}
    assert record("prompt_completion", row) == Chat(
        (Message("system", "Be brief."), Message("user", "Hi "), Message("assistant", " Ho"))
    )


def test_prompt_completion_with_messages_teaches_the_completion_only() -> None:
    row = {"prompt": [USER, ANSWER, USER], "completion": [ANSWER], "tools": [TOOL], "system": ""}
    assert record("prompt_completion", row) == Chat(
        (
            Message("user", "Hi"),
            Message("assistant", "Ho", weight=0),
            Message("user", "Hi"),
            Message("assistant", "Ho"),
        ),
        (TOOL,),
    )


@pytest.mark.parametrize(
    ("row", "code", "path"),
    [
        ({"completion": "x"}, "missing_key", "prompt"),
        ({"prompt": "x", "completion": None}, "missing_key", "completion"),
        ({"prompt": "x", "completion": "  "}, "missing_content", "completion"),
        ({"prompt": "", "completion": "x"}, "missing_content", "prompt"),
        ({"prompt": "x", "completion": 5}, "wrong_type", "completion"),
        ({"prompt": "x", "completion": "y", "system": []}, "wrong_type", "system"),
        ({"prompt": [{"role": "bot"}], "completion": "y"}, "unrecognized_role", "prompt[0].role"),
        ({"prompt": "x", "completion": [USER]}, "example_missing_assistant_message", "completion"),
        (
            {"prompt": [{"role": "system", "content": "a"}], "completion": "y", "system": "b"},
            "duplicate_system",
            "system",
        ),
    ],
)
def test_prompt_completion_faults(row: dict[str, Any], code: str, path: str) -> None:
    error = refusal("prompt_completion", row)
    assert (error.code, error.path) == (code, path)


def test_a_number_is_shown_as_the_string_it_should_be() -> None:
    assert '"5"' in refusal("prompt_completion", {"prompt": "x", "completion": 5}).fix


# --- Alpaca


def test_alpaca() -> None:
    row = {
        "instruction": "Translate.",
        "input": "Hallo",
        "output": "Hello",
        "system": "Be brief.",
        "history": [["Hi", "Ho"]],
    }
    assert record("alpaca", row) == Chat(
        (
            Message("system", "Be brief."),
            Message("user", "Hi"),
            Message("assistant", "Ho"),
            Message("user", "Translate.\n\nHallo"),
            Message("assistant", "Hello"),
        )
    )


@pytest.mark.parametrize("empty", [{}, {"input": ""}, {"input": None}, {"input": " \n"}])
def test_alpaca_without_input(empty: dict[str, Any]) -> None:
    chat_record = record("alpaca", {"instruction": "Say hi.", "output": "Hi", **empty})
    assert chat_record.messages[0].content == "Say hi."


@pytest.mark.parametrize(
    ("row", "code", "path"),
    [
        ({"output": "x"}, "missing_key", "instruction"),
        ({"instruction": "x", "output": ""}, "missing_content", "output"),
        ({"instruction": "x", "output": ["y"]}, "wrong_type", "output"),
        ({"instruction": "x", "input": 1, "output": "y"}, "wrong_type", "input"),
        ({"instruction": "x", "output": "y", "history": [["a"]]}, "wrong_type", "history[0]"),
        ({"instruction": "x", "output": "y", "history": "a"}, "wrong_type", "history"),
        (
            {"instruction": "x", "output": "y", "history": [["a", "b"], ["a", " "]]},
            "missing_content",
            "history[1][1]",
        ),
    ],
)
def test_alpaca_faults(row: dict[str, Any], code: str, path: str) -> None:
    error = refusal("alpaca", row)
    assert (error.code, error.path) == (code, path)


# --- ShareGPT


def turns(*pairs: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"conversations": [{"from": who, "value": text} for who, text in pairs], **more}


def test_sharegpt() -> None:
    row = turns(
        ("human", "Hi"),
        ("function_call", '{"name": "f", "arguments": {"x": 1}}'),
        ("observation", ""),
        ("GPT", "Ho"),
        system="Be brief.",
        tools='[{"name": "f"}]',
    )
    assert record("sharegpt", row) == Chat(
        (
            Message("system", "Be brief."),
            Message("user", "Hi"),
            Message("assistant", "", (ToolCall("f", {"x": 1}),)),
            Message("tool", ""),
            Message("assistant", "Ho"),
        ),
        ({"type": "function", "function": {"name": "f"}},),
    )


def test_sharegpt_with_openai_turns_and_weights() -> None:
    assert record("sharegpt", {"conversations": [USER, ANSWER]}).answer == Message(
        "assistant", "Ho"
    )
    row = turns(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))
    row["conversations"][1]["weight"] = 0
    assert [message.weight for message in record("sharegpt", row).messages] == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("row", "code", "path"),
    [
        ({}, "missing_messages_list", "conversations"),
        ({"conversations": []}, "missing_messages_list", "conversations"),
        ({"conversations": [{"from": "human"}]}, "message_missing_key", "conversations[0].value"),
        (
            {"conversations": [{"from": "gpt", "value": "x"}, {"value": "x"}]},
            "message_missing_key",
            "conversations[1].from",
        ),
        (turns(("humann", "x")), "unrecognized_role", "conversations[0].from"),
        (turns(("human", " ")), "missing_content", "conversations[0].value"),
        (turns(("human", 3)), "wrong_type", "conversations[0].value"),
        (turns(("human", "x")), "example_missing_assistant_message", "conversations"),
        (
            turns(("gpt", "x"), ("human", "y")),
            "last_message_not_assistant",
            "conversations[1].role",
        ),
        (turns(("function_call", "f(1)")), "invalid_tool_arguments", "conversations[0].value"),
        (
            turns(("function_call", '{"name": "f", "arguments": "x"}')),
            "invalid_tool_arguments",
            "conversations[0].value.arguments",
        ),
        (turns(("function_call", "[]")), "missing_content", "conversations[0].value"),
        (turns(("system", "a"), ("gpt", "b"), system="c"), "duplicate_system", "system"),
        (
            {"conversations": [{"from": "gpt", "value": "x", "markdown": "y"}]},
            "message_unrecognized_key",
            "conversations[0].markdown",
        ),
    ],
)
def test_sharegpt_faults(row: dict[str, Any], code: str, path: str) -> None:
    error = refusal("sharegpt", row)
    assert (error.code, error.path) == (code, path)


# --- plain text


def test_text() -> None:
    assert record("text", {"text": " a\n", "url": "x"}) == Text(" a\n")


@pytest.mark.parametrize(
    ("row", "code"),
    [({}, "missing_key"), ({"text": "\n"}, "missing_content"), ({"text": 1}, "wrong_type")],
)
def test_text_faults(row: dict[str, Any], code: str) -> None:
    error = refusal("text", row)
    assert (error.code, error.path) == (code, "text")
