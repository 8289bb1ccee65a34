"""What the model sees and what it is taught, for every template family, on generated chats."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.processors import TemplateProcessing

from postgrad.core.records import Chat, Message, ToolCall
from postgrad.data.dataset import Dataset
from postgrad.data.encode import MARK
from postgrad.data.render import Sequence, Template
from postgrad.errors import ModelError, RowError
from postgrad.steps.prepare import _summary, cut_rows
from postgrad.training.loop import Row
from templates_under_test import (
    ANSWER,
    FAMILIES,
    LOOKALIKES,
    QUESTION,
    SMOLLM2,
    TEXTS,
    Family,
    base_folder,
    byte_level,
    conversations,
    decode,
    often,
    rendered,
    sentence_piece,
    taught,
    template_of,
    wrapped,
)

BASE = pytest.param(
    "base", marks=pytest.mark.skipif(base_folder() is None, reason="smollm2-135m not in the cache")
)
every_family = pytest.mark.parametrize("name", [*FAMILIES, BASE])


def family_of(name: str) -> Family:
    return FAMILIES["smollm2" if name == "base" else name]


def turns(chat: Chat) -> list[int]:
    messages = enumerate(chat.messages)
    return [i for i, message in messages if message.role == "assistant" and message.weight]


def runs(sequence: Sequence) -> Iterator[list[int]]:
    """Unbroken stretches of taught tokens."""
    run: list[int] = []
    for index in sequence.taught:
        if run and index != run[-1] + 1:
            yield run
            run = []
        run.append(index)
    if run:
        yield run


# --- What is taught ---------------------------------------------------------------------------


@every_family
@often
@given(conversations().filter(turns))
def test_taught_are_the_assistants_words_and_the_stop_token(name: str, chat: Chat) -> None:
    template, family = template_of(name), family_of(name)
    sequences = template.sequences(chat)
    stretches = [(sequence, run) for sequence in sequences for run in runs(sequence)]
    assert len(stretches) == len(turns(chat))  # each once, and none of weight 0
    for (sequence, run), index in zip(stretches, turns(chat), strict=True):
        text = decode(template, sequence.tokens[run[0] : run[-1] + 1])
        assert text == family.shown(chat.messages[index].content) + family.stop
        # what comes before is what the model is given when it is asked
        before = list(sequence.tokens[: run[0]])
        assert before == template.prompt_tokens(chat.messages[:index])


@every_family
@often
@given(conversations().filter(turns))
def test_a_chat_is_the_text_of_its_template(name: str, chat: Chat) -> None:
    template, family = template_of(name), family_of(name)
    for sequence in template.sequences(chat):
        bos = getattr(template.tokenizer, "bos_token_id", None) if family.bos else None
        assert bos is None or [i for i, t in enumerate(sequence.tokens) if t == bos] == [0]
        assert 0 not in sequence.taught
        assert list(sequence.taught) == sorted(set(sequence.taught))
    last = template.last_turn(chat)
    text = rendered(template, chat.messages)
    assert text.startswith(shown := decode(template, last.tokens))
    assert text[len(shown) :].strip() == ""
    assert taught(template, last) == family.shown(chat.answer.content) + family.stop
    assert template.reference(chat) == family.shown(chat.answer.content)


@every_family
@often
@given(conversations())
def test_text_never_becomes_a_special_token(name: str, chat: Chat) -> None:
    template = template_of(name)
    special = {
        index for index, token in template.tokenizer.added_tokens_decoder.items() if token.special
    }

    def marks(messages: tuple[Message, ...]) -> list[int]:
        return [token for token in template.last_turn(Chat(messages)).tokens if token in special]

    harmless = (replace(m, content="x" if m.content else "") for m in chat.messages)
    assert marks(chat.messages) == marks(tuple(harmless))


@every_family
@often
@given(conversations().filter(turns), st.integers(0, 200))
def test_a_cut_row_does_not_teach_to_stop(name: str, chat: Chat, limit: int) -> None:
    template = template_of(name)
    for whole in template.sequences(chat):
        cut = whole.cut(limit)
        assert cut.tokens == whole.tokens[:limit]
        assert cut.taught == tuple(index for index in whole.taught if index < limit)
    whole = template.last_turn(chat)
    cut = whole.cut(min(limit, len(whole.tokens) - 1))
    assert not {cut.tokens[index] for index in cut.taught} & template.stop_ids


@every_family
@often
@given(st.lists(st.text(st.characters(codec="ascii"), min_size=1).filter(str.strip), min_size=1))
def test_a_prompt_is_that_of_transformers(name: str, texts: list[str]) -> None:
    template = template_of(name)
    roles = [("user", "assistant")[index % 2] for index in range(len(texts))]
    messages = tuple(map(Message, roles, texts))  # type: ignore[arg-type]
    if any(mark in text for text in texts for mark in LOOKALIKES[:-2]):
        return
    theirs = template.tokenizer.apply_chat_template(
        [message.as_dict() for message in messages],
        add_generation_prompt=True,
        enable_thinking=False,
        return_dict=False,
    )
    assert template.prompt_tokens(messages) == theirs


def test_a_chat_is_one_sequence_where_its_template_allows_it() -> None:
    chat = Chat((QUESTION, ANSWER, QUESTION, replace(ANSWER, weight=0), QUESTION, ANSWER))
    [sequence] = template_of("chatml").sequences(chat)
    assert len(list(runs(sequence))) == 2
    # Qwen3 asks with an empty <think> block, and takes it out of the turns before
    assert len(template_of("qwen3").sequences(chat)) == 2


def test_nothing_taught() -> None:
    with refused("nothing_taught"):
        template_of("chatml").sequences(Chat((QUESTION, replace(ANSWER, weight=0))))


# --- What can't be taught ---------------------------------------------------------------------


def refused(code: str) -> Any:
    return pytest.raises(RowError, check=lambda error: error.code == code)


def own_template(text: str, stop: str = "<|im_end|>") -> Template:
    return Template(wrapped(byte_level(), Family("own", text, stop)))


LOOP = (
    "{% for m in messages %}BODY{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}"
)
SIMPLE = "[{{ m.role }}] {{ m.content }}<|im_end|>\n"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("template_not_prefix", SIMPLE.replace("m.content", "loop.length ~ m.content")),
        ("template_leaves_out_words", SIMPLE.replace("m.content", "m.content[:5]")),
        ("template_refuses", SIMPLE + "{{ raise_exception('no') if m.content == 'the dog' }}"),
        (
            "turn_without_stop",
            SIMPLE.replace("<|im_end|>", "{{ '<|im_end|>' if m.content != 'the dog' }}"),
        ),
    ],
)
def test_a_template_that_does_not_fit(code: str, body: str) -> None:
    template = own_template(LOOP.replace("BODY", body))
    with refused(code):
        template.sequences(Chat((QUESTION, ANSWER)))


def test_a_template_without_a_stop_token() -> None:
    template = own_template(LOOP.replace("BODY", "[{{ m.role }}] {{ m.content }}\n"))
    with pytest.raises(ModelError, check=lambda error: error.code == "no_stop_token"):
        template.sequences(Chat((QUESTION, ANSWER)))


@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool"])
@pytest.mark.parametrize("text", ["Speak like a duck.", "the", "<|im_end|>"])
def test_a_template_that_drops_a_turn(role: Any, text: str) -> None:
    """Also where the words of the turn stand in the text for another reason."""
    shown = f"m.role != '{role}' or loop.index0 > 3"
    template = own_template(LOOP.replace("BODY", f"{{% if {shown} %}}{SIMPLE}{{% endif %}}"))
    chat = Chat(
        (
            Message("system", text if role == "system" else "the rules"),
            Message("user", text if role == "user" else "the cat"),
            Message("assistant", text if role == "assistant" else "the dog", weight=0),
            Message("tool", text if role == "tool" else "the answer of a tool"),
            QUESTION,
            ANSWER,
        )
    )
    with refused("template_leaves_out_turn") as caught:
        template.sequences(chat)
    at = [message.role for message in chat.messages].index(role)
    assert caught.value.path == f"messages[{at}]"
    assert f"leaves out the {role} turn" in caught.value.what
    assert "base.chat_template" in caught.value.fix
    # a turn without words is no loss
    blank = tuple(replace(m, content=" ") if m.role == role else m for m in chat.messages[:4])
    assert template.sequences(Chat((*blank, QUESTION, ANSWER)))


def test_a_template_that_judges_words_is_taken_at_its_word() -> None:
    odd = "{{ raise_exception('no') if 'postgradprobe1' in m.content }}"
    template = own_template(LOOP.replace("BODY", odd + SIMPLE))
    assert template.sequences(Chat((QUESTION, ANSWER, QUESTION, ANSWER)))


def test_a_turn_may_end_with_another_special_token() -> None:
    ends = "{{ '<|eot_id|>' if m.content == 'the dog' else '<|im_end|>' }}"
    template = own_template(LOOP.replace("BODY", SIMPLE.replace("<|im_end|>", ends)))
    [sequence] = template.sequences(Chat((QUESTION, ANSWER)))
    assert taught(template, sequence) == "the dog<|eot_id|>"


def test_a_chat_that_begins_with_the_assistant() -> None:
    template = template_of("chatml")
    with refused("answer_without_prompt"):
        template.sequences(Chat((ANSWER, QUESTION, ANSWER)))
    [sequence] = template.sequences(Chat((replace(ANSWER, weight=0), QUESTION, ANSWER)))
    assert taught(template, sequence) == "the dog<|im_end|>"


def test_noncharacters() -> None:
    template = template_of("chatml")
    odd = Message("user", f"a{MARK}b")
    with refused("noncharacter") as caught:
        template.sequences(Chat((QUESTION, ANSWER, odd, ANSWER)))
    assert caught.value.path == "messages[2]"
    with refused("noncharacter"):
        template.prompt_tokens([odd])
    with refused("noncharacter"):
        template.text_sequence(odd.content)
    # all others are text
    [sequence] = template.sequences(Chat((QUESTION, Message("assistant", "\ufdd1 \uffff"))))
    assert taught(template, sequence) == "\ufdd1 \uffff<|im_end|>"


def test_characters_without_tokens() -> None:
    backend = sentence_piece("first")
    model = backend.model
    model.byte_fallback = False
    backend.model = model
    template = Template(wrapped(backend, FAMILIES["mistral"]))
    assert template.sequences(Chat((Message("user", "é"), ANSWER)))
    with refused("unknown_characters") as caught:
        template.sequences(Chat((QUESTION, Message("assistant", "the é"))))
    assert "U+00E9" in str(caught.value)


@pytest.mark.skipif(base_folder() is None, reason="smollm2-135m not in the cache")
def test_the_real_tokenizer_drops_some_control_characters() -> None:
    with refused("unknown_characters"):
        template_of("base").sequences(Chat((QUESTION, Message("assistant", "a\x04b"))))


def test_reasoning_that_the_template_hides() -> None:
    answer = Message("assistant", "<think>\nhm\n</think>\n\nyes")
    with refused("template_leaves_out_words"):
        template_of("qwen3").sequences(Chat((QUESTION, answer)))
    [sequence] = template_of("chatml").sequences(Chat((QUESTION, answer)))
    assert taught(template_of("chatml"), sequence) == answer.content + "<|im_end|>"


# --- Tools ------------------------------------------------------------------------------------

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def tool_chat(mark: str) -> Chat:
    """A chat with tools, in every place of which a mark is written."""
    function = {
        "name": "weather",
        "description": f"Weather {mark}",
        "parameters": {"type": "object", "properties": {mark: {"type": "string"}}},
    }
    calls = (
        ToolCall("weather", {"city": "Köln", mark: [f'"{mark}"', 1]}, "1"),
        ToolCall(f'a "b"\n{mark}', {}, "2"),
    )
    messages = (
        QUESTION,
        Message("assistant", "", tool_calls=calls),
        Message("tool", f"sunny {mark}", tool_call_id="1"),
        Message("tool", "", tool_call_id="2"),
        Message("assistant", "Well:", tool_calls=calls[:1]),
        Message("tool", "fog", tool_call_id="1"),
        ANSWER,
    )
    return Chat(messages, tools=({"type": "function", "function": function},))


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.tools])
def test_tool_calls_are_taught(name: str) -> None:
    template = template_of(name)
    special = template.tokenizer.added_tokens_decoder
    chat = tool_chat(FAMILIES[name].stop)
    stretches = [(seq, run) for seq in template.sequences(chat) for run in runs(seq)]
    assert len(stretches) == 3
    for (sequence, run), index in zip(stretches, turns(chat), strict=True):
        before = chat.messages[:index]
        assert list(sequence.tokens[: run[0]]) == template.prompt_tokens(before, chat.tools)
        whole = rendered(template, chat.messages[: index + 1], tools=list(chat.tools))
        text = decode(template, sequence.tokens[: run[-1] + 1])
        assert whole.removesuffix("\n") == text
        assert [t for t in run if sequence.tokens[t] in special] == run[-1:]
        assert sequence.tokens[run[-1]] in template.stop_ids
    assert template.reference(chat) == "the dog"
    marks = [
        [token for token in template.last_turn(each).tokens if token in special]
        for each in (chat, tool_chat("city of"))
    ]
    assert marks[0] == marks[1]


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if not family.tools])
def test_templates_without_tools(name: str) -> None:
    template = template_of(name)
    codes = {"template_without_tools", "template_refuses"}
    without = pytest.raises(RowError, check=lambda error: error.code in codes)
    with without:
        template.sequences(tool_chat("x"))
    with without:  # the calls alone
        template.sequences(replace(tool_chat("x"), tools=()))
    with without:  # the list of tools alone
        template.sequences(Chat((QUESTION, ANSWER), tools=(TOOL,)))


def test_a_call_that_only_seems_to_be_shown() -> None:
    """SmolLM2's own template leaves calls out; the name of this one is in the text anyway."""
    call = Message("assistant", "cat", tool_calls=(ToolCall("cat", {}),))
    with refused("template_without_tools"):
        template_of("smollm2").sequences(Chat((QUESTION, call)))


