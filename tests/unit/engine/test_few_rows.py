"""Few rows: the same numbers by another product."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from postgrad.engine import few_rows
from postgrad.methods.lora.linear import LoraLinear


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (3, 5), (1, 128), (1, 129)])
@pytest.mark.parametrize("has_bias", [False, True])
@torch.no_grad()
def test_equals_the_usual_product(shape: tuple[int, int], has_bias: bool) -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(6, 4, bias=has_bias), torch.randn(*shape, 6)
    wanted = functional.linear(x, layer.weight, layer.bias)
    few_rows.install(nn.ModuleList([layer]))
    assert isinstance(layer, nn.Linear)
    torch.testing.assert_close(layer(x), wanted)


@pytest.mark.parametrize("has_bias", [False, True])
def test_an_adapter_adds_the_same(has_bias: bool) -> None:
    torch.manual_seed(0)
    layer = LoraLinear(nn.Linear(6, 4, bias=has_bias), rank=2, alpha=3.0)
    nn.init.normal_(layer.lora_B)
    x = torch.randn(1, 7, 6)
    wanted = layer(x).detach()  # with gradients: the product of training
    with torch.no_grad():
        assert few_rows.are_few(x)
        torch.testing.assert_close(layer(x), wanted)
