"""Batched answers equal those of transformers' own generate, one prompt at a time."""

from __future__ import annotations

import random

import pytest
import torch

from families import CONFIGS, VOCABULARY, tiny_model
from postgrad.engine import generate as module
from postgrad.engine.generate import generate
from postgrad.engine.model import LanguageModel


def prompts(count: int, shared: int) -> list[list[int]]:
    draw = random.Random(count * 100 + shared)
    start = [draw.randrange(3, VOCABULARY) for _ in range(shared)]
    return [
        start + [draw.randrange(3, VOCABULARY) for _ in range(draw.randrange(1, 15))]
        for _ in range(count)
    ]


def plain_answer(model, prompt: list[int], limit: int, stop: frozenset[int]) -> list[int]:
    answer: list[int] = []
    with torch.no_grad():
        for _ in range(limit):
            tokens = torch.tensor([prompt + answer])
            token = int(model(input_ids=tokens, use_cache=False).logits[0, -1].argmax())
            if token in stop:
                break
            answer.append(token)
    return answer


@pytest.mark.parametrize("shared", [0, 9])
@pytest.mark.parametrize("family", sorted(CONFIGS))
def test_equals_one_by_one(family: str, shared: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOTS", 4)  # fewer than prompts: slots are reused
    asked = prompts(11, shared)
    free = [plain_answer(tiny_model(family), prompt, 12, frozenset()) for prompt in asked]
    stop = frozenset({free[0][5], free[4][2]})  # tokens that some answers come to
    wanted = [plain_answer(tiny_model(family), prompt, 12, stop) for prompt in asked]
    finished: list[int] = []
    streams = generate(
        LanguageModel(tiny_model(family)),
        asked,
        max_new_tokens=12,
        stop_ids=stop,
        on_done=finished.append,
    )
    assert [stream.tokens for stream in streams] == wanted
    assert [stream.stopped for stream in streams] == [len(answer) < 12 for answer in wanted]
    assert finished[-1] == 11
    assert any(len(answer) < 12 for answer in wanted), "no answer stopped: the test is too weak"


def test_no_prompt_gives_no_answer() -> None:
    model = LanguageModel(tiny_model("llama"))
    assert generate(model, [], max_new_tokens=3, stop_ids=frozenset()) == []
