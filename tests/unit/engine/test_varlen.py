"""How packed rows are handed to the GPU kernel, with a plain kernel of the same contract.

The real kernel needs a GPU: tests/gpu/test_varlen.py. Here its place is taken by attention over
each span of the bounds, aligned at the end as flash attention documents it.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from postgrad.data.tree import lay
from postgrad.engine import varlen
from postgrad.engine.layout import Branched, Packed, attend_causally


def plain_kernel(
    query_TQD: Tensor,
    key_TKD: Tensor,
    value_TKD: Tensor,
    query_bounds: Tensor,
    key_bounds: Tensor,
    longest_query: int,
    longest_key: int,
    *,
    scale: float | None,
    window_size: tuple[int, int],
    enable_gqa: bool = False,
) -> Tensor:
    query_sizes, key_sizes = query_bounds.diff().tolist(), key_bounds.diff().tolist()
    assert (max(query_sizes), max(key_sizes)) == (longest_query, longest_key)
    assert window_size[1] == 0
    assert enable_gqa == (query_TQD.shape[1] != key_TKD.shape[1])
    window = None if window_size[0] < 0 else window_size[0] + 1
    spans: Any = zip(
        query_TQD.split(query_sizes),
        key_TKD.split(key_sizes),
        value_TKD.split(key_sizes),
        strict=True,
    )
    outputs = [
        attend_causally(*(each.transpose(0, 1)[None] for each in span), scale, window)
        for span in spans
    ]
    return torch.cat([output[0].transpose(0, 1) for output in outputs])


@pytest.mark.parametrize("scaling", [None, 0.3])
@pytest.mark.parametrize("window", [None, 1, 4])
@pytest.mark.parametrize("prefix", [0, 5])
@pytest.mark.parametrize("key_heads", [6, 2])
def test_one_call_equals_row_by_row(
    monkeypatch: pytest.MonkeyPatch,
    key_heads: int,
    prefix: int,
    window: int | None,
    scaling: float | None,
) -> None:
    monkeypatch.setattr(varlen, "varlen_attn", plain_kernel)
    lengths = (7, 1, 12)
    shapes = [(1, heads, prefix + sum(lengths), 8) for heads in (6, key_heads, key_heads)]
    torch.manual_seed(0)
    ours = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    theirs = [each.detach().clone().requires_grad_() for each in ours]
    found = varlen.attend_varlen(ours[0], ours[1], ours[2], lengths, prefix, scaling, window)
    right = Packed(lengths, prefix).attend(0, theirs[0], theirs[1], theirs[2], scaling, window)
    torch.testing.assert_close(found, right)
    found.pow(2).sum().backward()
    right.pow(2).sum().backward()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


@pytest.mark.parametrize("window", [None, 1, 4])
def test_a_tree_in_one_call_equals_branch_by_branch(
    monkeypatch: pytest.MonkeyPatch, window: int | None
) -> None:
    tree = lay([[1] * 9 + [2] * 6 + [3], [1] * 9 + [2] * 6 + [4, 4], [1] * 9 + [5], [6, 7]])
    assert max(branch.parent for branch in tree.branches) > 0
    torch.manual_seed(0)
    asked = [torch.randn(1, heads, len(tree.tokens), 8) for heads in (6, 2, 2)]
    layout = Branched(tree.branches)
    right = layout.attend(0, *asked, None, window)
    monkeypatch.setattr(varlen, "varlen_attn", plain_kernel)
    monkeypatch.setattr(varlen, "supports", lambda query: True)
    torch.testing.assert_close(layout.attend(0, *asked, None, window), right)


def test_a_cpu_is_not_supported() -> None:
    assert not varlen.supports(torch.zeros(1, 2, 3, 8))
