"""Plan: what a job will do, take and cost, before anything is spent."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from postgrad.advice import costs
from postgrad.advice.machine import memory_available_bytes
from postgrad.advice.prices import Prices, read_prices
from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.core.job_file import write_job
from postgrad.evals.verdict import expected_power
from postgrad.reports.words import size
from postgrad.steps import estimate, machine
from postgrad.steps.advise import counsel
from postgrad.steps.prepare import Prepared, prepare
from postgrad.steps.trial import Trial, try_steps


def plan(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """The complete job as YAML, with what it will take and cost, and whether to do it at all;
    nothing is trained but three steps that are thrown away. `advice`: see `steps/advise.py`; null
    if the request does not ask for it. `costs`: see `advice/costs.py`."""
    job = Job.build(request["job"])
    prices = read_prices(job.backend.prices)
    prepared = prepare(context, job)
    counted = estimate.count(context, prepared)
    trial = _try(context, prepared, counted) if request.get("trial") else None
    gc.collect()  # the model of the trial, before the next is loaded
    seconds = estimate.timed(counted, _device(prepared), trial)
    advice = counsel(context, prepared) if request.get("advise") else None
    return {
        **_told(prepared, estimate.told(counted, seconds, trial)),
        "costs": _costs(_Estimated(prepared, counted, seconds, trial), prices),
        "advice": advice,
    }


def describe(context: StepContext, prepared: Prepared) -> dict[str, Any]:
    """A prepared job in plain values, for screens and programs. Nothing is tried."""
    counted = estimate.count(context, prepared)
    seconds = estimate.timed(counted, _device(prepared), None)
    return _told(prepared, estimate.told(counted, seconds, None))


def _told(prepared: Prepared, estimated: dict[str, Any]) -> dict[str, Any]:
    job = prepared.job
    num_test = prepared.summary.rows["test"]
    return {
        "job": write_job(job, prepared.sources),
        "task": {
            "kind": prepared.task.kind,
            "primary": prepared.task.primary,
            "why": prepared.task.why,
        },
        "dataset": prepared.summary.model_dump(),
        "base": {
            "model": str(prepared.base.local.ref),
            "parameters": prepared.base.local.parameters,
            "licence": prepared.base.local.licence,
        },
        "power": expected_power(num_test, prepared.task),
        "estimate": estimated,
    }


def _try(context: StepContext, prepared: Prepared, counted: estimate.Counted) -> Trial | None:
    """The trial, unless the machine has too little memory for it by what was counted."""
    free = memory_available_bytes() if _device(prepared).type == "cpu" else None
    wanted = counted.parts.training
    if free is not None and wanted > free:
        text = f"No step was tried: it would take {size(wanted)}, and {size(free)} are free here."
        context.emit(Event("warning", {"code": "no_trial", "text": text}))
        return None
    return try_steps(context, prepared)


@dataclass(frozen=True)
class _Estimated:
    prepared: Prepared
    counted: estimate.Counted
    seconds: estimate.Timed
    trial: Trial | None


def _costs(it: _Estimated, prices: Prices) -> dict[str, Any]:
    """What the job costs here and elsewhere, and what training from scratch would."""
    demand, device = it.counted.demand, _device(it.prepared)
    speed = it.seconds.speed
    scratch = costs.scratch_flop(demand.parameters) / speed.flop_per_second
    cores = (it.prepared.job.backend.threads or 1) if device.type == "cpu" else None
    own_memory = estimate.memory(it.counted, it.trial)
    room = _room(device)
    efficiency = None
    if it.trial is not None and device.type == "cpu":
        efficiency = min(1.0, speed.flop_per_second / estimate.matrix_speed(device))
    kinds = {kind: _memory_on(it, kind) for kind in {each.kind for each in prices.machines}}
    return {
        "machines": [
            costs.here(it.seconds.total, own_memory, room, scratch, cores, prices),
            *(
                costs.elsewhere(it.counted.whole, each, kinds[each.kind], efficiency, prices)
                for each in prices.machines
            ),
        ],
        "from_scratch": {
            "parameters": demand.parameters,
            "tokens": costs.scratch_tokens(demand.parameters),
            "flop": costs.scratch_flop(demand.parameters),
            "source": costs.SCRATCH_SOURCE,
        },
    }


def _memory_on(it: _Estimated, kind: str) -> Any:
    """Memory on a kind of machine: another one's framework is taken to be like this one's."""
    device = _device(it.prepared)
    if kind == device.type or (kind == "gpu" and device.type == "cuda"):
        return estimate.memory(it.counted, it.trial)
    counted = estimate.footprint_on(it.prepared, "cuda" if kind == "gpu" else "cpu")
    parts = estimate.parts_from(
        counted,
        it.counted.exam,
        0 if kind == "gpu" else estimate.USUAL_FRAMEWORK_BYTES,
        accumulates=it.counted.parts.accumulates,
    )
    return estimate.total(parts)


def _room(device: torch.device) -> float | None:
    """What a run may take here: what is free, and what this process holds and will give back."""
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory)
    free = memory_available_bytes()
    return None if free is None else float(free + estimate.resident_bytes())


def _device(prepared: Prepared) -> torch.device:
    return machine.use_machine(prepared.job.backend)
