"""Seen: a row as the base model sees it, token by token: trained, context, or cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Sequence as List
from itertools import groupby
from typing import Any

from postgrad.data.render import Sequence

Decode = Callable[[list[int]], str]
"""Token ids to text, special tokens included."""

RUN_TOKENS = 400
"""Of more tokens of one kind in a row, the first and the last 200 are given."""

MOST_BYTE_TOKENS = 6
"""A character has at most four bytes of UTF-8, each of which may be a token of its own."""

_HALF = "\ufffd"  # what a tokenizer decodes an unfinished character to


def seen(sequences: Iterable[Sequence], decode: Decode, limit: int) -> list[list[dict[str, Any]]]:
    """Each sequence as runs of tokens of one kind.

    Args:
        sequences: of a row, uncut.
        decode: of the base's tokenizer.
        limit: tokens of a sequence that are used; what comes after is cut.

    Returns:
        Runs `{"kind": "trained" | "context" | "cut", "tokens": [text, ...]}`, whose texts put
        together are what the model reads; `{"kind": "gap", "count": n}` where a run is shortened.
    """
    return [_runs(sequence, decode, limit) for sequence in sequences]


def token_texts(tokens: List[int], decode: Decode) -> list[str]:
    """The text that each token adds. Where a character is spread over tokens, the last has it."""
    texts: list[str] = []
    start = 0  # of the tokens whose text is not given yet
    for index in range(len(tokens)):
        # with the token before, because many tokenizers drop the space that begins a text
        before = decode([tokens[start - 1]]) if start else ""
        both = decode(list(tokens[max(0, start - 1) : index + 1]))
        alone = not both.startswith(before)
        text = decode(list(tokens[start : index + 1])) if alone else both[len(before) :]
        is_last = index + 1 in (len(tokens), start + MOST_BYTE_TOKENS)
        if text.endswith(_HALF) and not is_last:
            texts.append("")
            continue
        texts.append(text)
        start = index + 1
    return texts


def _runs(sequence: Sequence, decode: Decode, limit: int) -> list[dict[str, Any]]:
    taught = set(sequence.taught)

    def kind(index: int) -> str:
        if index >= limit:
            return "cut"
        return "trained" if index in taught else "context"

    texts = token_texts(sequence.tokens, decode)
    runs: list[dict[str, Any]] = []
    for name, indices in groupby(range(len(texts)), kind):
        words = [texts[index] for index in indices]
        if len(words) <= RUN_TOKENS:
            runs.append({"kind": name, "tokens": words})
            continue
        half = RUN_TOKENS // 2
        runs.append({"kind": name, "tokens": words[:half]})
        runs.append({"kind": "gap", "count": len(words) - 2 * half})
        runs.append({"kind": name, "tokens": words[-half:]})
    return runs
