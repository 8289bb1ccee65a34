"""Text as tokens: look-alikes of special tokens, and answers that go on where a prompt ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.records import Chat, Message
from postgrad.data.encode import MARK, Encoder, restore
from postgrad.data.render import Template
from templates_under_test import (
    ANSWER,
    FAMILIES,
    FILLED,
    QUESTION,
    TEXTS,
    Family,
    byte_level,
    decode,
    often,
    rendered,
    sentence_piece,
    taught,
    template_of,
    wrapped,
)

BACKENDS = {
    "bytes": byte_level,
    "first": lambda: sentence_piece("first"),
    "always": lambda: sentence_piece("always"),
    "prepend": lambda: sentence_piece("prepend"),
}
_PARTS = st.sampled_from(["<|user|>", "<|end|>", "</s>", "the cat", " the ", "\n", " ", "QQ", "x"])

ENDS_WITH_A_SPACE = (
    "{% for m in messages %}[{{ m.role }}] {{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)


@pytest.mark.parametrize("swallows", [False, True], ids=["plain", "swallows"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_lookalike_is_encoded_as_if_it_were_no_special_token(
    backend: str, swallows: bool
) -> None:
    """Against a tokenizer that does not know `QQ` as a special token."""
    marks = ["<|user|>", "<|end|>", "</s>"]
    family = FAMILIES["phi"]
    without = wrapped(BACKENDS[backend](), family, marks=marks, swallows=swallows)
    with_it = wrapped(BACKENDS[backend](), family, marks=[*marks, "QQ"], swallows=swallows)
    encoder = Encoder(with_it)

    @often
    @given(st.lists(_PARTS, max_size=8))
    def same(parts: list[str]) -> None:
        text = "".join(MARK.join("QQ") + MARK if part == "QQ" else part for part in parts)
        expected = without(restore(text), add_special_tokens=False)["input_ids"]
        assert encoder.encode(text) == expected

    same()


@pytest.mark.parametrize("swallows", [False, True], ids=["plain", "swallows"])
@pytest.mark.parametrize("name", ["gemma3", "mistral", "phi"])
@pytest.mark.parametrize("scheme", ["first", "always", "prepend"])
def test_an_answer_begins_as_it_is_shown_later(scheme: str, name: str, swallows: bool) -> None:
    """It gets a first space only where the whole conversation, encoded at once, has it there."""
    template = Template(wrapped(sentence_piece(scheme), FAMILIES[name], swallows=swallows))

    @often
    @given(FILLED.filter(lambda text: "▁" not in text))  # these tokenizers read it as a space
    def same(text: str) -> None:
        chat = Chat((QUESTION, Message("assistant", text), QUESTION, ANSWER))
        first = template.last_turn(Chat(chat.messages[:2]))
        [both] = template.sequences(chat)
        assert both.tokens[: len(first.tokens)] == first.tokens
        shown = decode(template, both.tokens), rendered(template, chat.messages)
        assert "".join(shown[0].split()) == "".join(shown[1].split())

    same()


def test_an_answer_is_not_melted_into_its_prompt() -> None:
    """`\\n\\n` is one token, but the model starts behind a prompt that ends with `\\n`."""
    template = template_of("chatml")
    [sequence] = template.sequences(Chat((QUESTION, Message("assistant", "\nthe cat"))))
    start = sequence.taught[0]
    assert decode(template, sequence.tokens[start - 1 : start]) == "\n"
    assert taught(template, sequence) == "\nthe cat<|im_end|>"
    assert list(sequence.tokens[:start]) == template.prompt_tokens([QUESTION])

    own = Family("own", ENDS_WITH_A_SPACE, "<|im_end|>")
    for scheme in ("first", "always", "prepend"):  # a prompt that ends with a space: `▁t`
        template = Template(wrapped(sentence_piece(scheme), own))
        sequence = template.last_turn(Chat((QUESTION, ANSWER)))
        start = sequence.taught[0]
        tokens = template.tokenizer.convert_ids_to_tokens(sequence.tokens[start - 1 :])
        assert tokens[:3] == ["▁", "th", "e"]


@often
@given(st.recursive(TEXTS | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6))  # fmt: skip
def test_guards_come_off_again(value: Any) -> None:
    encoder = Encoder(template_of("chatml").tokenizer)

    def off(value: Any) -> Any:
        if isinstance(value, str):
            assert encoder.first_special(value) is None
            return restore(value)
        if isinstance(value, dict):
            return {off(key): off(item) for key, item in value.items()}
        return [off(item) for item in value] if isinstance(value, list) else value

    assert off(encoder.guard(value)) == value


def test_special_tokens_of_one_character_and_inside_each_other() -> None:
    tokenizer = wrapped(byte_level(), FAMILIES["chatml"], marks=["ab", "abc", "ア", "<|im_end|>"])
    encoder = Encoder(tokenizer)
    special = {index for index, t in tokenizer.added_tokens_decoder.items() if t.special}
    for text in ("abc", "ab", "ア", "xababcア", "a", "アア"):
        tokens = encoder.encode(encoder.guard(text))
        assert not special & set(tokens)
        assert tokenizer.decode(tokens) == text
    assert len(special & set(encoder.encode(encoder.guard("abcア") + "ア"))) == 1
    tokens = encoder.encode("abc" + encoder.guard("ab"))  # a template's mark, then text
    assert special & set(tokens) == {tokens[0]}
    assert tokenizer.decode(tokens[:1]) == "abc"