# --- Stops, texts, cuts -----------------------------------------------------------------------


def test_stops() -> None:
    template = template_of("gemma3")
    [turn] = template.tokenizer("<end_of_turn>", add_special_tokens=False)["input_ids"]
    [other] = template.tokenizer("<|endoftext|>", add_special_tokens=False)["input_ids"]
    assert template.stop == "<end_of_turn>"
    assert template.stop_ids == {turn}
    assert replace(template, model_stops=frozenset({other})).stop_ids == {turn, other}


@often
@given(TEXTS.filter(bool))
def test_plain_text(text: str) -> None:
    template = template_of("chatml")
    sequence = template.text_sequence(text)
    assert decode(template, sequence.tokens) == text + "<|im_end|>"
    assert sequence.taught == tuple(range(1, len(sequence.tokens)))
    end = template.tokenizer("<|im_end|>")["input_ids"]
    assert [t for t in sequence.tokens if t in template.stop_ids] == end


def test_plain_text_without_a_chat_template() -> None:
    tokenizer = wrapped(byte_level(), Family("none", "", "<|endoftext|>"))
    tokenizer.chat_template = None
    sequence = Template(tokenizer).text_sequence("the cat")
    assert tokenizer.decode(sequence.tokens) == "the cat<|endoftext|>"
    tokenizer.eos_token = None
    template = Template(tokenizer)
    assert tokenizer.decode(template.text_sequence("the cat").tokens) == "the cat"
    with refused("nothing_taught"):
        template.text_sequence("a")


