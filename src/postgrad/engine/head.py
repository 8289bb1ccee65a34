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

from collections.abc import Sequence as Rows
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CHUNK_BYTES_CPU = 48 << 20
"""Logits held at once: 256 positions of a vocabulary of 49,152. Measured with such a head of width
576 on two cores: 250 GFLOP/s with 64 positions, 290 with 170, 370 with 256 and with more."""
CHUNK_BYTES_GPU = 1 << 30
"""On a GPU large chunks keep the products efficient (TRL issue 7244: small ones cost 3x)."""


@dataclass(frozen=True, slots=True)
class Expected:
    """At one position: log-probability of the label in nats, how many tokens are likelier, the
    likeliest tokens' log-probabilities by id, and those of the tokens that were asked for."""

    log_probability: float
    rank: int
    top: dict[int, float]
    watched: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The output layer: logits = softcap(scale * (hidden @ weight.T + bias))."""

    weight_VH: Tensor
    bias_V: Tensor | None = None
    scale: float = 1.0
    softcap: float | None = None

    def logits(self, hidden_NH: Tensor) -> Tensor:
        """Logits of shape (N, V), in float32."""
        return self.chunk_logits(hidden_NH, None).t()

    def loss_sum(self, hidden_NH: Tensor, labels_N: Tensor) -> Tensor:
        """Summed negative log-likelihood in nats (a scalar that can be differentiated)."""
        return _LinearCrossEntropy.apply(hidden_NH, self.weight_VH, self.bias_V, labels_N, self)  # type: ignore[no-any-return]

    @torch.no_grad()
    def token_losses(self, hidden_NH: Tensor, labels_N: Tensor) -> Tensor:
        """Negative log-likelihood of each label in nats, shape (N,)."""
        losses = [torch.empty(0, device=hidden_NH.device)]
        for rows in self.chunks(hidden_NH.shape[0]):
            logits_VC = self.chunk_logits(hidden_NH[rows], None)
            target_C = logits_VC.gather(0, labels_N[rows][None])[0]
            losses.append(logits_VC.logsumexp(0) - target_C)
        return torch.cat(losses)

    @torch.no_grad()
    def expected(
        self, hidden_NH: Tensor, labels_N: Tensor, num_top: int, watch: Rows[Rows[int]] | None
    ) -> list[Expected]:
        """What the head holds for likely at each of N positions; see `Expected`."""
        found: list[Expected] = []
        for rows in self.chunks(hidden_NH.shape[0]):
            logits_VC = self.chunk_logits(hidden_NH[rows], None)
            target_1C = logits_VC.gather(0, labels_N[rows][None])
            ranks_C = (
                (logits_VC > target_1C).sum(0, dtype=torch.int32).tolist()
            )  # twice as fast as int64
            logits_VC -= logits_VC.logsumexp(0)
            told_C = logits_VC.gather(0, labels_N[rows][None])[0].tolist()
            top_KC, ids_KC = logits_VC.topk(num_top, dim=0)
            tops = zip(ids_KC.t().tolist(), top_KC.t().tolist(), strict=True)
            for place, (told, rank, (ids, top)) in enumerate(
                zip(told_C, ranks_C, tops, strict=True)
            ):
                asked = list(watch[rows.start + place]) if watch is not None else []
                watched = tuple(logits_VC[asked, place].tolist())
                found.append(Expected(told, rank, dict(zip(ids, top, strict=True)), watched))
        return found

    def chunks(self, count: int) -> list[slice]:
        """Slices over `count` rows whose logits fit the chunk budget."""
        size = chunk_rows(self.weight_VH.shape[0], self.weight_VH.device.type)
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]

    def chunk_logits(self, hidden_CH: Tensor, buffer: Tensor | None) -> Tensor:
        """Logits of shape (V, C) in float32, written into `buffer` if given."""
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


def chunk_rows(vocabulary: int, device_type: str) -> int:
    """Positions whose logits are held at once."""
    budget = CHUNK_BYTES_CPU if device_type == "cpu" else CHUNK_BYTES_GPU
    return max(16, budget // (4 * vocabulary))


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
        gradients = _Gradients.for_inputs(head, hidden_NH)
        chunks = head.chunks(hidden_NH.shape[0])
        widest = max((rows.stop - rows.start for rows in chunks), default=0)
        buffer = weight_VH.new_empty(weight_VH.shape[0] * widest)
        loss = torch.zeros((), dtype=torch.float64, device=hidden_NH.device)
        for rows in chunks:
            logits_VC = head.chunk_logits(hidden_NH[rows], buffer)
            target_C = logits_VC.gather(0, labels_N[rows][None])[0]
            slope_VC = None if head.softcap is None else 1 - (logits_VC / head.softcap) ** 2
            top_C = logits_VC.amax(0)
            raised_VC = logits_VC.sub_(top_C).exp_()
            sum_C = raised_VC.sum(0)
            loss += (sum_C.log() + top_C - target_C).sum(dtype=torch.float64)
            gradients.add(rows, hidden_NH[rows], labels_N[rows], raised_VC, sum_C, slope_VC)
        ctx.gradients = gradients
        return loss.float()

    @staticmethod
    def backward(  # type: ignore[override]
        ctx: Any, grad_output: Tensor
    ) -> tuple[Tensor | None, ...]:
        found: _Gradients = ctx.gradients
        grads = (found.hidden_NH, found.weight_VH, found.bias_V)
        return (*(None if grad is None else grad.mul_(grad_output) for grad in grads), None, None)


@dataclass(slots=True)
class _Gradients:
    """Gradients of the summed loss, filled chunk by chunk; None for inputs that are frozen."""

    head: Head
    hidden_NH: Tensor | None
    weight_VH: Tensor | None
    bias_V: Tensor | None

    @classmethod
    def for_inputs(cls, head: Head, hidden_NH: Tensor) -> _Gradients:
        weight, bias = head.weight_VH, head.bias_V
        float32 = torch.float32  # sums over many chunks: rounding them to bfloat16 biases training
        return cls(
            head,
            torch.empty_like(hidden_NH) if hidden_NH.requires_grad else None,
            torch.zeros_like(weight, dtype=float32) if weight.requires_grad else None,
            torch.zeros_like(bias, dtype=float32)
            if bias is not None and bias.requires_grad
            else None,
        )

    def add(
        self,
        rows: slice,
        hidden_CH: Tensor,
        labels_C: Tensor,
        raised_VC: Tensor,
        sum_C: Tensor,
        slope_VC: Tensor | None,
    ) -> None:
        """Take in one chunk.

        Args:
            rows: the chunk's place among the N rows.
            hidden_CH, labels_C: the chunk's inputs.
            raised_VC: exp(logits - max); divided by sum_C it is the softmax. Overwritten.
            slope_VC: derivative of the soft cap, or None without one.
        """
        share_C = sum_C.reciprocal().mul_(self.head.scale)
        if slope_VC is None:
            self._add_by_index(rows, hidden_CH, labels_C, raised_VC, share_C)
        else:
            self._add_capped(rows, hidden_CH, labels_C, raised_VC.mul_(share_C), slope_VC)

    def _add_by_index(
        self, rows: slice, hidden_CH: Tensor, labels_C: Tensor, raised_VC: Tensor, share_C: Tensor
    ) -> None:
        """softmax - onehot without forming it: the division and the one-hot part are applied to
        the small products."""
        scale, weight_VH = self.head.scale, self.head.weight_VH
        if self.hidden_NH is not None:
            grad_CH = torch.mm(raised_VC.t().to(weight_VH.dtype), weight_VH).mul_(share_C[:, None])
            self.hidden_NH[rows] = grad_CH.sub_(weight_VH[labels_C], alpha=scale)
        if self.weight_VH is not None:
            self.weight_VH.addmm_(raised_VC, hidden_CH.float() * share_C[:, None])
            self.weight_VH.index_add_(0, labels_C, hidden_CH.float(), alpha=-scale)
        if self.bias_V is not None:
            self.bias_V += raised_VC @ share_C
            self.bias_V.index_add_(0, labels_C, torch.full_like(share_C, -scale))

    def _add_capped(
        self, rows: slice, hidden_CH: Tensor, labels_C: Tensor, delta_VC: Tensor, slope_VC: Tensor
    ) -> None:
        weight_VH = self.head.weight_VH
        delta_VC[labels_C, torch.arange(len(labels_C), device=labels_C.device)] -= self.head.scale
        delta_VC.mul_(slope_VC)
        if self.hidden_NH is not None:
            self.hidden_NH[rows] = torch.mm(delta_VC.t().to(weight_VH.dtype), weight_VH)
        if self.weight_VH is not None:
            self.weight_VH.addmm_(delta_VC, hidden_CH.float())
        if self.bias_V is not None:
            self.bias_V += delta_VC.sum(1)
