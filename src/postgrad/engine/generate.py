"""Greedy answers in batches, from a preallocated cache, without padding.

Prompts are taken longest first; as answers end, their slots go to the prompts that wait, so the
batch stays full. A prefix that all prompts share is computed once per group that enters.
Answers are the greedy ones: at each position the most likely token.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Rows
from dataclasses import dataclass, field

import torch
from torch import Tensor

from postgrad.data.pack import shared_prefix
from postgrad.engine.layout import Decode, KeyValueCache, Packed, Prefill
from postgrad.engine.model import LanguageModel

SLOTS = 48
"""Answers in progress at once. On two cores 48 rows use the weights that a step reads anyway;
more rows are bound by arithmetic and only cost memory (see benchmarks/)."""
PREFILL_TOKENS = 1024
"""Prompt tokens computed at once; bounds memory."""
REFILL_SHARE = 0.25
"""New prompts enter when this share of the slots is free: larger groups share a prefix better."""


@dataclass(slots=True)
class Stream:
    """One answer in progress."""

    index: int
    prompt: list[int]
    tokens: list[int] = field(default_factory=list)
    stopped: bool = False


@torch.no_grad()
def generate(
    model: LanguageModel,
    prompts: Rows[list[int]],
    *,
    max_new_tokens: int,
    stop_ids: frozenset[int],
    on_token: Callable[[Stream], None] | None = None,
    on_done: Callable[[int], None] | None = None,
    is_over: Callable[[Stream], bool] | None = None,
) -> list[Stream]:
    """Answer each prompt greedily.

    Args:
        prompts: token ids, each at least one.
        max_new_tokens: an answer is cut here.
        stop_ids: an answer ends before the first of these.
        on_token: called after each new token of an answer.
        on_done: called with the number of finished answers.
        is_over: asked after each new token: whether the answer ends with it.

    Returns:
        One stream per prompt, in the order of the prompts.
    """
    order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
    waiting = [Stream(index, list(prompts[index])) for index in order]
    if not waiting:
        return []
    slots = min(SLOTS, len(waiting))
    batch = _Batch(model, KeyValueCache(slots, len(waiting[0].prompt) + max_new_tokens))
    done: list[Stream] = []
    while waiting or batch.streams:
        free = slots - len(batch.streams)
        if waiting and (free >= slots * REFILL_SHARE or not batch.streams):
            group = _take(waiting, free)
            new = batch.admit(group)
        else:
            new = batch.advance()
        ended = [
            stream
            for stream, token in new
            if _append(stream, token, stop_ids, max_new_tokens, on_token, is_over)
        ]
        batch.remove(ended)
        done += ended
        if ended and on_done:
            on_done(len(done))
    return sorted(done, key=lambda stream: stream.index)


def _take(waiting: list[Stream], most: int) -> list[Stream]:
    """The next prompts that fit the free slots and the prefill budget, at least one."""
    group: list[Stream] = []
    tokens = 0
    while waiting and len(group) < most:
        tokens += len(waiting[0].prompt)
        if group and tokens > PREFILL_TOKENS:
            break
        group.append(waiting.pop(0))
    return group


def _append(
    stream: Stream,
    token: int,
    stop_ids: frozenset[int],
    limit: int,
    on_token: Callable[[Stream], None] | None,
    is_over: Callable[[Stream], bool] | None,
) -> bool:
    """Take a new token; True if the answer has ended."""
    if token in stop_ids:
        stream.stopped = True
        return True
    stream.tokens.append(token)
    if on_token:
        on_token(stream)
    if is_over and is_over(stream):
        stream.stopped = True
        return True
    return len(stream.tokens) >= limit


class _Batch:
    """The answers in progress: stream i owns slot i of the cache."""

    def __init__(self, model: LanguageModel, cache: KeyValueCache) -> None:
        self.model, self.cache = model, cache
        self.streams: list[Stream] = []

    def admit(self, group: list[Stream]) -> list[tuple[Stream, int]]:
        """Compute prompts into free slots; returns each with its first token."""
        prompts = [stream.prompt for stream in group]
        prefix = shared_prefix(prompts)
        first = len(self.streams)
        slots = tuple(range(first, first + len(group)))
        self.streams += group
        tokens = list(prompts[0][:prefix])
        positions = list(range(prefix))
        last: list[int] = []
        for prompt in prompts:
            tokens += prompt[prefix:]
            positions += range(prefix, len(prompt))
            last.append(len(tokens) - 1)
        packed = Packed(tuple(len(prompt) - prefix for prompt in prompts), prefix)
        layout = Prefill(packed, self.cache, slots)
        hidden_TH = self.model.hidden(self._tensor(tokens), self._tensor(positions), layout)
        return list(zip(group, self._best(hidden_TH[last]), strict=True))

    def advance(self) -> list[tuple[Stream, int]]:
        """One more token for every answer in progress."""
        tokens = self._tensor([stream.tokens[-1] for stream in self.streams])
        lengths = [len(stream.prompt) + len(stream.tokens) - 1 for stream in self.streams]
        positions_S = self._tensor(lengths)
        layout = Decode(self.cache, positions_S, max(lengths))
        hidden_SH = self.model.hidden(tokens, positions_S, layout)
        return list(zip(self.streams, self._best(hidden_SH), strict=True))

    def remove(self, ended: list[Stream]) -> None:
        """Free slots; the last answers move up so that the used slots stay together."""
        for stream in ended:
            slot, last = self.streams.index(stream), len(self.streams) - 1
            if slot != last:
                moved = self.streams[last]
                self.cache.move(last, slot, len(moved.prompt) + len(moved.tokens))
                self.streams[slot] = moved
            self.streams.pop()

    def _best(self, hidden_NH: Tensor) -> list[int]:
        return self.model.head.logits(hidden_NH).argmax(-1).tolist()

    def _tensor(self, values: Rows[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=self.model.device)