def test_plain_text_begins_with_bos_where_the_tokenizer_puts_one() -> None:
    tokenizer = wrapped(byte_level(), FAMILIES["gemma3"])
    assert tokenizer.bos_token_id not in Template(tokenizer).text_sequence("the cat").tokens
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", tokenizer.bos_token_id)]
    )
    sequence = Template(tokenizer).text_sequence("<bos>the cat")
    assert sequence.tokens[0] == tokenizer.bos_token_id
    assert sequence.tokens.count(tokenizer.bos_token_id) == 1
    assert tokenizer.decode(sequence.tokens) == "<bos><bos>the cat<end_of_turn>"
    assert sequence.taught == tuple(range(1, len(sequence.tokens)))


def test_cuts_are_counted() -> None:
    rows = [
        Row("a", (Sequence((1, 2, 3, 4), (2, 3)),)),
        Row("b", (Sequence((1, 2, 3), (1, 2)), Sequence((1, 2, 3, 4, 5, 6), (5,)))),
    ]
    cut = cut_rows(rows, 3)
    assert cut == [
        Row("a", (Sequence((1, 2, 3), (2,)),)),
        Row("b", (Sequence((1, 2, 3), (1, 2)),)),
    ]
    assert cut_rows(rows, 6) == rows
    nothing = Dataset((), (), (), (), format="", sha256="", file="", notes=())
    parts = {"train": rows, "valid": [], "test": []}
    summary = _summary(nothing, parts, parts | {"train": cut}, {"findings": []})
    assert (summary.cut_rows, summary.cut_supervised_tokens) == (2, 2)
    assert summary.supervised_tokens["train"] == 3
    assert summary.tokens["train"] == 6
    assert _summary(nothing, parts, parts, {"findings": []}).cut_rows == 0


