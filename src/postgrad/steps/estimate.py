"""Estimate: tokens, seconds and memory of a job, counted; checked by a trial if there was one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from postgrad import plugins
from postgrad.advice import duration
from postgrad.advice.costs import Demand
from postgrad.advice.memory import Estimate, Parts, total
from postgrad.core.interfaces import Method, StepContext
from postgrad.data.pack import pack
from postgrad.engine import footprint
from postgrad.steps import machine
from postgrad.steps.dry_exam import DryExam, count_exam
from postgrad.steps.prepare import Prepared
from postgrad.steps.retrained import sizes
from postgrad.steps.trial import Trial, computed_tokens, largest_part, parts_of
from postgrad.training.loop import Row
from postgrad.training.sampler import rows_of_step

PRODUCT_SECONDS = 0.5
"""How long products are timed."""
SAMPLED_STEPS = 64
"""Steps packed to see how much a shared prefix saves; more would say the same."""


@dataclass(frozen=True)
class Counted:
    """What a job asks for, before any of it is timed.

    Attributes:
        demand: tokens and sizes.
        exam: of these, what the test and the probes ask.
        parts: bytes by part on this machine.
        steps: of the optimizer.
        tokens: real ones that are trained on.
        validation_tokens: read between the steps.
        again: the steps of trainings beside the run's own, for its learning curve and with other
            seeds, as a share of its own.
        trainings: how many these are; each validates as often as the run's own.
    """

    demand: Demand
    exam: DryExam
    parts: Parts
    steps: int
    tokens: int
    validation_tokens: float
    again: float
    trainings: int

    @property
    def validation_taught(self) -> float:
        """Tokens whose likelihood a training's validations take."""
        return self.demand.taught_tokens - (self.exam.test + self.exam.beside).taught_tokens

    @property
    def whole(self) -> Demand:
        """The demand with the trainings beside the run's own."""
        it, times = self.demand, 1 + self.again
        return replace(
            it,
            computed_tokens=times * it.computed_tokens,
            parts=times * it.parts,
            read_tokens=it.read_tokens + self.trainings * self.validation_tokens,
            taught_tokens=it.taught_tokens + self.trainings * self.validation_taught,
        )


