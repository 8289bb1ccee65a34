"""The GPU kernel for packed rows gives what attention row by row gives."""

from __future__ import annotations

import pytest
import torch

from postgrad.data.tree import lay
from postgrad.engine import varlen
from postgrad.engine.layout import Branched, Packed

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("prefix", [0, 5])
@pytest.mark.parametrize("window", [None, 4])
def test_equals_row_by_row(prefix: int, window: int | None) -> None:
    torch.manual_seed(0)
    lengths = (7, 1, 12)
    total = prefix + sum(lengths)
    tensors = [torch.randn(1, heads, total, 64, device="cuda") for heads in (6, 2, 2)]
    wanted = [each.clone().requires_grad_() for each in tensors]
    halves = [each.bfloat16().requires_grad_() for each in tensors]
    assert varlen.supports(halves[0])
    assert not varlen.supports(wanted[0])
    layout = Packed(lengths, prefix)
    right = layout.attend(0, *wanted, None, window)
    found = layout.attend(0, *halves, None, window)
    torch.testing.assert_close(found.float(), right, atol=2e-2, rtol=2e-2)
    right.sum().backward()
    found.float().sum().backward()
    for one, other in zip(wanted, halves, strict=True):
        assert one.grad is not None
        assert other.grad is not None
        torch.testing.assert_close(other.grad.float(), one.grad, atol=5e-2, rtol=5e-2)


@pytest.mark.parametrize("window", [None, 4])
def test_a_tree_equals_branch_by_branch(window: int | None) -> None:
    torch.manual_seed(0)
    tree = lay([[1] * 9 + [2] * 6 + [3], [1] * 9 + [2] * 6 + [4, 4], [1] * 9 + [5], [6, 7]])
    tensors = [torch.randn(1, heads, len(tree.tokens), 64, device="cuda") for heads in (6, 2, 2)]
    halves = [each.bfloat16() for each in tensors]
    assert varlen.supports(halves[0])
    layout = Branched(tree.branches)
    right = layout.attend(0, *tensors, None, window)
    found = layout.attend(0, *halves, None, window)
    torch.testing.assert_close(found.float(), right, atol=2e-2, rtol=2e-2)
