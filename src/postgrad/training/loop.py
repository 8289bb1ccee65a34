"""The one training loop.

A step takes the next `batch_size` rows (the last step what is left), computes them in parts of at
most `micro_batch_tokens` tokens, and divides the summed loss by the number of taught tokens in the
whole step, so that how the rows were packed or accumulated changes nothing but rounding.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable
from collections.abc import Sequence as Rows
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from postgrad.core.events import Emit, Event
from postgrad.core.interfaces import Method
from postgrad.core.job import TrainingSection
from postgrad.data.pack import split_by_tokens
from postgrad.data.render import Sequence
from postgrad.engine.model import LanguageModel
from postgrad.errors import Interrupted, TrainingError
from postgrad.training import checkpoint, optimizer
from postgrad.training.sampler import rows_of_step
from postgrad.training.schedule import learning_rate

MOST_BAD_STEPS = 3
"""So many steps in a row without finite numbers: the run is lost and says so."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record as token sequences, with the id that the user knows it by."""

    id: str
    sequences: tuple[Sequence, ...]

    @property
    def num_tokens(self) -> int:
        return sum(len(sequence.tokens) for sequence in self.sequences)

    @property
    def num_taught(self) -> int:
        return sum(len(sequence.taught) for sequence in self.sequences)


@dataclass(slots=True)
class Progress:
    """What a run has done so far; saved with every checkpoint."""

    step: int = 0
    tokens: int = 0
    supervised_tokens: int = 0
    seconds: float = 0.0
    last_loss: float = math.nan
    best_loss: float = math.inf
    best_step: int = 0
    validated_step: int = 0
    validations_without_gain: int = 0
    bad_steps: int = 0
    peak_memory_bytes: int = 0
    """Of every process that worked on the run so far."""
    stopped: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The values as JSON can hold them; `from_dict` reads them."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: _number(value) if isinstance(value, float) else value
            for name, value in values.items()
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Progress:
        return cls(**{name: values[name] for name in cls.__slots__ if values.get(name) is not None})


