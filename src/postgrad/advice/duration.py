"""How long a run takes: arithmetic per token over a machine's speed.

    LoRA: 4 P + 3 A + 4 H V f + 6 P_lora       full: 6 P + 3 A + 6 H V f      (FLOP per token)
    reading: 2 P + A + 2 H V f                 writing: 2 P + 2 H V

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

DECODING_BYTES_PER_SECOND = 12e9
"""Each decoding pass reads all weights once, at about 12 GB/s on a small server."""

GPU_DECODING_BYTES_PER_SECOND = 300e9
"""The same on a GPU: that of an L4 (NVIDIA's data sheet), the slowest of `prices.py`."""

COUNTED_FACTORS = (0.65, 1.6)
"""Training's time as a share of what was counted alone: the efficiencies above lie between 0.55 and
0.8, and what else a machine does meanwhile is not known."""
MEASURED_FACTORS = (0.8, 1.25)
"""The same where three steps were taken: run to run a small machine differs by some 15 %, and steps
differ in their rows."""
ASKING_FACTORS = (0.5, 1.5)
"""The test's time as a share of what was counted: how soon a model stops writing is not known."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What the arithmetic needs to know of a run."""

    linear_parameters: int
    adapter_parameters: int
    layers: int
    hidden_size: int
    vocabulary: int
    full: bool
    tokens_per_row: float
    taught_share: float


@dataclass(frozen=True, slots=True)
class Speed:
    """What a machine reaches.

    Attributes:
        flop_per_second: in a training step.
        bytes_per_second: read by a decoding pass.
        weight_bytes: of one parameter.
        step_seconds: of a part of a step that are no arithmetic, starting kernels, say.
        pass_seconds: the same of a pass that only reads or writes.
    """

    flop_per_second: float
    bytes_per_second: float = DECODING_BYTES_PER_SECOND
    weight_bytes: int = 4
    step_seconds: float = 0.0
    pass_seconds: float = 0.0


def training_flop_per_token(work: Workload) -> float:
    """Floating-point operations to train on one token."""
    attention = 2 * work.layers * work.hidden_size * work.tokens_per_row
    head = work.hidden_size * work.vocabulary * work.taught_share
    if work.full:
        return 6 * work.linear_parameters + 3 * attention + 6 * head
    return 4 * work.linear_parameters + 3 * attention + 4 * head + 6 * work.adapter_parameters


def training_seconds(work: Workload, num_tokens: float, num_parts: float, speed: Speed) -> float:
    """Seconds to train on so many computed tokens, in so many parts of steps."""
    flop = training_flop_per_token(work) * num_tokens
    return flop / speed.flop_per_second + num_parts * speed.step_seconds


def reading_seconds(
    work: Workload, num_tokens: float, num_taught: float, part_tokens: int, speed: Speed
) -> float:
    """Seconds to read so many tokens, and to take the likelihood of so many of them."""
    body = 2 * work.linear_parameters + 2 * work.layers * work.hidden_size * work.tokens_per_row
    flop = body * num_tokens + 2 * work.hidden_size * work.vocabulary * num_taught
    return flop / speed.flop_per_second + num_tokens / part_tokens * speed.pass_seconds


def writing_seconds(work: Workload, num_tokens: float, passes: float, speed: Speed) -> float:
    """Seconds to write so many tokens: the weights are read once in each pass, and each token is
    computed."""
    parameters = work.linear_parameters + work.hidden_size * work.vocabulary
    reading = passes * parameters * speed.weight_bytes / speed.bytes_per_second
    computing = num_tokens * 2 * parameters / speed.flop_per_second
    return reading + computing + passes * speed.pass_seconds
