"""Train: the whole story from a job to a proven specialist.

    prepare -> ask the base -> train -> save -> ask the tuned model -> compare -> report

Each part leaves its result in the run folder; a run that was stopped skips what is there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

import torch

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import Method, StepContext
from postgrad.core.job import Job
from postgrad.core.job_file import write_job
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer
from postgrad.data.dataset import freeze, thaw
from postgrad.engine.model import LanguageModel
from postgrad.errors import Interrupted
from postgrad.steps import machine
from postgrad.steps.evaluate import answerer, load_base
from postgrad.steps.exam import Exam, load_answers
from postgrad.steps.plan import describe
from postgrad.steps.prepare import Prepared, prepare
from postgrad.steps.proof import Outcome, prove
from postgrad.training.loop import Loop, Progress, peak_memory_bytes

SHOWN_SAMPLES = 3
"""Questions that are shown with the base's answer before, and the tuned one's after."""


def train(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a job in its run folder, or go on with it; returns the report."""
    run = RunFolder(context.folder)
    job = Job.build(request["job"])
    resumed = run.job.exists()
    prepared = prepare(context, job, thaw(run) if resumed else None)
    device = machine.use_machine(prepared.job.backend)
    if not resumed:
        _freeze(run, prepared, device)
    context.emit(Event("plan", describe(prepared)))

    context.emit(Event("stage", {"name": "load", "title": "Loading the base model"}))
    model = load_base(prepared, device)
    exam = Exam(context, prepared, answerer(prepared, model))
    base_answers = _ask_once(context, run, exam, "base")
    exam.show_samples("before", base_answers, SHOWN_SAMPLES)

    method: Method = plugins.load("methods", prepared.job.method.name)()
    method.attach(model.model, prepared.job.method, prepared.job.training.seed)
    progress = _train(context, run, prepared, model, method)
    _publish(run, method, model, prepared.base.local.loads_as)

    tuned_answers = _ask_once(context, run, exam, "tuned")
    exam.show_samples("after", tuned_answers, SHOWN_SAMPLES)
    outcome = Outcome(
        progress=progress,
        trained_parameters=_num_trained(model),
        peak_memory_bytes=peak_memory_bytes(device),
        base_answers=base_answers,
        tuned_answers=tuned_answers,
    )
    return _prove(context, run, prepared, outcome).model_dump(mode="json")


def _freeze(run: RunFolder, prepared: Prepared, device: torch.device) -> None:
    """Write down what the run depends on. job.yaml comes last: with it, the run can go on."""
    freeze(prepared.dataset, run)
    run.data_report.write_text(prepared.summary.model_dump_json(indent=2) + "\n")
    seen = machine.environment(device, prepared.job.training.seed)
    run.environment.write_text(json.dumps(seen, indent=2) + "\n")
    unfinished = run.job.with_suffix(".unfinished")
    unfinished.write_text(write_job(prepared.job, prepared.sources))
    unfinished.rename(run.job)


def _ask_once(context: StepContext, run: RunFolder, exam: Exam, who: str) -> list[Answer]:
    """The stored answers of `who`, asked for first if they are not there yet."""
    if run.answers(who).exists():
        return load_answers(run, who)
    if context.should_stop():
        raise Interrupted("Stopped; what was done is saved.", code="stopped")
    return exam.ask(run, who)


def _train(
    context: StepContext, run: RunFolder, prepared: Prepared, model: LanguageModel, method: Method
) -> Progress:
    context.emit(Event("stage", {"name": "train", "title": "Training"}))
    loop = Loop(
        model=model,
        method=method,
        settings=prepared.job.training,
        train=prepared.rows["train"],
        valid=prepared.rows["valid"],
        checkpoints=run.checkpoints,
        base=prepared.base.local.loads_as,
        emit=context.emit,
        should_stop=context.should_stop,
    )
    return loop.run()


def _publish(run: RunFolder, method: Method, model: LanguageModel, base: str) -> None:
    """Save the result beside its place and move it there whole."""
    target = run.path / method.result
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    method.save(model.model, unfinished, base)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)


def _num_trained(model: LanguageModel) -> int:
    return sum(value.numel() for value in model.model.parameters() if value.requires_grad)


def _prove(context: StepContext, run: RunFolder, prepared: Prepared, outcome: Outcome) -> Report:
    context.emit(Event("stage", {"name": "report", "title": "Comparing"}))
    report = prove(run, prepared, outcome)
    context.emit(Event("verdict", {"verdict": report.verdict, "headline": report.headline}))
    return report
