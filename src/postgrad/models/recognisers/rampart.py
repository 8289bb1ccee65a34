"""Rampart: people's names in English, Spanish, French, German, Italian, Portuguese and Dutch.

A MiniLM of six layers that tells 17 kinds of personal data, 14.7 MB with weights of 4 bits, by
National Design Studio (2026), CC BY 4.0. Only given names and surnames are taken from it: all other
kinds have rules with check digits. Its tokenizer has no case, so names without capitals, as people
type them in a chat, are found too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
from tokenizers import Tokenizer

from postgrad.core.interfaces import StepContext
from postgrad.models.small import in_batches, opened, told

WINDOW_TOKENS, OVERLAP_TOKENS = 128, 32
"""Short windows find more than the 512 tokens that the model could read at once: its packager reads
480 characters at a time for that reason. A token is judged in the window where it is farther from
an end."""

ROOM = WINDOW_TOKENS - 2
"""Beside the marks at both ends."""

BATCH_TOKENS = 1024
"""With padding; see `embedders/minilm.py`."""

LEAST_PROBABILITY = 0.5
"""Of a token's kind to count: the packager's default."""

NAMES = ("GIVEN_NAME", "SURNAME")

WORD = re.compile(r"[^\W\d_]\.|[^\W\d_]+(?:['’\-](?!s\b)[^\W\d_]+)*")
"""An initial, or a word without what says whose: Ana's."""

BETWEEN = re.compile(r"[ \t\u00a0]+")
"""Words of one name have nothing but spaces between them."""


class Rampart:
    """Finds names with Rampart; the model is opened when the first text is read."""

    name = "rampart"
    title = "Rampart, seven European languages"

    def __init__(self) -> None:
        self._loaded: _Loaded | None = None

    def read(self, texts: Sequence[str], context: StepContext) -> list[list[tuple[int, int]]]:
        """The names of each text, as characters from start to end, in their order."""
        if self._loaded is None:
            self._loaded = _load(opened("rampart", context))
        loaded = self._loaded
        encoded = loaded.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        counts = [len(each.ids) for each in encoded]
        windows = [(owner, start) for owner, count in enumerate(counts) for start in _starts(count)]
        named = [np.zeros(count, bool) for count in counts]

        def read(numbers: list[int]) -> None:
            batch = [windows[number] for number in numbers]
            pieces = [encoded[owner].ids[start : start + ROOM] for owner, start in batch]
            for (owner, start), named_T in zip(batch, loaded.named(pieces), strict=True):
                first, last = _judged(start, len(named_T), counts[owner])
                named[owner][first:last] = named_T[first - start : last - start]

        in_batches(
            [min(ROOM, counts[owner] - start) + 2 for owner, start in windows],
            BATCH_TOKENS,
            read,
            lambda done: told(context, "looking for names", done, len(windows)),
        )
        return [
            list(_spans(text, [start for start, _ in each.offsets], named_T))
            for text, each, named_T in zip(texts, encoded, named, strict=True)
        ]


@dataclass(frozen=True)
class _Loaded:
    """The model. `is_name`: by the number of a kind, whether it is of a name (K)."""

    tokenizer: Tokenizer
    is_name: np.ndarray
    session: Any

    def named(self, pieces: Sequence[Sequence[int]]) -> Iterator[np.ndarray]:
        """For each piece, which of its tokens are of a name: bool (T)."""
        tokens_BT = np.zeros((len(pieces), 2 + max(map(len, pieces))), np.int64)
        is_token_BT = np.zeros_like(tokens_BT)
        begin, end = (self.tokenizer.token_to_id(mark) or 0 for mark in ("[CLS]", "[SEP]"))
        for number, piece in enumerate(pieces):
            tokens_BT[number, : len(piece) + 2] = [begin, *piece, end]
            is_token_BT[number, : len(piece) + 2] = 1
        feed = {
            "input_ids": tokens_BT,
            "attention_mask": is_token_BT,
            "token_type_ids": np.zeros_like(tokens_BT),
        }
        [logits_BTK] = self.session.run(["logits"], feed)
        powers_BTK = np.exp(logits_BTK - logits_BTK.max(-1, keepdims=True))
        surest_BT = 1 / powers_BTK.sum(-1)
        named_BT = self.is_name[logits_BTK.argmax(-1)] & (surest_BT >= LEAST_PROBABILITY)
        for number, piece in enumerate(pieces):
            yield named_BT[number, 1 : len(piece) + 1]


def _load(folder: Path) -> _Loaded:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    kinds = json.loads((folder / "config.json").read_text("utf-8"))["id2label"]
    is_name = np.array([kinds[str(number)][2:] in NAMES for number in range(len(kinds))])
    session = onnxruntime.InferenceSession(
        str(folder / "model_q4.onnx"), providers=["CPUExecutionProvider"]
    )
    return _Loaded(tokenizer, is_name, session)


def _starts(count: int) -> range:
    """Where the windows over so many tokens begin."""
    return range(0, max(1, count - OVERLAP_TOKENS), ROOM - OVERLAP_TOKENS)


def _judged(start: int, size: int, count: int) -> tuple[int, int]:
    """The tokens of a text that a window over it decides about: half of each overlap."""
    half = OVERLAP_TOKENS // 2
    first = start + half if start else 0
    return first, count if start + size == count else start + size - half


def _spans(text: str, starts: Sequence[int], named_T: np.ndarray) -> Iterator[tuple[int, int]]:
    """Runs of words that are names: a word is one if most of its tokens are of one."""
    starts_T = np.array(starts, int)
    open_span: tuple[int, int] | None = None
    for word in WORD.finditer(text) if named_T.any() else ():
        tokens_T = named_T[(starts_T >= word.start()) & (starts_T < word.end())]
        if not tokens_T.size or 2 * tokens_T.sum() <= tokens_T.size:
            continue
        if open_span and BETWEEN.fullmatch(text[open_span[1] : word.start()]):
            open_span = open_span[0], word.end()
            continue
        if open_span:
            yield open_span
        open_span = word.span()
    if open_span:
        yield open_span
