"""How long a run takes: arithmetic per token over the machine's measured speed.

    LoRA: 4 P + 3 A + 4 H V f + 6 P_lora       full: 6 P + 3 A + 6 H V f      (FLOP per token)

P: parameters in linear layers; A = 2 L H S: attention, S the row's length; f: share of taught
tokens; V: vocabulary; P_lora: adapter parameters. Each product of an (m, k) with a (k, n) matrix
counts 2 m k n. (The usual count; as in Kaplan et al., arXiv:2001.08361, appendix B, with the
frozen weights' gradients left out.)
"""

from __future__ import annotations

from dataclasses import dataclass

TRAINING_EFFICIENCY = 0.6
"""Share of the matrix-product speed that a training step reaches (`make bench-train` and the
bundled example): 0.8 of 125 GFLOP/s on two cores with AVX2, where products take nearly all the
time, and 0.55 of 390 GFLOP/s with AVX-512, where the rest weighs more."""
SECONDS_PER_DECODE_PASS_PER_PARAMETER = 4 / 12e9
"""Each decoding pass reads all fp32 weights once, at about 12 GB/s on a small server."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What the arithmetic needs to know of a run."""

    linear_parameters: int
    trained_parameters: int
    layers: int
    hidden_size: int
    vocabulary: int
    full: bool
    tokens_per_row: float
    taught_share: float


def training_flop_per_token(work: Workload) -> float:
    """Floating-point operations to train on one token."""
    attention = 2 * work.layers * work.hidden_size * work.tokens_per_row
    head = work.hidden_size * work.vocabulary * work.taught_share
    if work.full:
        return 6 * work.linear_parameters + 3 * attention + 6 * head
    return 4 * work.linear_parameters + 3 * attention + 4 * head + 6 * work.trained_parameters


def training_seconds(work: Workload, num_tokens: int, flop_per_second: float) -> float:
    """Seconds to train on so many tokens, at a measured matrix-product speed."""
    return training_flop_per_token(work) * num_tokens / (flop_per_second * TRAINING_EFFICIENCY)


def forward_seconds(work: Workload, num_tokens: int, flop_per_second: float) -> float:
    """Seconds to read so many tokens without training."""
    flop = 2 * work.linear_parameters + 2 * work.layers * work.hidden_size * work.tokens_per_row
    return flop * num_tokens / (flop_per_second * TRAINING_EFFICIENCY)


def answering_seconds(
    parameters: int, num_answers: int, tokens_per_answer: float, slots: int, flop_per_second: float
) -> float:
    """Seconds to write answers, `slots` at a time: the weights are read once per token of a batch,
    and each token is computed."""
    passes = max(1.0, num_answers / slots) * tokens_per_answer
    reading = passes * parameters * SECONDS_PER_DECODE_PASS_PER_PARAMETER
    computing = num_answers * tokens_per_answer * 2 * parameters / flop_per_second
    return reading + computing
