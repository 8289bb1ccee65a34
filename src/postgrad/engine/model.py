"""LanguageModel: a transformers model on the fast path.

The body runs on packed rows; the head sees only the positions that are taught. A probe at load
compares the fast path with the model's own forward on a few tokens, so that a model with an
unusual head or attention is refused instead of trained wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from itertools import repeat

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from postgrad.data.pack import Packed, pack
from postgrad.data.render import Sequence
from postgrad.data.tree import lay
from postgrad.engine import attention, few_rows
from postgrad.engine.head import Expected, Head
from postgrad.engine.layout import Branched, Layout
from postgrad.engine.layout import Packed as PackedLayout
from postgrad.errors import ModelError

PROBE_TOLERANCE = 1e-3
"""Largest difference of probe logits relative to their spread; fp32 rounding is near 1e-6, a
wrong head or mask is near 1."""


class LanguageModel:
    """A causal model with padding-free rows and a loss at taught tokens only.

    Args:
        model: any transformers causal LM that uses the attention interface. It is changed to
            our attention.

    Raises:
        ModelError: the fast path does not give the model's own logits.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model.eval()  # dropout off: a base model's own dropout is not ours to add
        probe = torch.arange(3, 11, device=model.device) % model.config.vocab_size
        with torch.no_grad():
            wanted = model(input_ids=probe[None], use_cache=False).logits[0].float()
        attention.install(model)
        few_rows.install(model)
        self.body: nn.Module = model.base_model
        self.head = _head(model)
        self._refuse_if_different(probe, wanted)

    @property
    def device(self) -> torch.device:
        return self.model.device

    def hidden(self, tokens_T: Tensor, positions_T: Tensor, layout: Layout) -> Tensor:
        """Final hidden states, shape (T, H)."""
        output = self.body(
            input_ids=tokens_T[None], position_ids=positions_T[None], use_cache=False, layout=layout
        )
        return output.last_hidden_state[0]

    def loss_sum(self, sequences: Rows[Sequence]) -> Tensor:
        """Negative log-likelihood of the taught tokens in nats, summed (differentiable)."""
        packed = pack(sequences)
        hidden_NH = self._taught(packed)
        return self.head.loss_sum(hidden_NH, self._tensor(packed.labels))

    @torch.no_grad()
    def sequence_losses(self, sequences: Rows[Sequence]) -> list[float]:
        """Negative log-likelihood of each sequence's taught tokens in nats."""
        asked = _Asked(sequences)
        losses_N = self.head.token_losses(self._read(asked), self._tensor(asked.labels)).double()
        told_M = losses_N[self._tensor(asked.numbers)]
        counts = [len(sequence.taught) for sequence in sequences]
        return [float(part.sum()) for part in told_M.split(counts)]

    @torch.no_grad()
    def token_losses(self, sequence: Sequence) -> list[float]:
        """Negative log-likelihood of each taught token of one sequence, in nats."""
        packed = pack([sequence])
        return self.head.token_losses(self._taught(packed), self._tensor(packed.labels)).tolist()

    @torch.no_grad()
    def expected(
        self, sequences: Rows[Sequence], num_top: int = 0, watch: Rows[Rows[int]] | None = None
    ) -> list[Expected]:
        """What the model expects at each taught token, row by row; see `Head.expected`."""
        asked = _Asked(sequences, watch)
        hidden_NH = self._read(asked)
        found = self.head.expected(hidden_NH, self._tensor(asked.labels), num_top, asked.watch)
        return [found[number] for number in asked.numbers]

    def _read(self, asked: _Asked) -> Tensor:
        """Hidden states from which each label is expected, shape (N, H)."""
        tree = asked.tree
        hidden_TH = self.hidden(
            self._tensor(tree.tokens), self._tensor(tree.positions), Branched(tree.branches)
        )
        return hidden_TH[self._tensor(asked.predict_at)]

    def _taught(self, packed: Packed) -> Tensor:
        layout = PackedLayout(packed.lengths, packed.prefix)
        hidden_TH = self.hidden(self._tensor(packed.tokens), self._tensor(packed.positions), layout)
        return hidden_TH[self._tensor(packed.predict_at)]

    def _tensor(self, values: Rows[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.long, device=self.device)

    @torch.no_grad()
    def _refuse_if_different(self, probe_T: Tensor, wanted_TV: Tensor) -> None:
        cure = "Choose a model of a usual family: Llama, Qwen, Gemma 3, Mistral, Phi, OLMo, GPT-2."
        try:
            positions_T = torch.arange(len(probe_T), device=self.device)
            hidden_TH = self.hidden(probe_T, positions_T, PackedLayout((len(probe_T),)))
        except (TypeError, NotImplementedError) as error:
            raise ModelError(
                f"{type(self.model).__name__} does not run on the fast path: {error}.",
                why="It does not use transformers' attention interface as other models do.",
                fix=cure,
                code="unsupported_attention",
            ) from error
        difference = (self.head.logits(hidden_TH) - wanted_TV).abs().max()
        tolerance = PROBE_TOLERANCE if wanted_TV.dtype == self.model.dtype else 0.05
        if difference > tolerance * wanted_TV.std():
            raise ModelError(
                f"{type(self.model).__name__} gives other logits on the fast path "
                f"(largest difference {float(difference):.3g}).",
                why="Its head or its attention has a part that postgrad does not know.",
                fix=cure,
                code="unsupported_head",
            )


class _Asked:
    """Sequences as a tree, and what is to be told of each taught token: the same only once.

    `numbers` gives, for each taught token of each sequence, its place among `labels`.
    """

    def __init__(self, sequences: Rows[Sequence], watch: Rows[Rows[int]] | None = None) -> None:
        self.tree = lay([sequence.tokens for sequence in sequences])
        watched = iter(watch) if watch is not None else repeat(())
        known: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self.numbers: list[int] = []
        for row, sequence in enumerate(sequences):
            places = self.tree.places(row)
            for index in sequence.taught:
                asked = (places[index - 1], sequence.tokens[index], tuple(next(watched)))
                self.numbers.append(known.setdefault(asked, len(known)))
        self.predict_at = [place for place, _, _ in known]
        self.labels = [label for _, label, _ in known]
        self.watch = None if watch is None else [ids for _, _, ids in known]


def _head(model: PreTrainedModel) -> Head:
    """The model's output layer, with the factors that some families put on their logits."""
    layer = model.get_output_embeddings()
    if layer is None:
        raise ModelError(
            f"{type(model).__name__} has no output layer over the vocabulary.",
            why="Only causal language models can be trained to answer.",
            fix="Choose a model whose config names a ...ForCausalLM architecture.",
            code="not_causal",
        )
    config = model.config.get_text_config()
    scale = getattr(config, "logit_scale", None) or 1.0  # Cohere multiplies
    scale /= getattr(config, "logits_scaling", None) or 1.0  # Granite divides
    softcap = getattr(config, "final_logit_softcapping", None)  # Gemma 2
    return Head(layer.weight, getattr(layer, "bias", None), scale, softcap)
