"""Which numbers weights are kept in."""

from __future__ import annotations

import pytest
import torch

from postgrad import plugins
from postgrad.steps.machine import base_dtype

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("name", plugins.names("methods"))
def test_on_a_cpu_all_is_float32(name: str) -> None:
    assert base_dtype(CPU, plugins.load("methods", name)()) == torch.float32


def test_on_a_gpu_what_is_trained_is_float32_and_what_is_frozen_bfloat16() -> None:
    assert base_dtype(GPU) == torch.bfloat16
    assert base_dtype(GPU, plugins.load("methods", "lora")()) == torch.bfloat16
    assert base_dtype(GPU, plugins.load("methods", "full")()) == torch.float32


def test_why_a_step_is_lost_in_bfloat16() -> None:
    weight = torch.tensor(0.05)
    step = 1e-4
    assert weight + step != weight
    assert weight.bfloat16() + step == weight.bfloat16()
