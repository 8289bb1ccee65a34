"""Costs: what a job takes on this machine and on others, and what training from scratch would.

    energy = watts * seconds          money = rent an hour * hours, or price of electricity * energy
    from scratch: 20 tokens a parameter, 6 N D floating-point operations

The rule of 20 tokens and the count 6 N D: Hoffmann et al., "Training Compute-Optimal Large Language
Models" (arXiv:2203.15556, table 3 and appendix F).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from postgrad.advice import duration
from postgrad.advice.memory import Estimate
from postgrad.advice.prices import (
    CPU_FACTORS,
    GPU_FACTORS,
    LAUNCH_SECONDS_PER_LAYER,
    WATTS_FACTORS,
    WATTS_PER_CORE,
    WATTS_PER_GB,
    Machine,
    Prices,
)

TOKENS_PER_PARAMETER = 20
FLOP_PER_PARAMETER_AND_TOKEN = 6
SCRATCH_SOURCE = "arXiv:2203.15556"
JOULES_PER_KWH = 3.6e6
HALF_PRECISION = 2
"""Bytes of a frozen weight on a GPU; see `steps/machine.py`."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a job asks of whatever machine it runs on.

    Attributes:
        work: sizes of the model and the rows.
        computed_tokens: that training computes; prefixes that rows share are computed once.
        parts: of steps.
        read_tokens: read by validations, the test and the probes.
        taught_tokens: of these, the ones whose likelihood is taken.
        written_tokens: of answers.
        passes: over the weights to write them.
        part_tokens: computed at once.
        parameters: of the base.
    """

    work: duration.Workload
    computed_tokens: float
    parts: float
    read_tokens: float
    taught_tokens: float
    written_tokens: float
    passes: float
    part_tokens: int
    parameters: int


def seconds_on(demand: Demand, speed: duration.Speed) -> float:
    """The whole run, from the first question to the last."""
    return (
        duration.training_seconds(demand.work, demand.computed_tokens, demand.parts, speed)
        + duration.reading_seconds(
            demand.work, demand.read_tokens, demand.taught_tokens, demand.part_tokens, speed
        )
        + duration.writing_seconds(demand.work, demand.written_tokens, demand.passes, speed)
    )


def speed_of(machine: Machine, layers: int, full: bool, efficiency: float | None) -> duration.Speed:
    """What a machine of the table reaches.

    Args:
        machine: of the table.
        layers: of the model.
        full: whether the weights themselves are trained (in float32, everywhere).
        efficiency: of a training step as measured on this machine, which another processor is
            taken to share; None: the table's.
    """
    is_gpu = machine.kind == "gpu"
    launch = LAUNCH_SECONDS_PER_LAYER * layers if is_gpu else 0.0
    share = machine.efficiency if is_gpu or efficiency is None else efficiency
    flop = machine.flop_per_second
    if full and machine.float32_flop_per_second is not None:
        flop = machine.float32_flop_per_second
    return duration.Speed(
        flop_per_second=flop * share,
        bytes_per_second=machine.bytes_per_second,
        weight_bytes=HALF_PRECISION if is_gpu and not full else 4,
        step_seconds=launch,
        pass_seconds=launch / 3,
    )


def here(
    seconds: Estimate,
    memory: Estimate,
    room_bytes: float | None,
    scratch_seconds: float,
    cores: int | None,
    prices: Prices,
) -> dict[str, Any]:
    """What the run costs on this machine.

    Args:
        seconds: of the whole run.
        memory: bytes.
        room_bytes: that the run may take; None: not known.
        scratch_seconds: of training such a model from scratch.
        cores: that are used; None: a GPU, whose power the price list must tell.
        prices: the list.
    """
    own = prices.this_machine
    if own.watts is not None:
        watts = Estimate(own.watts, own.watts * WATTS_FACTORS[0], own.watts * WATTS_FACTORS[1])
    elif cores is not None:
        low, middle, high = (share * cores for share in WATTS_PER_CORE)
        held = memory.value / 1e9 * WATTS_PER_GB
        watts = Estimate(middle + held, low + held, high + held)
    else:
        watts = None
    spread = (seconds.low / seconds.value, seconds.high / seconds.value)
    return {
        "name": "this",
        "title": "this machine",
        "memory_bytes": asdict(memory),
        "fits": room_bytes is None or memory.high < room_bytes,
        "seconds": asdict(seconds),
        **_spent(seconds, watts, own.per_hour, prices),
        "from_scratch": _from_scratch(scratch_seconds, spread, watts, own.per_hour, prices),
        "source": "your price list" if own != type(own)() else "advice/prices.py",
    }


def elsewhere(
    demand: Demand, machine: Machine, memory: Estimate, efficiency: float | None, prices: Prices
) -> dict[str, Any]:
    """What the run would cost on a machine of the table.

    Args:
        demand: of the job.
        machine: of the table.
        memory: bytes that it would take there.
        efficiency: see `speed_of`.
        prices: the list.
    """
    speed = speed_of(machine, demand.work.layers, demand.work.full, efficiency)
    factors = GPU_FACTORS if machine.kind == "gpu" else CPU_FACTORS
    value = seconds_on(demand, speed)
    seconds = Estimate(value, value * factors[0], value * factors[1])
    watts = Estimate(
        machine.watts, machine.watts * WATTS_FACTORS[0], machine.watts * WATTS_FACTORS[1]
    )
    scratch = scratch_flop(demand.parameters) / speed.flop_per_second
    return {
        "name": machine.name,
        "title": machine.title,
        "memory_bytes": asdict(memory),
        "fits": memory.high < machine.memory_bytes,
        "seconds": asdict(seconds),
        **_spent(seconds, watts, machine.per_hour, prices),
        "from_scratch": _from_scratch(scratch, factors, watts, machine.per_hour, prices),
        "source": machine.source,
    }


def scratch_tokens(parameters: int) -> int:
    """Tokens that a model of so many parameters would be trained on from scratch."""
    return TOKENS_PER_PARAMETER * parameters


def scratch_flop(parameters: int) -> float:
    """Floating-point operations of that."""
    return float(FLOP_PER_PARAMETER_AND_TOKEN * parameters * scratch_tokens(parameters))


def _spent(
    seconds: Estimate, watts: Estimate | None, per_hour: float | None, prices: Prices
) -> dict[str, Any]:
    """Energy and money, each with its interval; None where the power is not known."""
    energy = watts and Estimate(
        watts.value * seconds.value / JOULES_PER_KWH,
        watts.low * seconds.low / JOULES_PER_KWH,
        watts.high * seconds.high / JOULES_PER_KWH,
    )
    if per_hour is not None:
        money = _times(seconds, per_hour / 3600)
    else:
        money = energy and _times(energy, prices.electricity)
    return {
        "kilowatt_hours": energy and asdict(energy),
        "money": money and asdict(money),
        "currency": prices.currency,
        "rented": per_hour is not None,
    }


def _from_scratch(
    value: float,
    factors: tuple[float, float],
    watts: Estimate | None,
    per_hour: float | None,
    prices: Prices,
) -> Mapping[str, Any]:
    seconds = Estimate(value, value * factors[0], value * factors[1])
    return {"seconds": asdict(seconds), **_spent(seconds, watts, per_hour, prices)}


def _times(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(estimate.value * factor, estimate.low * factor, estimate.high * factor)
