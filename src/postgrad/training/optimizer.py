"""AdamW over the trained parameters, and its state as named tensors."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

BETAS = (0.9, 0.999)
"""AdamW's usual decay rates (Loshchilov and Hutter, arXiv:1711.05101)."""

_STATE = ("exp_avg", "exp_avg_sq", "step")


def make(model: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """Fused AdamW: one kernel for all tensors; LoRA has hundreds of small ones."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.optim.AdamW(trained, lr=0.0, betas=BETAS, weight_decay=weight_decay, fused=True)


def save(optimizer: torch.optim.AdamW, model: nn.Module, path: Path) -> None:
    """Write the moments of every trained parameter under its own name."""
    tensors: dict[str, torch.Tensor] = {}
    for name, parameter in _trained(model):
        for key in _STATE:
            value = optimizer.state.get(parameter, {}).get(key)
            if value is not None:
                tensors[f"{name}.{key}"] = value.detach().cpu().contiguous()
    save_file(tensors, path)


def load(optimizer: torch.optim.AdamW, model: nn.Module, path: Path) -> None:
    """Put back what `save` wrote."""
    tensors = load_file(path)
    for name, parameter in _trained(model):
        found = {key: tensors[f"{name}.{key}"] for key in _STATE if f"{name}.{key}" in tensors}
        if found:
            optimizer.state[parameter] = {
                key: value.to(parameter.device) for key, value in found.items()
            }


def _trained(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, value) for name, value in model.named_parameters() if value.requires_grad]
