"""Texts as they stand, without a chat template: how likely one is after another, and how one goes
on. That scores equal lm-eval's own is held in tests/unit/evals/suites."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.core.records import Message, Text
from postgrad.data.render import Sequence, Template
from postgrad.engine.answerer import LocalAnswerer
from postgrad.errors import RowError
from suite_models import CONTEXT_TOKENS, answerer, llama, tokenizer

TEXTS = st.text(st.sampled_from("the sky is\nblu§"), max_size=24)


@given(st.integers(2, 40), st.integers(1, 60), st.integers(2, 20))
def test_windows_teach_each_token_once_with_all_that_fits(
    num_before: int, num_after: int, limit: int
) -> None:
    tokens = tuple(range(num_before + num_after))
    whole = Sequence(tokens, tuple(range(num_before, len(tokens))))
    windows = whole.windows(limit)
    assert [w.tokens[at] for w in windows for at in w.taught] == list(tokens[num_before:])
    for window in windows:
        assert len(window.tokens) == min(limit, window.tokens[-1] + 1), "as much as fits"
        assert window.taught[0] > 0
        assert window.tokens == tuple(range(window.tokens[0], window.tokens[-1] + 1))


@given(TEXTS, TEXTS.filter(bool))
@settings(deadline=None)
def test_two_texts_are_read_as_one(before: str, text: str) -> None:
    words = tokenizer()
    found = Template(words).continuation(before, text)
    start = 1 if found.tokens[0] == words.eos_token_id else 0
    assert words.decode(found.tokens[start:]) == before + text
    assert found.taught == tuple(range(found.taught[0], len(found.tokens)))
    told = words.decode(found.tokens[found.taught[0] :])
    assert len(told) >= 1
    if before and not before.isspace():
        assert (before + text).endswith(told)


def test_nothing_has_no_likelihood() -> None:
    with pytest.raises(RowError, match="Nothing goes on"):
        Template(tokenizer()).continuation("the sky", "")


def test_likelihoods_are_the_models_own() -> None:
    model, template = llama(), Template(tokenizer())
    pairs = [("the sky is", " blue"), ("the sky is", " green"), ("the grass", " is")] * 3
    done: list[int] = []
    found = answerer(chats=False).continuations(pairs, on_done=done.append)
    assert done[-1] == len(pairs)
    for pair, it in zip(pairs, found, strict=True):
        tokens, taught = (each := template.continuation(*pair)).tokens, each.taught
        with torch.no_grad():
            log_odds = model(input_ids=torch.tensor([tokens])).logits[0].log_softmax(-1)
        wanted = sum(float(log_odds[at - 1, tokens[at]]) for at in taught)
        best = all(int(log_odds[at - 1].argmax()) == tokens[at] for at in taught)
        assert it.log_probability == pytest.approx(wanted, abs=1e-4)
        assert it.is_greedy == best


def test_what_a_model_would_write_is_greedy() -> None:
    model = answerer(chats=False)
    beginnings = [f"the sky is {number}" for number in range(40)]
    written = model.complete(beginnings, max_new_tokens=1)
    pairs = [  # bytes that are no text can't be asked for as text
        (beginning, it.text)
        for beginning, it in zip(beginnings, written, strict=True)
        if it.text.isprintable() and it.text.isascii() and it.text.strip()
    ]
    assert pairs
    assert all(it.is_greedy for it in model.continuations(pairs))
    others = model.continuations([(beginning, f"{text}~") for beginning, text in pairs])
    assert not all(it.is_greedy for it in others)


def test_a_text_ends_before_the_first_end() -> None:
    model = answerer(chats=False)
    [free] = model.complete(["the sky is"], max_new_tokens=20)
    ends = [free.text[5:7], free.text[9:11]]
    [cut] = model.complete(["the sky is"], max_new_tokens=20, until=ends)
    at = min(free.text.find(end) for end in ends)
    assert cut.text == free.text[:at]
    assert (cut.finish, free.finish) == ("stop", "length")
    assert cut.num_tokens < free.num_tokens, "it was not written to the end"


def test_long_beginnings_keep_their_end() -> None:
    model = answerer(chats=False)
    [long] = model.complete(["never read " * 30 + "x" * CONTEXT_TOKENS], max_new_tokens=1000)
    [same] = model.complete(["x" * CONTEXT_TOKENS], max_new_tokens=1000)
    assert long == same
    assert long.num_tokens <= CONTEXT_TOKENS // 2


def test_a_prompt_as_text_is_the_prompt_that_is_asked() -> None:
    model: LocalAnswerer = answerer()
    messages = [Message("system", "Be brief."), Message("user", "Say <|im_end|>, please.")]
    text = model.prompt_text(messages)
    template = model.template
    assert template.beginning_tokens(text) == template.prompt_tokens(messages)
    begun = model.prompt_text([*messages, Message("assistant", "The ")])
    assert begun == text + "The "


def test_what_was_read_is_not_read_again() -> None:
    plain = answerer(chats=False)
    mindful = replace(plain, memory={})
    texts = [Text(text) for text in ("the sky is blue", "the sky is", "blue blue blue")]
    done: list[int] = []
    bits = mindful.bits_per_byte(texts, on_done=done.append)
    assert bits == pytest.approx(plain.bits_per_byte(texts), rel=1e-5)
    assert done == [3]
    wanted = plain.predictions(texts)
    blind = replace(mindful, model=None)  # type: ignore[arg-type]
    assert blind.predictions(texts[1:]) == wanted[1:]
    assert blind.bits_per_byte(texts[:2]) == bits[:2]


def test_what_was_not_read_is_read_as_ever() -> None:
    """Also what was read before, together with the rest: the last bit depends on the company."""
    texts = [Text(text) for text in ("the sky is blue", "the sky is", "blue blue blue")]
    mindful, other = (replace(answerer(chats=False), memory={}) for _ in range(2))
    mindful.bits_per_byte(texts[:1])
    assert mindful.bits_per_byte(texts) == other.bits_per_byte(texts)
