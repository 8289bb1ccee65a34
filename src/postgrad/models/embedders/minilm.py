"""all-MiniLM-L6-v2: an English sentence as 384 numbers, 22.7 million parameters.

Made for this by contrastive training on a billion pairs of sentences (Reimers and Gurevych,
"Sentence-BERT", arXiv:1908.10084, and the model's card). The vector of a text is the mean of the
last layer's over its tokens (T), scaled to length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from postgrad.core.interfaces import StepContext
from postgrad.models.small import in_batches, opened, told

MOST_TOKENS = 128
"""Of a piece: what the model was trained with (its card, "Hyper parameters"). A longer text is read
in pieces, and all their tokens count alike."""

ROOM = MOST_TOKENS - 2
"""Beside the marks at both ends."""

BATCH_TOKENS = 1024
"""With padding. On a CPU more is slower: measured with 512 to 16,384 on two cores."""


class MiniLM:
    """Reads texts with all-MiniLM-L6-v2; the model is opened when the first is read."""

    name = "minilm"
    title = "all-MiniLM-L6-v2, English"

    def __init__(self) -> None:
        self._loaded: _Loaded | None = None

    def read(self, texts: Sequence[str], context: StepContext) -> np.ndarray:
        """Vectors of length 1: float32 (texts N, dimensions 384)."""
        if self._loaded is None:
            self._loaded = _load(opened("all-minilm-l6-v2", context))
        loaded = self._loaded
        owners: list[int] = []
        pieces: list[list[int]] = []
        for owner, tokens in enumerate(loaded.tokens(texts)):
            for start in range(0, max(1, len(tokens)), ROOM):
                owners.append(owner)
                pieces.append(tokens[start : start + ROOM])
        sums_ND = np.zeros((len(texts), loaded.model.config.hidden_size), np.float32)

        def read(numbers: list[int]) -> None:
            sums_BD = loaded.sums([pieces[number] for number in numbers])
            np.add.at(sums_ND, [owners[number] for number in numbers], sums_BD)

        title = "understanding the texts"
        in_batches(
            [len(piece) + 2 for piece in pieces],
            BATCH_TOKENS,
            read,
            lambda done: told(context, title, done, len(pieces)),
        )
        return sums_ND / np.linalg.norm(sums_ND, axis=1, keepdims=True)


@dataclass(frozen=True)
class _Loaded:
    tokenizer: Tokenizer
    model: Any

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [each.ids for each in encoded]

    def sums(self, pieces: Sequence[Sequence[int]]) -> np.ndarray:
        """The sum of the vectors of each piece's tokens: float32 (B, D)."""
        begin, end = (self.tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]"))
        tokens_BT = torch.zeros((len(pieces), 2 + max(map(len, pieces))), dtype=torch.long)
        is_token_BT = torch.zeros_like(tokens_BT)
        for number, piece in enumerate(pieces):
            tokens_BT[number, : len(piece) + 2] = torch.tensor([begin, *piece, end])
            is_token_BT[number, : len(piece) + 2] = 1
        device = self.model.device
        with torch.inference_mode():
            hidden_BTD = self.model(
                input_ids=tokens_BT.to(device), attention_mask=is_token_BT.to(device)
            ).last_hidden_state
        return (hidden_BTD.cpu() * is_token_BT[:, :, None]).sum(1).numpy()


def _load(folder: Path) -> _Loaded:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    model = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return _Loaded(tokenizer, model.eval().to(device))
