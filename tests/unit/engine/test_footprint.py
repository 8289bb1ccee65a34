"""What is counted without values is what a real model holds, byte by byte."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from families import CONFIGS, VOCABULARY, tiny_model
from postgrad import plugins
from postgrad.core.job import MethodSection
from postgrad.data.pack import Packed, pack
from postgrad.data.render import Sequence
from postgrad.engine import footprint
from postgrad.engine.head import chunk_rows
from postgrad.engine.model import LanguageModel
from postgrad.training import optimizer

SETTINGS = MethodSection(rank=4, alpha=8)


def rows(prefix: int = 12) -> list[Sequence]:
    """Three rows, the first tokens of which are the same."""
    lengths = (30, 21, 26)
    return [
        Sequence(
            tuple(3 + (i if i < prefix else i * (n + 3)) % (VOCABULARY - 3) for i in range(length)),
            tuple(range(prefix + 2, length)),
        )
        for n, length in enumerate(lengths)
    ]


def packed() -> Packed:
    return pack(rows())


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("family", CONFIGS)
def test_counted_is_held(family: str, method: str) -> None:
    way = plugins.load("methods", method)()
    attach = partial(way.attach, settings=SETTINGS, seed=0)
    counted = footprint.count(CONFIGS[family], torch.float32, attach, packed())

    model = tiny_model(family)
    assert counted.weights == size(model.parameters())
    real = LanguageModel(model)
    attach(real.model)
    assert counted.weights + counted.adapter == size(real.model.parameters())
    assert counted.activations == footprint.kept_bytes(real.model, packed())

    trained = [value for value in real.model.parameters() if value.requires_grad]
    assert counted.trained_parameters == sum(value.numel() for value in trained)
    moving = optimizer.make(real.model, 0.0)
    real.loss_sum(rows()).backward()
    moving.step()
    assert counted.gradients == size(value.grad for value in trained)
    moments = [moving.state[value][name] for value in trained for name in ("exp_avg", "exp_avg_sq")]
    assert counted.optimizer == size(moments)


def test_no_adapter_no_adapter_parameters() -> None:
    def freeze(model: nn.Module) -> None:
        model.requires_grad_(False)

    counted = footprint.count(CONFIGS["llama"], torch.float32, freeze, packed())
    assert (counted.adapter, counted.gradients, counted.optimizer) == (0, 0, 0)
    assert counted.activations == 0  # nothing is trained, so nothing is kept


def test_half_precision_halves_the_weights() -> None:
    way = plugins.load("methods", "lora")()
    attach = partial(way.attach, settings=SETTINGS, seed=0)
    whole, half = (
        footprint.count(CONFIGS["llama"], dtype, attach, packed(), "cuda")
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert half.weights * 2 == whole.weights
    assert half.adapter == whole.adapter  # adapters stay float32
    assert half.activations < whole.activations
    assert half.cache_token * 2 == whole.cache_token


def test_the_cache_of_an_answer() -> None:
    """Keys and values: 2 x 2 layers x 2 heads x 8 numbers x 4 bytes for each token."""
    way = plugins.load("methods", "full")()
    attach = partial(way.attach, settings=SETTINGS, seed=0)
    counted = footprint.count(CONFIGS["llama"], torch.float32, attach, packed())
    assert counted.cache_token == 2 * 2 * 2 * 8 * 4


def test_reading_holds_the_logits_of_a_part_or_of_a_chunk() -> None:
    way = plugins.load("methods", "lora")()
    attach = partial(way.attach, settings=SETTINGS, seed=0)

    def reading(part_tokens: int) -> int:
        counted = footprint.count(
            CONFIGS["llama"], torch.float32, attach, packed(), part_tokens=part_tokens
        )
        return counted.reading

    assert reading(0) == 0
    assert reading(50) == footprint.READING_BYTES * VOCABULARY * 50
    assert reading(10**9) == footprint.READING_BYTES * VOCABULARY * chunk_rows(VOCABULARY, "cpu")


def size(tensors) -> int:
    return sum(value.numel() * value.element_size() for value in tensors)
