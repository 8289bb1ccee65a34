"""Greedy answers in batches, from a preallocated cache, without padding.

Prompts are taken longest first, those that begin alike together; as answers end, their slots go to
the prompts that wait, so the batch stays full. What prompts of a group that enters begin with in
common is computed once.
Answers are the greedy ones: at each position the most likely token.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Rows
from dataclasses import dataclass, field

import torch
from torch import Tensor

from postgrad.data.tree import lay, neighbours, num_shared
from postgrad.engine.layout import Decode, KeyValueCache, Prefill
from postgrad.engine.model import LanguageModel

SLOTS = 96
"""Answers in progress at once, where prompts are short. On two cores a pass over the weights of a
model of 135M parameters takes 0.10 s for one answer, 0.25 s for 32, 0.31 s for 48, 0.53 s for 96:
that is 130, 155 and 180 tokens a second (timed on an EPYC with AVX2)."""
CACHE_TOKENS = 24_576
"""Keys and values held at once: 1.1 GB of that model in float32. Of longer prompts, fewer answers
are in progress, but never less than half of the slots."""
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
    waiting = [Stream(index, list(prompts[index])) for index in neighbours(prompts)]
    if not waiting:
        return []
    length = max(map(len, prompts)) + max_new_tokens
    slots = num_slots(len(waiting), length)
    batch = _Batch(model, KeyValueCache(slots, length))
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


def num_slots(num_prompts: int, length: int) -> int:
    """Answers in progress at once, if prompt and answer have up to `length` tokens together."""
    return min(num_prompts, SLOTS, max(SLOTS // 2, CACHE_TOKENS // length))


def _take(waiting: list[Stream], most: int) -> list[Stream]:
    """The next prompts that fit the free slots and the prefill budget, at least one."""
    fitting = num_fitting([stream.prompt for stream in waiting[:most]])
    group, waiting[:] = waiting[:fitting], waiting[fitting:]
    return group


def num_fitting(prompts: Rows[list[int]]) -> int:
    """How many of the first prompts are computed at once, at least one. What a prompt shares with
    the one before it does not count."""
    tokens = 0
    for number, prompt in enumerate(prompts):
        tokens += len(prompt) - (num_shared(prompts[number - 1], prompt) if number else 0)
        if number and tokens > PREFILL_TOKENS:
            return number
    return len(prompts)


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
        tree = lay([stream.prompt for stream in group])
        first = len(self.streams)
        self.streams += group
        layout = Prefill(tree, self.cache, tuple(range(first, first + len(group))))
        tokens, positions = self._tensor(tree.tokens), self._tensor(tree.positions)
        hidden_TH = self.model.hidden(tokens, positions, layout)
        last = [tree.places(row)[-1] for row in range(len(group))]
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
