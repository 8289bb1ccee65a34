"""Few rows: a linear layer on as many rows as answers are in progress.

    y = x W^T + b        computed as (W x^T)^T

which gives the same numbers up to rounding. For a few dozen rows MKL runs the first form at half
of its speed or less. The linear layers of SmolLM2-135M, two cores of an EPYC (AVX2), seconds:

    rows          2      8      32     48     96     128    1024
    x W^T       0.126  0.177  0.173  0.319  0.425  0.368   2.2
    (W x^T)^T   0.048  0.090  0.095  0.181  0.314  0.291   2.5

With attention and all else, a pass takes 0.21 s instead of 0.27 with 32 rows, 0.26 instead of 0.32
with 48 (interleaved in one process while others worked).

Only where no gradient is taken, on a CPU.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

MOST_ROWS = 128
"""From a few hundred rows on, both forms are as fast."""


def are_few(x: Tensor) -> bool:
    """Whether rows, shape (..., in), are such as are better taken this way."""
    rows = x.numel() // x.shape[-1]
    return x.device.type == "cpu" and not torch.is_grad_enabled() and 1 < rows <= MOST_ROWS


def linear(x: Tensor, weight_OI: Tensor, bias_O: Tensor | None) -> Tensor:
    """As `torch.nn.functional.linear`, shape (..., in) to (..., out)."""
    if not are_few(x):
        return functional.linear(x, weight_OI, bias_O)
    return _rows(torch.mm(weight_OI, _columns(x)), bias_O, x)


def adapted(
    x: Tensor, weight_OI: Tensor, bias_O: Tensor | None, a_RI: Tensor, b_OR: Tensor, scale: float
) -> Tensor:
    """y = x W^T + b + s (x A^T) B^T of few rows, shape (..., in) to (..., out)."""
    x_IT = _columns(x)
    y_OT = torch.mm(weight_OI, x_IT)
    y_OT.addmm_(b_OR.to(x.dtype), torch.mm(a_RI.to(x.dtype), x_IT), alpha=scale)
    return _rows(y_OT, bias_O, x)


def _columns(x: Tensor) -> Tensor:
    return x.reshape(-1, x.shape[-1]).t()


def _rows(y_OT: Tensor, bias_O: Tensor | None, x: Tensor) -> Tensor:
    if bias_O is not None:
        y_OT += bias_O[:, None]
    return y_OT.t().reshape(*x.shape[:-1], -1)


class Linear(nn.Linear):
    """`nn.Linear`, quicker on few rows. A layer becomes one by its class alone."""

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)


def install(model: nn.Module) -> None:
    """Make every plain linear layer of a model quick on few rows."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = Linear