def count(context: StepContext, prepared: Prepared) -> Counted:
    """Tokens and bytes of a job. No weight is loaded.

    Raises:
        Interrupted: the step was asked to stop.
    """
    device = machine.use_machine(prepared.job.backend)
    framework = 0 if device.type == "cuda" else resident_bytes()  # a GPU holds nothing of it
    settings, summary = prepared.job.training, prepared.summary
    epochs, batch_size = settings.epochs or 1.0, settings.batch_size or 1
    exam = count_exam(context, prepared)
    counted = footprint_on(prepared, device.type)
    total_rows = max(1, round(summary.rows["train"] * epochs))
    steps = -(-total_rows // batch_size)
    tokens = round(summary.tokens["train"] * epochs)
    sampled = _sampled(prepared, steps, total_rows)
    real = sum(row.num_tokens for rows in sampled for row in rows)
    computed = sum(computed_tokens(rows, settings) for rows in sampled)
    num_parts = sum(len(parts_of(rows, settings)) for rows in sampled) / len(sampled)
    validations = max(1, round(settings.validations_per_epoch * epochs))
    validation_tokens = summary.tokens["valid"] * validations
    work = workload(prepared, counted)
    both = exam.test + exam.beside
    demand = Demand(
        work=work,
        computed_tokens=tokens * computed / real,
        parts=steps * num_parts,
        read_tokens=both.read_tokens + validation_tokens,
        taught_tokens=both.taught_tokens + summary.supervised_tokens["valid"] * validations,
        written_tokens=both.written_tokens,
        passes=both.passes,
        part_tokens=settings.micro_batch_tokens,
        parameters=prepared.base.local.parameters,
    )
    parts = parts_from(counted, exam, framework, accumulates=num_parts > 1)
    return Counted(demand, exam, parts, steps, tokens, validation_tokens, *_again(prepared))


def _again(prepared: Prepared) -> tuple[float, int]:
    """Trainings beside the run's own: other seeds take a whole one, points of the learning curve
    one on a part of the rows. Their share of the run's steps, and their number."""
    settings = prepared.job.evaluation
    curve = sizes(prepared) if settings.learning_curve else []
    seeds = settings.seeds - 1
    return seeds + sum(curve) / prepared.summary.rows["train"], seeds + len(curve)


def footprint_on(prepared: Prepared, device_type: str) -> footprint.Footprint:
    """Bytes of the job's heaviest part, on a kind of device."""
    job = prepared.job
    method: Method = plugins.load("methods", job.method.name)()
    return footprint.count(
        prepared.base.config,
        machine.base_dtype(torch.device(device_type), method),
        partial(method.attach, settings=job.method, seed=job.training.seed),
        pack(largest_part(prepared.rows["train"], job.training)),
        device_type,
        part_tokens=job.training.micro_batch_tokens,
    )


def parts_from(
    counted: footprint.Footprint, exam: DryExam, framework: int, *, accumulates: bool
) -> Parts:
    """The parts of a run's memory."""
    cached = max(exam.test.cache_tokens, exam.beside.cache_tokens)
    return Parts(
        weights=counted.weights,
        adapter=counted.adapter,
        gradients=counted.gradients,
        optimizer=counted.optimizer,
        activations=counted.activations,
        head=counted.head,
        layer=counted.layer,
        framework=framework,
        reading=counted.reading,
        answering=cached * counted.cache_token,
        accumulates=accumulates,
    )


def workload(prepared: Prepared, counted: footprint.Footprint) -> duration.Workload:
    """The sizes behind the arithmetic of a job."""
    config, summary = prepared.base.config, prepared.summary
    tokens, rows = summary.tokens["train"], summary.rows["train"]
    return duration.Workload(
        linear_parameters=counted.linear_parameters,
        adapter_parameters=counted.adapter_parameters,
        layers=config.num_hidden_layers,
        hidden_size=config.hidden_size,
        vocabulary=config.vocab_size,
        full=counted.adapter_parameters == 0,
        tokens_per_row=tokens / rows,
        taught_share=summary.supervised_tokens["train"] / tokens,
    )


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of a job on this machine, with the speed that they rest on.

    Attributes:
        training: optimizer steps.
        test: validations, and the test of both models.
        beside: the probes beside the test.
        again: trainings beside the run's own.
        speed: of this machine.
    """

    training: Estimate
    test: Estimate
    beside: Estimate
    again: Estimate
    speed: duration.Speed

    @property
    def total(self) -> Estimate:
        """The whole run. Parts err together: one machine, one model."""
        parts = (self.training, self.test, self.beside, self.again)
        return Estimate(
            sum(part.value for part in parts),
            sum(part.low for part in parts),
            sum(part.high for part in parts),
        )


def timed(counted: Counted, device: torch.device, trial: Trial | None) -> Timed:
    """How long a job takes here, by the trial's speed or by that of a matrix product."""
    demand, exam = counted.demand, counted.exam
    if trial is None:
        flops = matrix_speed(device) * duration.TRAINING_EFFICIENCY
        training = _spread(demand.computed_tokens * _flop(demand) / flops, duration.COUNTED_FACTORS)
    else:
        flops = _flop(demand) / trial.seconds_per_token
        seconds = demand.computed_tokens * trial.seconds_per_token
        training = _spread(seconds, _wider(duration.MEASURED_FACTORS, trial))
    if device.type == "cuda":
        speed = duration.Speed(flops, duration.GPU_DECODING_BYTES_PER_SECOND)
    else:
        speed = duration.Speed(flops)

    def asking(read: float, taught: float, written: float, passes: float) -> Estimate:
        seconds = duration.reading_seconds(
            demand.work, read, taught, demand.part_tokens, speed
        ) + duration.writing_seconds(demand.work, written, passes, speed)
        return _spread(seconds, duration.ASKING_FACTORS)

    beside = exam.beside
    validating = asking(counted.validation_tokens, counted.validation_taught, 0.0, 0.0)
    return Timed(
        training=training,
        test=asking(
            exam.test.read_tokens + counted.validation_tokens,
            exam.test.taught_tokens + counted.validation_taught,
            exam.test.written_tokens,
            exam.test.passes,
        ),
        beside=asking(
            beside.read_tokens, beside.taught_tokens, beside.written_tokens, beside.passes
        ),
        again=_times(training, counted.again, validating, counted.trainings),
        speed=speed,
    )


def told(counted: Counted, seconds: Timed, trial: Trial | None) -> dict[str, Any]:
    """The estimate in plain values; see docs/costs.md."""
    whole = memory(counted, trial)
    parts = counted.parts
    return {
        "steps": counted.steps,
        "tokens": counted.tokens,
        "training_seconds": seconds.training.value,
        "evaluation_seconds": seconds.test.value,
        "probing_seconds": seconds.beside.value,
        "again_seconds": seconds.again.value,
        "seconds": seconds.total.value,
        "memory_bytes": whole.value,
        "intervals": {
            "training_seconds": _pair(seconds.training),
            "evaluation_seconds": _pair(seconds.test),
            "probing_seconds": _pair(seconds.beside),
            "seconds": _pair(seconds.total),
            "memory_bytes": _pair(whole),
        },
        "memory": {name: value for name, value in asdict(parts).items() if name != "accumulates"},
        "uncounted": list(counted.exam.uncounted),
        "trial": trial and trial.as_dict(),
    }


def memory(counted: Counted, trial: Trial | None) -> Estimate:
    """The most that the run holds here."""
    return total(counted.parts, trial and trial.peak_bytes)


def resident_bytes(statm: Path = Path("/proc/self/statm")) -> int:
    """What this process holds now; where the system does not tell, what Python with PyTorch
    and transformers takes."""
    try:
        return int(statm.read_text().split()[1]) * PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return USUAL_FRAMEWORK_BYTES


PAGE_BYTES = 4096
USUAL_FRAMEWORK_BYTES = 600_000_000
"""Seen on Linux with torch 2.13 and transformers 5.23."""


def matrix_speed(device: torch.device) -> float:
    """Floating-point operations per second of a product of the size that layers have.

    Of many products the median counts: what else the machine does for a moment slows only some.
    """
    left = torch.randn(512, 576, device=device)
    right = torch.randn(576, 1536, device=device)
    for _ in range(3):
        torch.mm(left, right)
    seconds: list[float] = []
    while sum(seconds) < PRODUCT_SECONDS:
        began = time.perf_counter()
        float(torch.mm(left, right)[0, 0])  # reading a value waits for a GPU
        seconds.append(time.perf_counter() - began)
    return 2 * 512 * 576 * 1536 / median(seconds)


def _sampled(prepared: Prepared, steps: int, total_rows: int) -> list[Sequence[Row]]:
    """Rows of steps spread over the run."""
    rows, settings = prepared.rows["train"], prepared.job.training
    stride = max(1, steps // SAMPLED_STEPS)
    size = settings.batch_size or 1
    return [
        [rows[i] for i in rows_of_step(step, size, total_rows, len(rows), settings.seed)]
        for step in range(0, steps, stride)
    ]


def _flop(demand: Demand) -> float:
    return duration.training_flop_per_token(demand.work)


def _wider(factors: tuple[float, float], trial: Trial) -> tuple[float, float]:
    """As far as the two timed steps are apart, if that is further."""
    rates = [s / t for s, t in zip(trial.seconds[1:], trial.tokens[1:], strict=True)]
    mean = trial.seconds_per_token
    return min(factors[0], min(rates) / mean), max(factors[1], max(rates) / mean)


def _spread(value: float, factors: tuple[float, float]) -> Estimate:
    return Estimate(value, value * factors[0], value * factors[1])


def _times(one: Estimate, share: float, other: Estimate, number: int) -> Estimate:
    """Trainings of other lengths, with their validations. Other seeds answer the test too; that is
    left out, being little beside their training."""
    pairs = zip(_all(one), _all(other), strict=True)
    return Estimate(*(share * steps + number * validating for steps, validating in pairs))


def _all(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _pair(estimate: Estimate) -> list[float]:
    return [estimate.low, estimate.high]
