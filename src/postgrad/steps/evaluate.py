"""Evaluate: ask both models of a finished run again, and prove again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import Method, StepContext
from postgrad.core.job import Job
from postgrad.core.run import RunFolder
from postgrad.engine.answerer import LocalAnswerer
from postgrad.engine.model import LanguageModel
from postgrad.models.load import load_model
from postgrad.reports.write import read_report
from postgrad.steps import machine
from postgrad.steps.exam import Exam
from postgrad.steps.judge import ask_judge_if_named
from postgrad.steps.prepare import Base, Prepared, reopen
from postgrad.steps.probing import Probing
from postgrad.steps.proof import Outcome, prove
from postgrad.training import checkpoint
from postgrad.training.loop import Progress, peak_memory_bytes


def evaluate(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """The report of a run, from fresh answers of the base and of the saved result."""
    run = RunFolder(context.folder)
    prepared = reopen(context, Job.build(request["job"]), run)
    device = machine.use_machine(prepared.job.backend)
    method: Method = plugins.load("methods", prepared.job.method.name)()
    model = load_base(prepared.base, device, method)
    exam = Exam(context, prepared, answerer(prepared, model))
    base_answers = exam.ask(run, "base")
    probing = Probing(context, run, prepared, anew=True, kept=not request.get("anew"))
    probing.ask("base", exam.answerer, base_answers)

    method.attach(model.model, prepared.job.method, prepared.job.training.seed)
    method.load(model.model, run.path / method.result)
    exam = Exam(context, prepared, answerer(prepared, model))  # for other weights
    tuned_answers = exam.ask(run, "tuned")
    probing.ask("tuned", exam.answerer, tuned_answers)
    num_trained = sum(p.numel() for p in model.model.parameters() if p.requires_grad)
    peak_bytes = peak_memory_bytes(device)
    if probing.looks_back:
        del exam, model  # two models at once may be too large
        base = load_base(prepared.base, device)
        probing.look_back(base, method, answerer(prepared, base))
    ask_judge_if_named(context, run, prepared.job, base_answers, tuned_answers)
    outcome = Outcome(
        progress=_progress(run),
        trained_parameters=num_trained,
        peak_memory_bytes=peak_bytes,
        base_answers=base_answers,
        tuned_answers=tuned_answers,
        judgements=probing.judge(),
        training=read_report(run.report_json).training if run.report_json.exists() else None,
    )
    context.emit(Event("stage", {"name": "report", "title": "Comparing"}))
    report = prove(run, prepared, outcome)
    context.emit(Event("verdict", {"verdict": report.verdict, "headline": report.headline}))
    return report.model_dump(mode="json")


def load_base(base: Base, device: Any, method: Method | None = None) -> LanguageModel:
    """A base model in memory, on the fast path, ready for a method."""
    dtype = machine.base_dtype(device, method)
    return LanguageModel(load_model(base.local, device=str(device), dtype=dtype))


def answerer(prepared: Prepared, model: LanguageModel) -> LocalAnswerer:
    """The model, with the weights that it has now, as something that can be asked."""
    return LocalAnswerer(
        model,
        prepared.base.template,
        prepared.base.context_tokens,
        prepared.job.training.micro_batch_tokens,
        {},
    )


def _progress(run: RunFolder) -> Progress:
    found = checkpoint.newest(run.checkpoints)
    progress = Progress.from_dict(found.state["progress"]) if found else Progress()
    progress.stopped = progress.stopped or "all epochs were done"
    return progress
