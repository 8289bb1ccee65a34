"""Packed rows in one GPU kernel: variable-length flash attention.

One call instead of one per row. A prefix that rows share is read by each of them: its keys and
values are gathered in front of every row's own, and the gather's backward adds their gradients up.

Letters: T tokens, Q query heads, K key-value heads, D head size, N rows, S gathered tokens.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from inspect import signature
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.varlen import varlen_attn

LARGEST_HEAD = 256
"""Flash attention's own limit on the head size (Dao, arXiv:2307.08691; its README)."""

_GROUPED: dict[str, Any] = (
    {"enable_gqa": True} if "enable_gqa" in signature(varlen_attn).parameters else {}
)
"""What allows fewer key-value heads; torch 2.11 does without being asked."""

Span = tuple[int, int]
"""From, to (exclusive)."""


def supports(query: Tensor) -> bool:
    """Whether the kernel can take these tensors: a GPU, half precision, a head not too large."""
    halves = (torch.bfloat16, torch.float16)
    return query.is_cuda and query.dtype in halves and query.shape[-1] <= LARGEST_HEAD


def attend_varlen(
    query_1QTD: Tensor,
    key_1KTD: Tensor,
    value_1KTD: Tensor,
    lengths: tuple[int, ...],
    prefix: int,
    scaling: float | None,
    window: int | None,
) -> Tensor:
    """Causal attention within each row, after the prefix that they share; shape (1, T, Q, D).

    Args:
        query_1QTD, key_1KTD, value_1KTD: the prefix (if any) and then the rows.
        lengths: the rows' own tokens.
        prefix: tokens of the shared prefix; 0: none.
        scaling: factor on the scores; None means D ** -0.5.
        window: a token sees at most this many tokens, itself included; None: all before it.
    """
    spans = list(pairwise(accumulate(lengths, initial=prefix)))
    seen = [[span] for span in spans]
    if prefix:
        shared = (0, prefix)
        spans, seen = [shared, *spans], [[shared], *([shared, span] for span in spans)]
    return attend_spans(query_1QTD, key_1KTD, value_1KTD, spans, seen, scaling, window)


def attend_spans(
    query_1QTD: Tensor,
    key_1KTD: Tensor,
    value_1KTD: Tensor,
    spans: Rows[Span],
    seen: Rows[Rows[Span]],
    scaling: float | None,
    window: int | None,
) -> Tensor:
    """Causal attention within each span, after those that it sees; shape (1, T, Q, D).

    Args:
        spans: end to end in the T axis.
        seen: for each span, those before it in its row, and then itself.
        scaling, window: as above.
    """
    query_TQD, key_TKD, value_TKD = (
        each[0].transpose(0, 1) for each in (query_1QTD, key_1KTD, value_1KTD)
    )
    query_lengths = [end - start for start, end in spans]
    key_lengths = [sum(end - start for start, end in row) for row in seen]
    if key_lengths != query_lengths:
        gathered_S = _gathered(seen, query_1QTD.device)
        key_TKD, value_TKD = key_TKD[gathered_S], value_TKD[gathered_S]
    output_TQD = varlen_attn(
        query_TQD.contiguous(),
        key_TKD.contiguous(),
        value_TKD.contiguous(),
        _bounds(query_lengths, query_1QTD.device),
        _bounds(key_lengths, query_1QTD.device),
        max(query_lengths),
        max(key_lengths),
        scale=scaling,
        window_size=(-1 if window is None else window - 1, 0),
        **_GROUPED if query_TQD.shape[1] != key_TKD.shape[1] else {},
    )
    assert isinstance(output_TQD, Tensor)
    return output_TQD[None]


def _gathered(seen: Rows[Rows[Span]], device: torch.device) -> Tensor:
    """Indices of what each span sees, end to end."""
    return torch.cat([torch.arange(*span) for row in seen for span in row]).to(device)


def _bounds(lengths: list[int], device: torch.device) -> Tensor:
    """Where each row begins, and at last where all end; shape (N + 1,)."""
    return torch.tensor([0, *accumulate(lengths)], dtype=torch.int32, device=device)
