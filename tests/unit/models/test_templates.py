from __future__ import annotations

from typing import Any

import jinja2
import pytest
from transformers.utils.chat_template_utils import render_jinja_template

from postgrad.core.records import Message, ToolCall
from postgrad.errors import ModelError
from postgrad.models import templates

WITH_TOOLS = ("chatml", "llama3", "qwen3")
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Wetter für eine Stadt",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CHAT = (
    Message("system", "Be brief."),
    Message("user", "Hi  "),
    Message("assistant", "Hello."),
    Message("user", 'Say "x" & <b>'),
    Message("assistant", "\n x & <b> \n"),
    Message("user", "Again"),
    Message("assistant", "x"),
)
TOOL_CHAT = (
    Message("system", "Be brief."),
    Message("user", "Weather in Köln and Bonn?"),
    Message(
        "assistant",
        "",
        tool_calls=(
            ToolCall("weather", {"city": "Köln"}, "1"),
            ToolCall("weather", {"city": "Bonn"}, "2"),
        ),
    ),
    Message("tool", "sunny", tool_call_id="1"),
    Message("tool", "rain", tool_call_id="2"),
    Message("assistant", "And now?", tool_calls=(ToolCall("weather", {"city": "Trier"}, "3"),)),
    Message("tool", "fog", tool_call_id="3"),
    Message("assistant", "Sunny, rain, fog."),
    Message("user", "Thanks"),
    Message("assistant", "You're welcome."),
)


def render(name: str, messages: tuple[Message, ...], **options: Any) -> str:
    """As `apply_chat_template` does: the same sandbox, the same settings."""
    chat = [message.as_dict() for message in messages]
    marks = {"bos_token": "<s>", "eos_token": "</s>"}
    texts, _ = render_jinja_template(
        conversations=[chat], chat_template=templates.read(name), **(marks | options)
    )
    return texts[0]


def assert_prefixes(name: str, messages: tuple[Message, ...], **options: Any) -> None:
    turns = [k for k, message in enumerate(messages) if message.role == "assistant"]
    for k in turns:
        asked = render(name, messages[:k], add_generation_prompt=True, **options)
        answered = render(name, messages[: k + 1], **options)
        assert answered.startswith(asked), (name, k)
        end = templates.end_of_turn(name) or "</s>"
        answer = answered[len(asked) :]
        assert messages[k].content.strip() in answer
        assert answer.rstrip("\n").endswith(end)
        assert answer.count(end) == 1


@pytest.mark.parametrize("messages", [CHAT, CHAT[1:]], ids=["system", "no_system"])
@pytest.mark.parametrize("name", templates.names())
def test_prompt_is_a_prefix_of_the_answered_chat(name: str, messages: tuple[Message, ...]) -> None:
    assert_prefixes(name, messages)


@pytest.mark.parametrize("messages", [TOOL_CHAT, TOOL_CHAT[1:]], ids=["system", "no_system"])
@pytest.mark.parametrize("name", WITH_TOOLS)
def test_prompt_is_a_prefix_with_tools(name: str, messages: tuple[Message, ...]) -> None:
    assert_prefixes(name, messages, tools=[TOOL])
    text = render(name, messages, tools=[TOOL])
    assert text.count("Wetter für eine Stadt") == 1
    assert '{"city": "Köln"}' in text


@pytest.mark.parametrize("name", sorted(set(templates.names()) - set(WITH_TOOLS)))
def test_tools_are_refused_rather_than_dropped(name: str) -> None:
    for messages, options in ((CHAT, {"tools": [TOOL]}), (TOOL_CHAT, {})):
        with pytest.raises(jinja2.TemplateError, match="no form for tools"):
            render(name, messages, **options)


@pytest.mark.parametrize("name", WITH_TOOLS)
def test_arguments_may_be_json_text_already(name: str) -> None:
    call = {"function": {"name": "weather", "arguments": '{"city": "Bonn"}'}}
    chat = [{"role": "assistant", "content": None, "tool_calls": [call]}]
    texts, _ = render_jinja_template(conversations=[chat], chat_template=templates.read(name))
    assert ': {"city": "Bonn"}}' in texts[0]


@pytest.mark.parametrize("thinking", [True, False])
@pytest.mark.parametrize("messages", [CHAT, TOOL_CHAT])
def test_qwen3_prefix_with_and_without_thinking(
    thinking: bool, messages: tuple[Message, ...]
) -> None:
    assert_prefixes("qwen3", messages, enable_thinking=thinking)


def test_qwen3_without_thinking_asks_after_an_empty_block() -> None:
    empty = "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    asked = render("qwen3", CHAT[:2], add_generation_prompt=True, enable_thinking=False)
    assert asked.endswith(empty)
    assert not render("qwen3", CHAT[:2], add_generation_prompt=True).endswith(empty)
    answered = render("qwen3", CHAT, enable_thinking=False)
    assert answered.count("<think>") == 1
    assert answered.endswith(empty + "x<|im_end|>\n")


def test_qwen3_reasoning_is_kept_in_the_last_turn_only() -> None:
    thought = Message("assistant", "<think>\nhm\n</think>\n\nyes")
    messages = (CHAT[1], thought, CHAT[3], thought)
    text = render("qwen3", messages)
    assert text.count("<think>\nhm\n</think>\n\nyes") == 1
    assert_prefixes("qwen3", (CHAT[1], Message("assistant", "yes"), CHAT[3]))
    off = render("qwen3", messages, enable_thinking=False)
    assert "hm" not in off
    asked = render("qwen3", messages[:3], add_generation_prompt=True, enable_thinking=False)
    assert off.startswith(asked)


EXACT = {
    "chatml": "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n"
    "<|im_start|>assistant\nA<|im_end|>\n",
    "llama3": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>",
    "qwen3": "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n"
    "<|im_start|>assistant\n<think>\n\n</think>\n\nA<|im_end|>\n",
    "gemma3": "<bos><start_of_turn>user\nS\n\nU<end_of_turn>\n"
    "<start_of_turn>model\nA<end_of_turn>\n",
    "mistral": "<s>[INST] S\n\nU [/INST] A</s>",
    "phi": "<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\nA<|end|>\n",
    "plain": "<s>System:\nS\n\nUser:\nU\n\nAssistant:\nA</s>\n",
}


@pytest.mark.parametrize("name", templates.names())
def test_documented_form(name: str) -> None:
    messages = (Message("system", "S"), Message("user", "U"), Message("assistant", "A"))
    assert render(name, messages) == EXACT[name]


@pytest.mark.parametrize("name", templates.names())
def test_every_mark_is_written_and_unknown_roles_are_refused(name: str) -> None:
    text = render(name, CHAT)
    assert all(mark in text for mark in templates.special_tokens(name))
    odd = [{"role": "critic", "content": "x"}]
    with pytest.raises(jinja2.TemplateError):
        render_jinja_template(
            conversations=[odd], chat_template=templates.read(name), eos_token="</s>"
        )


def test_unknown_template_gets_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"Did you mean chatml\?") as caught:
        templates.read("chat_ml")
    assert caught.value.code == "unknown_template"


def test_suggestion_fits_the_model_and_its_vocabulary() -> None:
    assert templates.suggest({"model_type": "gemma3_text"}) == "gemma3"
    assert templates.suggest({"model_type": "gpt2"}) == "plain"
    assert templates.suggest({"model_type": "llama"}) == "llama3"
    llama = {"model_type": "llama"}
    assert templates.suggest(llama, ["<|im_start|>", "<|im_end|>"]) == "chatml"
    assert templates.suggest(llama, ["a"]) == "plain"
