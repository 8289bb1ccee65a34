"""Trial: three real steps of a job, taken and thrown away, to see what the rest will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import Method, StepContext
from postgrad.core.job import TrainingSection
from postgrad.data.pack import pack, split_by_tokens
from postgrad.steps import machine
from postgrad.steps.evaluate import load_base
from postgrad.steps.prepare import Prepared
from postgrad.training.loop import Loop, Row, peak_memory_bytes
from postgrad.training.sampler import rows_of_step

STEPS = 3
"""The heaviest of the run, which decides the memory and warms up; then two that are as long as the
mean one, which are timed."""
MOST_STEPS_SEEN = 2000
"""Among so many of the first steps the three are chosen; more would cost a second."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What was seen.

    Attributes:
        tokens: computed in each step.
        seconds: of each step.
        peak_bytes: most that the process held.
    """

    tokens: Sequence[int]
    seconds: Sequence[float]
    peak_bytes: int

    @property
    def seconds_per_token(self) -> float:
        """Of the steps that are timed: all but the first, which also warms up."""
        return sum(self.seconds[1:]) / sum(self.tokens[1:])

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "tokens": list(self.tokens),
            "seconds": list(self.seconds),
            "seconds_per_token": self.seconds_per_token,
            "peak_memory_bytes": self.peak_bytes,
        }


def try_steps(context: StepContext, prepared: Prepared) -> Trial:
    """Take three steps of the job's own rows on this machine. Nothing of them is kept.

    Raises:
        Interrupted: the step was asked to stop.
        ModelError: the base model can't be loaded or trained in this way.
    """
    title = f"Taking {STEPS} training steps, to see what they take"
    context.emit(Event("stage", {"name": "trial", "title": title}))
    device, job = machine.use_machine(prepared.job.backend), prepared.job
    method: Method = plugins.load("methods", job.method.name)()
    model = load_base(prepared.base, device, method)
    method.attach(model.model, job.method, job.training.seed)
    loop = Loop(
        model=model,
        method=method,
        settings=job.training,
        train=prepared.rows["train"],
        valid=[],
        checkpoints=context.folder / "checkpoints",  # none is written
        base=prepared.base.local.loads_as,
        emit=context.emit,
        should_stop=context.should_stop,
    )
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    steps = chosen_steps(prepared.rows["train"], job.training)
    seconds = loop.rehearse(steps)
    tokens = [computed_tokens(loop.rows_of(step), job.training) for step in steps]
    return Trial(tokens, seconds, peak_memory_bytes(device))


def chosen_steps(rows: Sequence[Row], settings: TrainingSection) -> list[int]:
    """The heaviest step, and two whose tokens are nearest to the mean; a run of fewer steps has
    some of them twice."""
    heights = [
        max(sum(len(each.tokens) for each in part) for part in parts_of(chosen, settings))
        for chosen in _steps(rows, settings)
    ]
    lengths = [sum(row.num_tokens for row in chosen) for chosen in _steps(rows, settings)]
    heaviest = max(range(len(heights)), key=heights.__getitem__)
    mean = sum(lengths) / len(lengths)
    others = [step for step in range(len(lengths)) if step != heaviest] or [heaviest]
    others.sort(key=lambda step: abs(lengths[step] - mean))
    return [heaviest, others[0], others[min(1, len(others) - 1)]]


def largest_part(rows: Sequence[Row], settings: TrainingSection) -> list[Any]:
    """The sequences of the run's part with the most tokens: what decides the memory."""
    parts = (part for chosen in _steps(rows, settings) for part in parts_of(chosen, settings))
    return max(parts, key=lambda part: sum(len(each.tokens) for each in part))


def parts_of(rows: Sequence[Row], settings: TrainingSection) -> list[list[Any]]:
    """The sequences of a step as the loop computes them: part by part."""
    sequences = [part for row in rows for part in row.sequences]
    return split_by_tokens(sequences, settings.micro_batch_tokens)


def computed_tokens(rows: Sequence[Row], settings: TrainingSection) -> int:
    """Tokens of a step; of a beginning that the rows of a part share, one copy."""
    return sum(len(pack(part).tokens) for part in parts_of(rows, settings))


def _steps(rows: Sequence[Row], settings: TrainingSection) -> list[list[Row]]:
    """The rows of each of the first steps."""
    size, epochs = settings.batch_size or 1, settings.epochs or 1.0
    total = max(1, round(len(rows) * epochs))
    count = min(MOST_STEPS_SEEN, -(-total // size))
    return [
        [rows[index] for index in rows_of_step(step, size, total, len(rows), settings.seed)]
        for step in range(count)
    ]
