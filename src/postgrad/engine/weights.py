"""Weights: what training did to each matrix of a model.

    change = ||dW||_F / ||W||_F
    stable rank = ||dW||_F^2 / ||dW||_2^2            effective rank = exp H(sigma / sum sigma)
    intruders(eps) = #{j <= 10: max_i |cos(u'_j, u_i)| < eps}

sigma are the singular values of dW, u the left singular vectors of W, u' those of W + dW. Sources:
effective rank, Roy and Vetterli 2007 (EUSIPCO); intruder dimensions, Shuttleworth et al. 2024
(arXiv:2410.21228, section 3), with ten directions as PEFT's `reduce_intruder_dimension` looks at.

Of an adapter dW = B A is never formed to find its singular values: with B = Q R and A^T = P S they
are those of R S^T, an r x r matrix. Of a dense matrix they come from the eigenvalues of its smaller
Gram matrix, which is 2 to 8 times as quick as a full decomposition (measured at 576 x 1536).

Shapes: O outputs, I inputs, R rank, K directions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from postgrad.core.probe import Reading

DIRECTIONS = 10
"""Strongest directions of a tuned matrix that are looked at for intruders."""

COSINES = (0.3, 0.5, 0.7)
"""A direction is new if no old one is as near as this; one value would be arbitrary (the paper
shows a range of them)."""

MOST_WORK = 1.5e10
MOST_WORK_QUICK = 4e9
"""Sum of min(O, I)^3 over the matrices that are decomposed: about 8 and 1 seconds on one core (0.04
s for an eigendecomposition at 576). Of SmolLM2-135M that is every second layer; see `stride`."""

_LAYER = re.compile(r"\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class Factors:
    """A change as a product: left_OR @ right_RI."""

    left_OR: Tensor
    right_RI: Tensor


@dataclass(frozen=True, slots=True)
class Change:
    """A matrix of the base, and what a result adds to it."""

    name: str
    weight_OI: Tensor
    delta: Tensor | Factors


@torch.no_grad()
def weigh(
    model: nn.Module,
    changes: Iterable[Change],
    *,
    is_quick: bool = False,
) -> Iterator[Reading]:
    """A reading for each changed matrix.

    Args:
        model: the base; its matrices decide how many can be decomposed.
        changes: of a method.
        is_quick: look for no intruders, and decompose less.
    """
    step = stride(model, MOST_WORK_QUICK if is_quick else MOST_WORK)
    for change in changes:
        layer = _layer(change.name)
        # what lies outside the layers (embeddings) is large: only where everything is looked at
        chosen = step is not None and (step == 1 if layer is None else layer % step == 0)
        yield Reading(
            change.name,
            "" if layer is None else f"layer {layer}",
            _values(change, chosen=chosen, intruders=chosen and not is_quick),
            detail={
                "layer": layer,
                "kind": change.name.rpartition(".")[2],
                "shape": list(change.weight_OI.shape),
            },
        )


def stride(model: nn.Module, work: float) -> int | None:
    """Every how many layers matrices are decomposed to stay within the work; None: not at all."""
    sizes = [min(p.shape) ** 3 for p in model.parameters() if p.dim() == 2]
    layers = {_layer(name) for name, _ in model.named_parameters()}
    step = max(1, math.ceil(sum(sizes) / work))
    return step if step == 1 or step < len(layers) else None


def singular_values(delta: Tensor | Factors) -> Tensor:
    """Singular values in float64, the largest first; of factors at most R of them."""
    if isinstance(delta, Factors):
        _, upper_left = torch.linalg.qr(delta.left_OR.double(), mode="r")
        _, upper_right = torch.linalg.qr(delta.right_RI.double().t(), mode="r")
        return torch.linalg.svdvals(upper_left @ upper_right.t())
    tall = delta.double() if delta.shape[0] >= delta.shape[1] else delta.double().t()
    return torch.linalg.eigvalsh(tall.t() @ tall).clamp(min=0).sqrt().flip(0)


def effective_rank(values: Tensor) -> float:
    """exp of the entropy of the singular values as shares: how many directions matter."""
    shares = values / values.sum()
    return float(torch.exp(-torch.xlogy(shares, shares).sum()))


def nearest(weight_OI: Tensor, tuned_OI: Tensor) -> Tensor:
    """For each of the tuned matrix's strongest directions, how near the nearest old one is: the
    largest |cos|, shape (K,)."""
    old_OK, new_OK = left_vectors(weight_OI), left_vectors(tuned_OI)[:, :DIRECTIONS]
    return (old_OK.t() @ new_OK).abs().amax(0)


def left_vectors(weight_OI: Tensor) -> Tensor:
    """Left singular vectors as columns, the strongest first; those of no strength are left out."""
    weight_OI = weight_OI.float()
    if weight_OI.shape[0] <= weight_OI.shape[1]:
        return torch.linalg.eigh(weight_OI @ weight_OI.t()).eigenvectors.flip(1)
    squares, right_IK = torch.linalg.eigh(weight_OI.t() @ weight_OI)
    strong = squares > squares[-1] * 1e-10  # float32 can't tell weaker ones from nothing
    left_OK = weight_OI @ right_IK[:, strong].flip(1)
    return left_OK / left_OK.norm(dim=0)


def _values(change: Change, *, chosen: bool, intruders: bool) -> dict[str, float]:
    delta = change.delta
    norm = float(change.weight_OI.float().norm())
    values = {"norm": norm}
    if isinstance(delta, Factors) or chosen:
        sigma = singular_values(delta)
        values["change"] = float(sigma.norm()) / norm
        if sigma[0] > 0:
            values["stable_rank"] = float(sigma.norm() / sigma[0]) ** 2
            values["effective_rank"] = effective_rank(sigma)
            values["possible_rank"] = float(len(sigma))
    else:
        values["change"] = float(delta.norm()) / norm
    if intruders and values["change"] > 0:
        added = delta.left_OR @ delta.right_RI if isinstance(delta, Factors) else delta
        cosines = nearest(change.weight_OI, change.weight_OI.float() + added.float())
        values["directions"] = float(len(cosines))
        values |= {f"intruders_{limit}": float((cosines < limit).sum()) for limit in COSINES}
    return values


def _layer(name: str) -> int | None:
    found = _LAYER.search(name)
    return int(found.group(1)) if found else None
