"""Layouts: who attends to whom, for rows that lie end to end in one sequence without padding.

Attention itself is the model's own; a layout only cuts it into causal segments. Rows that begin
with the same tokens (a system prompt, say) may share that prefix: it is computed once and every
row attends to it, which is exact because a causal model's prefix can't see what follows.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from postgrad.data.tree import Branch, Tree, chain
from postgrad.engine import varlen


class Layout(Protocol):
    """What the registered attention function hands over to."""

    def attend(
        self,
        layer: int,
        query_1QTD: Tensor,
        key_1KTD: Tensor,
        value_1KTD: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        """Attention output, shape (1, T, Q, D).

        Args:
            layer: index of the layer, for layouts that keep keys and values.
            scaling: factor on the scores; None means D ** -0.5.
            window: a token sees at most this many tokens, itself included; None: all before it.
        """
        ...


def causal_mask(
    num_queries: int, num_keys: int, window: int | None, device: torch.device
) -> Tensor:
    """Boolean mask of shape (num_queries, num_keys); the last query is aligned to the last key."""
    key = torch.arange(num_keys, device=device)
    query = torch.arange(num_keys - num_queries, num_keys, device=device)[:, None]
    seen = key <= query
    return seen if window is None else seen & (key > query - window)


def attend_causally(
    query: Tensor, key: Tensor, value: Tensor, scaling: float | None, window: int | None
) -> Tensor:
    """Causal attention of the last tokens of one row to all of it.

    Shapes: query (1, Q, t, D), key and value (1, K, T, D) with t <= T; returns (1, Q, t, D).
    """
    grouped = query.shape[1] != key.shape[1]
    num_queries, num_keys = query.shape[2], key.shape[2]
    windowed = window is not None and num_keys > window
    if num_queries == num_keys and not windowed:
        return scaled_dot_product_attention(
            query, key, value, is_causal=True, scale=scaling, enable_gqa=grouped
        )
    mask = causal_mask(num_queries, num_keys, window if windowed else None, query.device)
    return scaled_dot_product_attention(
        query, key, value, attn_mask=mask, scale=scaling, enable_gqa=grouped
    )


@dataclass(frozen=True, slots=True)
class Packed:
    """Rows laid end to end, optionally after a prefix that they share.

    `lengths` are the rows' own tokens, the shared prefix not counted; the sequence is the
    prefix (if any) and then the rows, so T = prefix + sum(lengths).
    """

    lengths: tuple[int, ...]
    prefix: int = 0

    def attend(
        self,
        layer: int,
        query_1QTD: Tensor,
        key_1KTD: Tensor,
        value_1KTD: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        if not self.prefix and len(self.lengths) == 1:
            whole = attend_causally(query_1QTD, key_1KTD, value_1KTD, scaling, window)
            return whole.transpose(1, 2)
        if varlen.supports(query_1QTD):
            return varlen.attend_varlen(
                query_1QTD, key_1KTD, value_1KTD, self.lengths, self.prefix, scaling, window
            )
        # split, not slices: its backward is one concatenation instead of a sum of padded tensors
        sizes = [self.prefix, *self.lengths] if self.prefix else list(self.lengths)
        queries = query_1QTD.split(sizes, dim=2)
        keys, values = key_1KTD.split(sizes, dim=2), value_1KTD.split(sizes, dim=2)
        outputs: list[Tensor] = []
        if self.prefix:
            outputs.append(attend_causally(queries[0], keys[0], values[0], scaling, window))
            head_key, head_value = keys[0], values[0]
            queries, keys, values = queries[1:], keys[1:], values[1:]
            keys = tuple(torch.cat((head_key, key), dim=2) for key in keys)
            values = tuple(torch.cat((head_value, value), dim=2) for value in values)
        outputs += [
            attend_causally(query, key, value, scaling, window)
            for query, key, value in zip(queries, keys, values, strict=True)
        ]
        return torch.cat([output.transpose(1, 2) for output in outputs], dim=1)


@dataclass(frozen=True, slots=True)
class Branched:
    """Rows laid as a tree (`data/tree.py`): a branch sees itself and the branches before it."""

    branches: tuple[Branch, ...]

    def attend(
        self,
        layer: int,
        query_1QTD: Tensor,
        key_1KTD: Tensor,
        value_1KTD: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        chains = [chain(self.branches, number) for number in range(len(self.branches))]
        if varlen.supports(query_1QTD):
            spans = [(branch.start, branch.start + branch.length) for branch in self.branches]
            seen = [[spans[number] for number in before] for before in chains]
            return varlen.attend_spans(
                query_1QTD, key_1KTD, value_1KTD, spans, seen, scaling, window
            )
        sizes = [branch.length for branch in self.branches]
        keys, values = key_1KTD.split(sizes, dim=2), value_1KTD.split(sizes, dim=2)
        outputs = [
            attend_causally(query, _joined(keys, before), _joined(values, before), scaling, window)
            for query, before in zip(query_1QTD.split(sizes, dim=2), chains, strict=True)
        ]
        return torch.cat([output.transpose(1, 2) for output in outputs], dim=1)


def _joined(parts: Rows[Tensor], chosen: list[int]) -> Tensor:
    if len(chosen) == 1:
        return parts[chosen[0]]
    return torch.cat([parts[number] for number in chosen], dim=2)


@dataclass(slots=True)
class KeyValueCache:
    """Preallocated keys and values: one slot per answer in progress.

    A tensor of shape (S, K, L, D) for each of keys and values, per layer, allocated when the
    layer first writes (only then its head count and size are known).
    """

    slots: int
    length: int
    keys: dict[int, Tensor] = field(default_factory=dict)
    values: dict[int, Tensor] = field(default_factory=dict)

    def layer(self, layer: int, like_1KTD: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer, shape (S, K, L, D) each."""
        if layer not in self.keys:
            shape = (self.slots, like_1KTD.shape[1], self.length, like_1KTD.shape[3])
            self.keys[layer] = like_1KTD.new_zeros(shape)
            self.values[layer] = like_1KTD.new_zeros(shape)
        return self.keys[layer], self.values[layer]

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` positions of one slot over another."""
        for store in (*self.keys.values(), *self.values.values()):
            store[target, :, :length] = store[source, :, :length]


@dataclass(frozen=True, slots=True)
class Prefill:
    """As `Branched`, and every row's keys and values are kept in its slot of the cache."""

    tree: Tree
    cache: KeyValueCache
    slots: tuple[int, ...]

    def attend(
        self,
        layer: int,
        query_1QTD: Tensor,
        key_1KTD: Tensor,
        value_1KTD: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        keys, values = self.cache.layer(layer, key_1KTD)
        for row, slot in enumerate(self.slots):
            at = 0
            for number in chain(self.tree.branches, self.tree.leaves[row]):
                branch = self.tree.branches[number]
                end = branch.start + branch.length
                for store, new in ((keys, key_1KTD[0]), (values, value_1KTD[0])):
                    store[slot, :, at : at + branch.length] = new[:, branch.start : end]
                at += branch.length
        layout = Branched(self.tree.branches)
        return layout.attend(layer, query_1QTD, key_1KTD, value_1KTD, scaling, window)


@dataclass(frozen=True, slots=True)
class Decode:
    """One new token for each of the first `len(lengths)` slots of the cache.

    The tokens lie side by side in the T axis; `lengths_S` are the tokens already in each slot.
    """

    cache: KeyValueCache
    lengths_S: Tensor
    longest: int

    def attend(
        self,
        layer: int,
        query_1QTD: Tensor,
        key_1KTD: Tensor,
        value_1KTD: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        count, kv_heads = query_1QTD.shape[2], key_1KTD.shape[1]
        keys, values = self.cache.layer(layer, key_1KTD)
        rows = torch.arange(count, device=query_1QTD.device)
        keys[rows, :, self.lengths_S] = key_1KTD[0].transpose(0, 1)
        values[rows, :, self.lengths_S] = value_1KTD[0].transpose(0, 1)
        # The query heads that share a key-value head stand in for query positions: no copies.
        query_SKGD = query_1QTD[0].transpose(0, 1).unflatten(1, (kv_heads, -1))
        position = torch.arange(self.longest + 1, device=query_1QTD.device)
        seen = position <= self.lengths_S[:, None]
        if window is not None:
            seen &= position > self.lengths_S[:, None] - window
        output_SKGD = scaled_dot_product_attention(
            query_SKGD,
            keys[:count, :, : self.longest + 1],
            values[:count, :, : self.longest + 1],
            attn_mask=seen[:, None, None, :],
            scale=scaling,
        )
        return output_SKGD.flatten(1, 2)[None]
