"""Full fine-tuning: every weight moves. The result is a whole model in the Hugging Face layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from postgrad.core.job import MethodSection
from postgrad.engine.weights import Change


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

    @torch.no_grad()
    def changes(self, model: nn.Module, folder: Path) -> Iterator[Change]:
        """Every matrix and by how much its saved values differ, one at a time."""
        matrices = {name: value for name, value in model.named_parameters() if value.dim() == 2}
        for shard in sorted(folder.glob("*.safetensors")):
            with safe_open(shard, framework="pt") as saved:
                for key in sorted(matrices.keys() & set(saved.keys())):
                    name = key.removesuffix(".weight")
                    weight = matrices[key].detach().float()
                    delta = saved.get_tensor(key).to(weight) - weight
                    if isinstance(model.get_submodule(name), Conv1D):  # it lies transposed
                        weight, delta = weight.t(), delta.t()
                    yield Change(name, weight, delta)
