"""Retrain: the run's job again, on parts of its rows and from other seeds.

Each training goes on in a folder of its own inside the run, so that a stop loses nothing, and the
folder is removed once what it was for is stored. A second call does what is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import Method, StepContext
from postgrad.core.job import Job
from postgrad.core.report import CurvePoint
from postgrad.core.run import RunFolder
from postgrad.engine.model import LanguageModel
from postgrad.errors import RunError
from postgrad.reports.write import read_report, write_report
from postgrad.steps import machine
from postgrad.steps.evaluate import answerer, load_base
from postgrad.steps.exam import Exam
from postgrad.steps.prepare import Prepared, reopen
from postgrad.steps.retrained import (
    load_points,
    other_seeds,
    refuse_without_valid_rows,
    seed_name,
    sizes,
    store_point,
    stored_curve,
)
from postgrad.steps.stop import stop_if_asked
from postgrad.training.loop import Loop, Progress, Row
from postgrad.training.sampler import permute


def draw_curve(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """Make the learning curve of a finished run, or go on with it, and add it to its report.
    Nothing is asked again.

    Raises:
        JobError: the run has no validation rows.
        RunError: the run has no report yet.
        Interrupted: the step was asked to stop; what was trained is kept.
    """
    run = RunFolder(context.folder)
    report = read_report(run.report_json)
    prepared = reopen(context, Job.build(request["job"]), run)
    refuse_without_valid_rows(prepared)
    if report.training.best_valid_loss is None:
        raise RunError(
            "The run's own validation loss is not known.",
            why="It is the last point of the learning curve.",
            fix="Start a new run.",
            code="no_valid_loss",
        )
    Retraining(context, run, prepared).curve()
    found = stored_curve(run, prepared, report.training)
    report = report.model_copy(update={"learning_curve": found})
    write_report(report, run)
    return report.model_dump(mode="json")


@dataclass(frozen=True)
class Retraining:
    """Trainings beside the run's own.

    Args:
        context: of the step.
        run: where results and unfinished trainings are.
        prepared: the job and its data.
    """

    context: StepContext
    run: RunFolder
    prepared: Prepared

    def curve(self) -> None:
        """Train on each part of the rows that has no point yet. The base is loaded once: before
        each training the method's start is put back."""
        self.run.curve.mkdir(exist_ok=True)
        done = {point.rows for point in load_points(self.run)}
        missing = [size for size in sizes(self.prepared) if size not in done]
        start = self.run.curve / "start"
        shutil.rmtree(start, ignore_errors=True)
        if not missing:
            return
        title = f"Learning curve: training on {len(missing)} parts of the rows"
        self.context.emit(Event("stage", {"name": "learning_curve", "title": title}))
        model = self._attached(self.prepared.job.training.seed)
        start.mkdir()
        self._method.save(model.model, start, self.prepared.base.local.loads_as)
        for size in missing:
            self._method.load(model.model, start)
            self._point(model, size)
        shutil.rmtree(start)

    def seeds(self) -> None:
        """Train from each other seed that has no answers yet, and ask it the test."""
        for seed in other_seeds(self.prepared):
            name = seed_name(seed)
            if self.run.answers(name).exists():
                continue
            title = f"Training again with seed {seed}"
            self.context.emit(Event("stage", {"name": name, "title": title}))
            model = self._attached(seed)
            folder = self.run.seeds / name
            self._train(model, self.prepared.rows["train"], seed, folder, title)
            exam = Exam(self.context, self.prepared, answerer(self.prepared, model))
            exam.ask(self.run, name)
            del exam, model  # two models at once may be too large
            shutil.rmtree(folder)
        shutil.rmtree(self.run.seeds, ignore_errors=True)

    def _point(self, model: LanguageModel, size: int) -> None:
        rows, job = self.prepared.rows["train"], self.prepared.job
        folder = self.run.curve / f"rows-{size:06d}"
        title = f"On {size} of {len(rows)} rows"
        part = nested(rows, size, job.training.seed)
        progress = self._train(model, part, job.training.seed, folder, title)
        point = CurvePoint(
            rows=size,
            share=size / len(rows),
            loss=progress.best_loss,
            steps=progress.step,
            best_step=progress.best_step,
        )
        store_point(self.run, point)
        shutil.rmtree(folder)
        text = f"{title}: held-out loss {point.loss:.3f}."
        self.context.emit(Event("note", {"text": text}))

    def _train(
        self, model: LanguageModel, rows: Sequence[Row], seed: int, folder: Path, title: str
    ) -> Progress:
        stop_if_asked(self.context)
        loop = Loop(
            model=model,
            method=self._method,
            settings=self.prepared.job.training.model_copy(update={"seed": seed}),
            train=rows,
            valid=self.prepared.rows["valid"],
            checkpoints=folder,
            base=self.prepared.base.local.loads_as,
            emit=lambda event: self._tell(event, title),
            should_stop=self.context.should_stop,
        )
        return loop.run()

    def _tell(self, event: Event, title: str) -> None:
        """Steps are told as progress: the run's own steps, which its report shows, stay its own."""
        if event.kind == "step":
            done, total = event["step"], event["total_steps"]
            fields = {"stage": title, "done": done, "total": total, "unit": "steps"}
            self.context.emit(Event("progress", fields))
        elif event.kind in ("note", "warning"):
            told = {**event.fields, "text": f"{title}: {event['text']}"}
            self.context.emit(Event(event.kind, told))

    def _attached(self, seed: int) -> LanguageModel:
        model = load_base(self.prepared.base, self._device, self._method)
        self._method.attach(model.model, self.prepared.job.method, seed)
        return model

    @cached_property
    def _method(self) -> Method:
        return plugins.load("methods", self.prepared.job.method.name)()

    @cached_property
    def _device(self) -> torch.device:
        return machine.use_machine(self.prepared.job.backend)


def nested(rows: Sequence[Row], size: int, seed: int) -> list[Row]:
    """So many of the rows, in their order: a smaller part lies within every larger one."""
    key = f"learning curve {seed}".encode()
    chosen = sorted(permute(number, len(rows), key) for number in range(size))
    return [rows[place] for place in chosen]
