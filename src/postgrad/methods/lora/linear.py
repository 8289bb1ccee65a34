"""A linear layer with a low-rank adapter, in one autograd node.

    y = x W^T + b + s (x A^T) B^T           A: (r, in), B: (out, r), s = alpha / r
    dx = dy W + s (dy B) A      dA = s (dy B)^T x      dB = s dy^T (x A^T)

One node instead of the five that modules in a row make: no scaled copy, no sum of two outputs,
and of the inputs only x is kept (x A^T is small and kept too).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from postgrad.engine import few_rows


class LoraLinear(nn.Module):
    """A frozen linear layer and its adapter; takes the place of the layer in the model.

    Args:
        base: `nn.Linear`, or transformers' `Conv1D` (its weight lies transposed).
        rank: r.
        alpha: numerator of the scale.
        generator: draws A, uniformly as PEFT does (Kaiming with a = sqrt 5); B starts at zero,
            so that the model starts as the base.
    """

    def __init__(
        self, base: nn.Module, rank: int, alpha: float, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.base = base
        self.scale = alpha / rank
        self.transposed = not isinstance(base, nn.Linear)
        weight: Tensor = base.weight  # type: ignore[assignment]
        out_features, in_features = weight.t().shape if self.transposed else weight.shape
        bound = 1 / math.sqrt(in_features)  # Kaiming uniform with a = sqrt(5)
        start_RI = torch.empty(rank, in_features).uniform_(-bound, bound, generator=generator)
        self.lora_A = nn.Parameter(start_RI.to(weight.device))
        self.lora_B = nn.Parameter(torch.zeros(out_features, rank, device=weight.device))

    @property
    def weight_OI(self) -> Tensor:
        """The frozen weight as (out, in)."""
        weight: Tensor = self.base.weight  # type: ignore[assignment]
        return weight.t() if self.transposed else weight

    def forward(self, x: Tensor) -> Tensor:
        """Shape (..., in) to (..., out)."""
        if few_rows.are_few(x) and not self.transposed:
            bias: Tensor | None = self.base.bias  # type: ignore[assignment]
            weights = (self.weight_OI, bias, self.lora_A, self.lora_B)
            return few_rows.adapted(x, *weights, self.scale)
        return _LoraLinear.apply(  # type: ignore[no-any-return]
            x, self.weight_OI, self.base.bias, self.lora_A, self.lora_B, self.scale
        )


class _LoraLinear(torch.autograd.Function):
    """See the module's formula. Adapters are cast to the input's type; their gradients are not."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight_OI: Tensor,
        bias_O: Tensor | None,
        a_RI: Tensor,
        b_OR: Tensor,
        scale: float,
    ) -> Tensor:
        x_TI = x.reshape(-1, x.shape[-1])
        low_TR = torch.mm(x_TI, a_RI.to(x.dtype).t())
        out_TO = torch.nn.functional.linear(x_TI, weight_OI, bias_O)
        out_TO.addmm_(low_TR, b_OR.to(x.dtype).t(), alpha=scale)
        ctx.save_for_backward(x_TI, low_TR, weight_OI, a_RI, b_OR)
        ctx.scale = scale
        return out_TO.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, grad: Tensor
    ) -> tuple[Tensor | None, ...]:
        x_TI, low_TR, weight_OI, a_RI, b_OR = ctx.saved_tensors
        grad_TO = grad.reshape(-1, grad.shape[-1])
        grad_low_TR = torch.mm(grad_TO, b_OR.to(grad.dtype)).mul_(ctx.scale)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = torch.mm(grad_TO, weight_OI)
            grad_x.addmm_(grad_low_TR, a_RI.to(grad.dtype))
            grad_x = grad_x.view(*grad.shape[:-1], -1)
        grad_a = torch.mm(grad_low_TR.t(), x_TI).to(a_RI.dtype)
        grad_b = torch.mm(grad_TO.t(), low_TR).mul_(ctx.scale).to(b_OR.dtype)
        return grad_x, None, None, grad_a, grad_b, None
