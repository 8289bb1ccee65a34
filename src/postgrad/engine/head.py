"""The loss head: cross entropy of a linear layer, without ever holding all logits.

    loss = sum_n [ log sum_v exp(h_n . w_v) - h_n . w_{y_n} ]
    dloss/dh_n = sum_v softmax_v w_v - w_{y_n}        dloss/dw_v = sum_n (softmax_v - [v = y_n]) h_n

The gradient is formed in the forward pass, chunk by chunk, while the logits are there, so the
head's products are done once and one buffer serves all chunks (the idea of Liger Kernel's fused
linear cross entropy, arXiv:2410.10989; ours divides by the softmax sum after the product instead
of before, which saves a pass over the logits). Logits are computed as W h^T: on CPUs that product
runs faster than h W^T at these shapes (see benchmarks/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CHUNK_BYTES_CPU = 32 << 20
"""Logits held at once: about the last-level cache of a small server CPU."""
CHUNK_BYTES_GPU = 1 << 30
"""On a GPU large chunks keep the products efficient (TRL issue 7244: small ones cost 3x)."""


@dataclass(frozen=True, slots=True)
class Head:
    """The output layer: logits = softcap(scale * (hidden @ weight.T + bias))."""

    weight_VH: Tensor
    bias_V: Tensor | None = None
    scale: float = 1.0
    softcap: float | None = None

    def logits(self, hidden_NH: Tensor) -> Tensor:
        """Logits of shape (N, V), in float32."""
        return self._logits_VC(hidden_NH, None).t()

    def loss_sum(self, hidden_NH: Tensor, labels_N: Tensor) -> Tensor:
        """Summed negative log-likelihood in nats (a scalar that can be differentiated)."""
        return _LinearCrossEntropy.apply(hidden_NH, self.weight_VH, self.bias_V, labels_N, self)  # type: ignore[no-any-return]

    @torch.no_grad()
    def token_losses(self, hidden_NH: Tensor, labels_N: Tensor) -> Tensor:
        """Negative log-likelihood of each label in nats, shape (N,)."""
        losses = [torch.empty(0, device=hidden_NH.device)]
        for rows in self.chunks(hidden_NH.shape[0]):
            logits_VC = self._logits_VC(hidden_NH[rows], None)
            target_C = logits_VC.gather(0, labels_N[rows][None])[0]
            losses.append(logits_VC.logsumexp(0) - target_C)
        return torch.cat(losses)

    def chunks(self, count: int) -> list[slice]:
        """Slices over `count` rows whose logits fit the chunk budget."""
        budget = CHUNK_BYTES_CPU if self.weight_VH.device.type == "cpu" else CHUNK_BYTES_GPU
        size = max(16, budget // (4 * self.weight_VH.shape[0]))
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]

    def _logits_VC(self, hidden_CH: Tensor, buffer: Tensor | None) -> Tensor:
        vocabulary, rows = self.weight_VH.shape[0], hidden_CH.shape[0]
        out = None if buffer is None else buffer[: vocabulary * rows].view(vocabulary, rows)
        logits_VC = torch.mm(self.weight_VH, hidden_CH.t().to(self.weight_VH.dtype), out=out)
        logits_VC = logits_VC.float()
        if self.bias_V is not None:
            logits_VC = logits_VC.add_(self.bias_V.float()[:, None])
        if self.scale != 1.0:
            logits_VC = logits_VC.mul_(self.scale)
        if self.softcap is not None:
            logits_VC = logits_VC.div_(self.softcap).tanh_().mul_(self.softcap)
        return logits_VC


class _LinearCrossEntropy(torch.autograd.Function):
    """See the module's formula. Gradients are for the plain sum; backward only rescales."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden_NH: Tensor,
        weight_VH: Tensor,
        bias_V: Tensor | None,
        labels_N: Tensor,
        head: Head,
    ) -> Tensor:
        want_hidden, want_weight = hidden_NH.requires_grad, weight_VH.requires_grad
        want_bias = bias_V is not None and bias_V.requires_grad
        grad_hidden = torch.empty_like(hidden_NH) if want_hidden else None
        grad_weight = torch.zeros_like(weight_VH, dtype=torch.float32) if want_weight else None
        grad_bias = torch.zeros_like(bias_V, dtype=torch.float32) if want_bias else None
        chunks = head.chunks(hidden_NH.shape[0])
        widest = max((rows.stop - rows.start for rows in chunks), default=0)
        buffer = weight_VH.new_empty(weight_VH.shape[0] * widest)
        loss = torch.zeros((), dtype=torch.float64, device=hidden_NH.device)
        for rows in chunks:
            hidden_CH, labels_C = hidden_NH[rows], labels_N[rows]
            logits_VC = head._logits_VC(hidden_CH, buffer)
            target_C = logits_VC.gather(0, labels_C[None])[0]
            slope_VC = None if head.softcap is None else 1 - (logits_VC / head.softcap) ** 2
            top_C = logits_VC.amax(0)
            raised_VC = logits_VC.sub_(top_C).exp_()
            sum_C = raised_VC.sum(0)
            loss += (sum_C.log() + top_C - target_C).sum(dtype=torch.float64)
            if not (want_hidden or want_weight or want_bias):
                continue
            share_C = sum_C.reciprocal().mul_(head.scale)
            if slope_VC is None:
                # d logit = scale * (softmax - onehot); the onehot part is applied by index
                cast = raised_VC.to(weight_VH.dtype)
                if grad_hidden is not None:
                    grad_CH = torch.mm(cast.t(), weight_VH).mul_(share_C[:, None])
                    grad_hidden[rows] = grad_CH.sub_(weight_VH[labels_C], alpha=head.scale)
                if grad_weight is not None:
                    scaled_CH = hidden_CH.float() * share_C[:, None]
                    grad_weight.addmm_(raised_VC, scaled_CH)
                    grad_weight.index_add_(0, labels_C, hidden_CH.float(), alpha=-head.scale)
                if grad_bias is not None:
                    grad_bias += raised_VC @ share_C
                    grad_bias.index_add_(0, labels_C, torch.full_like(share_C, -head.scale))
                continue
            delta_VC = raised_VC.mul_(share_C)
            delta_VC[labels_C, torch.arange(len(labels_C), device=labels_C.device)] -= head.scale
            delta_VC = delta_VC.mul_(slope_VC)
            if grad_hidden is not None:
                grad_hidden[rows] = torch.mm(delta_VC.t().to(weight_VH.dtype), weight_VH)
            if grad_weight is not None:
                grad_weight.addmm_(delta_VC, hidden_CH.float())
            if grad_bias is not None:
                grad_bias += delta_VC.sum(1)
        ctx.grads = (grad_hidden, grad_weight, grad_bias)
        return loss.float()

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        grads = [None if grad is None else grad.mul_(grad_output) for grad in ctx.grads]
        return (*grads, None, None)