@dataclass
class Loop:
    """One training run over prepared rows.

    Args:
        model: with the method already attached.
        settings: complete: no value is null.
        checkpoints: folder of the run's checkpoints.
        base: name that loads the base model, for the saved adapters.
        should_stop: asked between parts of a step; True saves and ends the run.
    """

    model: LanguageModel
    method: Method
    settings: TrainingSection
    train: Rows[Row]
    valid: Rows[Row]
    checkpoints: Path
    base: str
    emit: Emit
    should_stop: Callable[[], bool] = lambda: False
    progress: Progress = field(default_factory=Progress)

    def run(self) -> Progress:
        """Train to the end, or to early stopping; the best weights are in the model afterwards.

        Raises:
            Interrupted: `should_stop` said so; a checkpoint is saved.
            TrainingError: the numbers stopped being finite.
            SetupError: a checkpoint could not be written.
        """
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self._optimizer = optimizer.make(self.model.model, self.settings.weight_decay)
        self._resume()
        self._saved_at, self._saved_step = time.monotonic(), self.progress.step
        try:
            self._steps()
        except _StopRequestedError:
            if self.progress.step > self._saved_step:
                self._save()
            raise Interrupted(
                f"Stopped after step {self.progress.step} of {self.total_steps}; it is saved.",
                code="stopped",
            ) from None
        self._restore_best()
        return self.progress

    def _steps(self) -> None:
        progress = self.progress
        while True:
            done = progress.step >= self.total_steps
            if self._validation_is_due():
                self._validate()
                self._save()
            elif progress.step > self._saved_step and (done or self._save_is_due()):
                self._save()
            if done or progress.stopped:
                return
            progress.bad_steps = 0 if self._step() else progress.bad_steps + 1
            if progress.bad_steps == min(MOST_BAD_STEPS, self.total_steps):
                raise TrainingError(
                    f"Steps in a row without a finite loss or gradient: {progress.bad_steps}.",
                    why="The weights of the last good step are untouched.",
                    fix="Look at the rows named in the warnings, or lower training.learning_rate.",
                )

    @property
    def total_rows(self) -> int:
        """Rows of the whole run, counted each time that they are seen."""
        return max(1, round(len(self.train) * _known(self.settings.epochs)))

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole run."""
        return math.ceil(self.total_rows / _known(self.settings.batch_size))

    @property
    def epochs_done(self) -> float:
        """Passes over the rows so far."""
        rows = self.progress.step * _known(self.settings.batch_size)
        return min(rows, self.total_rows) / len(self.train)

    @property
    def validation_every(self) -> int:
        """Steps between two validations."""
        per_epoch = len(self.train) / _known(self.settings.batch_size)
        return max(1, round(per_epoch / self.settings.validations_per_epoch))

    def _step(self) -> bool:
        """One optimizer step; False if it was dropped because its numbers were not finite."""
        began, step = time.monotonic(), self.progress.step
        rows, rate = self.rows_of(step), self._rate(step)
        loss, norm = self._gradients(rows)
        healthy = math.isfinite(loss) and math.isfinite(norm)
        if healthy:
            self._move(rate)
        else:
            self._report_bad_step(rows, loss)
        self._optimizer.zero_grad(set_to_none=True)
        self._count(rows, loss, norm, rate, time.monotonic() - began)
        return healthy

    def rehearse(self, steps: Rows[int]) -> list[float]:
        """Take some of the run's steps as they will be taken, in this order; seconds of each.

        Nothing is saved, counted or said, but the weights have moved: the model is used up.

        Raises:
            Interrupted: `should_stop` said so.
        """
        self._optimizer = optimizer.make(self.model.model, self.settings.weight_decay)
        seconds: list[float] = []
        for step in steps:
            began = time.monotonic()
            try:
                self._gradients(self.rows_of(step))
            except _StopRequestedError:
                raise Interrupted("Stopped before anything was trained.", code="stopped") from None
            self._move(self._rate(step))
            self._optimizer.zero_grad(set_to_none=True)
            seconds.append(time.monotonic() - began)
        return seconds

    def rows_of(self, step: int) -> list[Row]:
        """The rows of one step, by its number from 0."""
        size, count = int(_known(self.settings.batch_size)), len(self.train)
        chosen = rows_of_step(step, size, self.total_rows, count, self.settings.seed)
        return [self.train[index] for index in chosen]

    def _rate(self, step: int) -> float:
        peak, warmup = _known(self.settings.learning_rate), self.settings.warmup_share
        return learning_rate(step, self.total_steps, peak, warmup)

    def _gradients(self, rows: Rows[Row]) -> tuple[float, float]:
        """Put the step's gradients, clipped, in place; its loss, and their norm before that."""
        loss = self._backward(rows)
        parameters = self._optimizer.param_groups[0]["params"]
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, self.settings.clip_norm))
        return loss, norm

    def _move(self, rate: float) -> None:
        self._optimizer.param_groups[0]["lr"] = rate
        self._optimizer.step()

    def _backward(self, rows: Rows[Row]) -> float:
        """Gradients of the step's mean loss per taught token; returns that loss."""
        sequences = [sequence for row in rows for sequence in row.sequences]
        taught = sum(row.num_taught for row in rows)
        total = 0.0
        for part in split_by_tokens(sequences, self.settings.micro_batch_tokens):
            if self.should_stop():
                self._optimizer.zero_grad(set_to_none=True)
                raise _StopRequestedError
            loss = self.model.loss_sum(part)
            (loss / taught).backward()
            total += loss.item()
        return total / taught

    def _count(
        self, rows: Rows[Row], loss: float, norm: float, rate: float, seconds: float
    ) -> None:
        progress = self.progress
        tokens = sum(row.num_tokens for row in rows)
        taught = sum(row.num_taught for row in rows)
        progress.step += 1
        progress.tokens += tokens
        progress.supervised_tokens += taught
        progress.seconds += seconds
        if math.isfinite(loss):
            progress.last_loss = loss
        self.emit(
            Event(
                "step",
                {
                    "step": progress.step,
                    "total_steps": self.total_steps,
                    "loss": _number(loss),
                    "learning_rate": rate,
                    "gradient_norm": _number(norm),
                    "tokens": tokens,
                    "supervised_tokens": taught,
                    "tokens_per_second": progress.tokens / max(progress.seconds, 1e-9),
                    "seconds": seconds,
                    "epoch": self.epochs_done,
                    "rows": [row.id for row in rows],
                },
            )
        )

    def _report_bad_step(self, rows: Rows[Row], loss: float) -> None:
        bad = [
            row.id
            for row in rows
            if not all(map(math.isfinite, self.model.sequence_losses(row.sequences)))
        ]
        named = ", ".join(bad or [row.id for row in rows])
        what = "loss" if not math.isfinite(loss) else "gradient"
        text = f"Step {self.progress.step + 1} had no finite {what} and was dropped; rows: {named}."
        self.emit(Event("warning", {"code": "not_finite", "text": text, "rows": bad}))

    def _validation_is_due(self) -> bool:
        """Asked before each step, so that a run stopped during a validation repeats it."""
        step, every = self.progress.step, self.validation_every
        left = self.total_steps - step
        # one just before the last, which is always taken, would say the same
        in_turn = step > 0 and step % every == 0 and left > every / 2
        return (in_turn or left <= 0) and bool(self.valid) and self.progress.validated_step < step

    def _validate(self) -> None:
        progress = self.progress
        loss = mean_loss(self.model, self.valid, self.settings.micro_batch_tokens, self.should_stop)
        if loss is None:
            raise _StopRequestedError
        better = loss < progress.best_loss
        if better:
            progress.best_loss, progress.best_step = loss, progress.step
        progress.validated_step = progress.step
        progress.validations_without_gain = 0 if better else progress.validations_without_gain + 1
        fields = {"step": progress.step, "loss": _number(loss), "best": better}
        self.emit(Event("validation", fields))
        patience = self.settings.patience
        if patience and progress.validations_without_gain >= patience:
            progress.stopped = f"the validation loss had not fallen for {patience} validations"

    def _save_is_due(self) -> bool:
        return time.monotonic() - self._saved_at > self.settings.checkpoint_seconds

    def _save(self) -> None:
        held = peak_memory_bytes(self.model.device)
        self.progress.peak_memory_bytes = max(self.progress.peak_memory_bytes, held)

        def write(folder: Path) -> dict[str, Any]:
            (folder / self.method.result).mkdir()
            self.method.save(self.model.model, folder / self.method.result, self.base)
            optimizer.save(self._optimizer, self.model.model, folder / "optimizer.safetensors")
            return {"progress": self.progress.as_dict(), "total_steps": self.total_steps}

        saved = checkpoint.save(self.checkpoints, self.progress.step, write)
        checkpoint.tidy(self.checkpoints, keep_step=self.progress.best_step)
        self._saved_at, self._saved_step = time.monotonic(), self.progress.step
        fields = {"step": self.progress.step, "path": saved.folder.name}
        self.emit(Event("checkpoint", fields))

    def _resume(self) -> None:
        found = checkpoint.newest(self.checkpoints, self._warn_of_damage)
        if found is None:
            return
        self.method.load(self.model.model, found.folder / self.method.result)
        optimizer.load(self._optimizer, self.model.model, found.folder / "optimizer.safetensors")
        self.progress = Progress.from_dict(found.state["progress"])
        self.emit(Event("note", {"text": f"Resumed after step {found.step}."}))

    def _warn_of_damage(self, folder: Path) -> None:
        text = f"The checkpoint {folder.name} is damaged and was passed over."
        self.emit(Event("warning", {"code": "checkpoint_damaged", "text": text}))

    def _restore_best(self) -> None:
        self.progress.stopped = self.progress.stopped or "all epochs were done"
        best, last = self.progress.best_step, self.progress.step
        if not best or best == last:
            return
        found = checkpoint.read(self.checkpoints / f"step-{best:06d}")
        if found is None:
            text = f"The best checkpoint (step {best}) is damaged; the last weights are kept."
            self.emit(Event("warning", {"code": "best_checkpoint_damaged", "text": text}))
            return
        self.method.load(self.model.model, found.folder / self.method.result)


class _StopRequestedError(Exception):
    """Raised inside a step; the step is given up and not counted."""


def mean_loss(
    model: LanguageModel,
    rows: Rows[Row],
    budget_tokens: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> float | None:
    """Mean negative log-likelihood per taught token in nats; None if asked to stop."""
    sequences = [sequence for row in rows for sequence in row.sequences]
    total = 0.0
    for part in split_by_tokens(sequences, budget_tokens):
        if should_stop():
            return None
        total += sum(model.sequence_losses(part))
    return total / sum(row.num_taught for row in rows)


def peak_memory_bytes(device: torch.device) -> int:
    """Most memory this process has held: of the GPU if it trains there, else resident."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts in bytes: getrusage(2)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _known(value: float | None) -> float:
    assert value is not None, "the job is not complete"
    return value


def _number(value: float) -> float | None:
    """The value as JSON can hold it: no NaN, no infinity."""
    return value if math.isfinite(value) else None
