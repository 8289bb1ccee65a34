"""The LoRA method: put adapters on, save and load them in PEFT's format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from postgrad.core.job import MethodSection
from postgrad.engine.weights import Change, Factors
from postgrad.errors import ModelError, RunError
from postgrad.methods.lora.linear import LoraLinear

PREFIX = "base_model.model."
"""PEFT wraps the model twice, and its file keeps the names of the wrapped modules."""


class Lora:
    """Adapters of rank r on all linear layers; nothing else is trained."""

    name = "lora"
    result = "adapter"

    def attach(self, model: nn.Module, settings: MethodSection, seed: int) -> None:
        """Replace every linear layer but the output layer by itself with an adapter.

        Raises:
            ModelError: the model has no linear layer to adapt.
        """
        model.requires_grad_(False)
        generator = torch.Generator().manual_seed(seed)
        targets = dict(_targets(model))
        if not targets:
            raise ModelError(
                f"{type(model).__name__} has no linear layer to adapt.",
                fix="Train all weights instead: --method full",
                code="no_linear_layer",
            )
        for name, layer in targets.items():
            _put(model, name, LoraLinear(layer, settings.rank, settings.alpha, generator))

    def save(self, model: nn.Module, folder: Path, base: str) -> None:
        """Write adapter_model.safetensors and adapter_config.json, as PEFT 0.21 reads them."""
        layers = dict(_adapted(model))
        tensors: dict[str, torch.Tensor] = {}
        for name, layer in layers.items():
            tensors[f"{PREFIX}{name}.lora_A.weight"] = layer.lora_A.detach().cpu().contiguous()
            tensors[f"{PREFIX}{name}.lora_B.weight"] = layer.lora_B.detach().cpu().contiguous()
        save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        first = next(iter(layers.values()))
        rank = first.lora_A.shape[0]
        config = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base,
            "r": rank,
            "lora_alpha": first.scale * rank,
            "lora_dropout": 0.0,
            "bias": "none",
            "fan_in_fan_out": first.transposed,
            "target_modules": sorted({name.rpartition(".")[2] for name in layers}),
            "inference_mode": True,
        }
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")

    @torch.no_grad()
    def load(self, model: nn.Module, folder: Path) -> None:
        """Put a saved adapter on a base model.

        Raises:
            RunError: the adapter was made for another architecture.
        """
        config = json.loads((folder / "adapter_config.json").read_text())
        settings = MethodSection(name="lora", rank=config["r"], alpha=config["lora_alpha"])
        if not any(True for _ in _adapted(model)):
            self.attach(model, settings, seed=0)
        tensors = load_file(folder / "adapter_model.safetensors")
        layers = dict(_adapted(model))
        wanted = {f"{PREFIX}{name}.lora_{part}.weight" for name in layers for part in "AB"}
        if wanted != set(tensors):
            odd = sorted(wanted ^ set(tensors))[0]
            raise RunError(
                f"The adapter in {folder} does not fit the base model (first difference: {odd}).",
                why="An adapter only fits the architecture that it was trained on.",
                fix="Load it on the base that its adapter_config.json names.",
                code="adapter_mismatch",
            )
        for name, layer in layers.items():
            layer.lora_A.copy_(tensors[f"{PREFIX}{name}.lora_A.weight"])
            layer.lora_B.copy_(tensors[f"{PREFIX}{name}.lora_B.weight"])

    @torch.no_grad()
    def changes(self, model: nn.Module, folder: Path) -> Iterator[Change]:
        """Every linear layer's weight and its adapter as two factors."""
        config = json.loads((folder / "adapter_config.json").read_text())
        tensors = load_file(folder / "adapter_model.safetensors")
        for name, layer in _targets(model):
            weight: torch.Tensor = layer.weight  # type: ignore[assignment]
            weight_OI = (weight.t() if isinstance(layer, Conv1D) else weight).detach()
            left_OR, right_RI = (
                tensors[f"{PREFIX}{name}.lora_{part}.weight"].to(weight_OI.device)
                for part in ("B", "A")
            )
            scale = config["lora_alpha"] / config["r"]
            yield Change(name, weight_OI, Factors(scale * left_OR, right_RI))


def _targets(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    output = model.get_output_embeddings() if isinstance(model, PreTrainedModel) else None
    for name, module in model.named_modules():
        if isinstance(module, (nn.Linear, Conv1D)) and module is not output:
            yield name, module


def _adapted(model: nn.Module) -> Iterator[tuple[str, LoraLinear]]:
    for name, module in model.named_modules():
        if isinstance(module, LoraLinear):
            yield name, module


def _put(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, layer)