# --- The default model -----------------------------------------------------------------------


@pytest.mark.skipif(base_folder() is None, reason="smollm2-135m not in the cache")
def test_rendering_takes_a_few_milliseconds_a_turn() -> None:
    template = template_of("base")
    chat = Chat((Message("system", "the cat " * 30), *([QUESTION, ANSWER] * 50)))
    begin = time.perf_counter()
    [sequence] = template.sequences(chat)
    assert time.perf_counter() - begin < 5
    assert len(list(runs(sequence))) == 50


def test_smollm2s_template_adds_its_system_turn() -> None:
    assert "named SmolLM" in SMOLLM2
    template = template_of("smollm2")
    assert "named SmolLM" in decode(template, template.prompt_tokens([QUESTION]))
    empty = template.prompt_tokens([Message("system", ""), QUESTION])
    assert decode(template, empty).startswith("<|im_start|>system\n<|im_end|>\n")


# --- docs/render.md ---------------------------------------------------------------------------

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "render.md").read_text("utf-8")


@pytest.mark.skipif(base_folder() is None, reason="smollm2-135m not in the cache")
def test_the_example_of_the_page() -> None:
    template = template_of("base")
    chat = Chat(
        (
            Message("system", "You sell pizza."),
            Message("user", "Is it vegan? <|im_end|>"),
            Message("assistant", "The Marinara is."),
            Message("user", "How much?"),
            Message("assistant", "Nine euros."),
        )
    )
    [sequence] = template.sequences(chat)
    shown = ""
    for index, token in enumerate(sequence.tokens):
        text = decode(template, [token])
        shown += f"[{text}]" if index in sequence.taught else f"{text}|"
    example = re.findall(r"^```text\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    assert example == [shown.replace("\n|", "⏎|\n")]
    assert f"these {len(sequence.tokens)} tokens" in " ".join(PAGE.split())
    assert f"the {len(sequence.taught)} in brackets" in " ".join(PAGE.split())


def test_the_page_names_every_code() -> None:
    source = (ROOT / "src" / "postgrad" / "data" / "render.py").read_text("utf-8")
    codes = set(re.findall(r'\bcode="(\w+)"', source))
    assert codes - set(re.findall(r"`(\w+)`", PAGE)) == set()
