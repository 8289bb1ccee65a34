"""Full fine-tuning: every weight moves. The result is a whole model in the Hugging Face layout."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedModel

from postgrad.core.job import MethodSection


class Full:
    """All parameters are trained."""

    name = "full"
    result = "weights"

    def attach(self, model: nn.Module, settings: MethodSection, seed: int) -> None:
        model.requires_grad_(True)

    def save(self, model: nn.Module, folder: Path, base: str) -> None:
        assert isinstance(model, PreTrainedModel)
        model.save_pretrained(folder)

    @torch.no_grad()
    def load(self, model: nn.Module, folder: Path) -> None:
        """Copy saved weights over the model's own.

        Raises:
            RuntimeError: the weights are of another architecture.
        """
        state: dict[str, torch.Tensor] = {}
        for shard in sorted(folder.glob("*.safetensors")):
            state |= load_file(shard)
        missing, unexpected = model.load_state_dict(state, strict=False)
        tied = set(getattr(model, "all_tied_weights_keys", {}))
        if unexpected or set(missing) - tied:
            raise RuntimeError(f"{folder} does not fit the model: {[*missing, *unexpected][:5]}")
