"""Train: the whole story from a job to a proven specialist.

    prepare -> ask the base -> train -> save -> ask the tuned model -> look back -> report
        -> where the job asks for it: train again (`retrain.py`) -> report anew

Both models are asked the test (`exam.py`) and what is beside it (`probing.py`).

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
from postgrad.data.dataset import freeze
from postgrad.engine.model import LanguageModel
from postgrad.errors import RunError
from postgrad.evals.stored_answers import load_answers
from postgrad.steps import machine
from postgrad.steps.evaluate import answerer, load_base
from postgrad.steps.exam import Exam
from postgrad.steps.judge import ask_judge_if_named, check_judge
from postgrad.steps.plan import describe
from postgrad.steps.prepare import Prepared, prepare, reopen
from postgrad.steps.probing import Probing
from postgrad.steps.proof import Outcome, prove
from postgrad.steps.retrain import Retraining
from postgrad.steps.retrained import refuse_without_valid_rows
from postgrad.training.checkpoint import flush, flush_tree
from postgrad.training.loop import Loop, Progress, peak_memory_bytes

SHOWN_SAMPLES = 3
"""Questions that are shown with the base's answer before, and the tuned one's after."""


def train(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a job in its run folder, or go on with it; returns the report."""
    run = RunFolder(context.folder)
    job = Job.build(request["job"])
    resumed = run.job.exists()
    if not resumed:
        check_judge(job.judge, context.environment)
    prepared = reopen(context, job, run) if resumed else prepare(context, job)
    if prepared.job.evaluation.learning_curve:
        refuse_without_valid_rows(prepared)
    device = machine.use_machine(prepared.job.backend)
    if resumed:
        _warn_of_change(context, run, prepared, device)
    else:
        _freeze(run, prepared, device)
    context.emit(Event("plan", describe(context, prepared)))

    context.emit(Event("stage", {"name": "load", "title": "Loading the base model"}))
    method: Method = plugins.load("methods", prepared.job.method.name)()
    model = load_base(prepared.base, device, method)
    exam = Exam(context, prepared, answerer(prepared, model))
    base_answers = _ask_once(context, run, exam, "base")
    exam.show_samples("before", base_answers, SHOWN_SAMPLES)
    probing = Probing(context, run, prepared)
    probing.ask("base", exam.answerer, base_answers)

    method.attach(model.model, prepared.job.method, prepared.job.training.seed)
    progress = _train(context, run, prepared, model, method)
    _publish(run, prepared, model, method)

    exam = Exam(context, prepared, answerer(prepared, model))  # for other weights
    tuned_answers = _ask_once(context, run, exam, "tuned")
    exam.show_samples("after", tuned_answers, SHOWN_SAMPLES)
    probing.ask("tuned", exam.answerer, tuned_answers)
    num_trained = _num_trained(model)
    peak_bytes = max(progress.peak_memory_bytes, peak_memory_bytes(device))
    del exam, model  # two models at once may be too large
    if probing.looks_back:
        base = load_base(prepared.base, device)
        probing.look_back(base, method, answerer(prepared, base))
        del base
    ask_judge_if_named(context, run, prepared.job, base_answers, tuned_answers)
    outcome = Outcome(
        progress=progress,
        trained_parameters=num_trained,
        peak_memory_bytes=peak_bytes,
        base_answers=base_answers,
        tuned_answers=tuned_answers,
        judgements=probing.judge(),
    )
    report = _prove(context, run, prepared, outcome)
    if _trains_again(prepared.job):
        retraining = Retraining(context, run, prepared)
        retraining.seeds()
        if prepared.job.evaluation.learning_curve:
            retraining.curve()
        report = prove(run, prepared, outcome)
    return report.model_dump(mode="json")


def _trains_again(job: Job) -> bool:
    return job.evaluation.learning_curve or job.evaluation.seeds > 1


def _freeze(run: RunFolder, prepared: Prepared, device: torch.device) -> None:
    """Write down what the run depends on. job.yaml comes last: with it, the run can go on."""
    freeze(prepared.dataset, run)
    report = json.dumps(prepared.diagnosis, ensure_ascii=False, indent=2)
    run.data_report.write_text(report + "\n", encoding="utf-8")
    seen = machine.environment(device, prepared.job.training.seed)
    seen["base_sha256"] = prepared.base.local.sha256
    run.environment.write_text(json.dumps(seen, indent=2) + "\n")
    unfinished = run.job.with_suffix(".unfinished")
    unfinished.write_text(write_job(prepared.job, prepared.sources), encoding="utf-8")
    flush(unfinished)
    unfinished.rename(run.job)
    flush(run.path)


def _warn_of_change(
    context: StepContext, run: RunFolder, prepared: Prepared, device: torch.device
) -> None:
    """The same bits are only promised where the same numbers are computed in the same way."""
    before = json.loads(run.environment.read_text())
    now = machine.environment(device, prepared.job.training.seed)
    for key in ("processor", "device", "gpu", "threads", "versions"):
        if before.get(key) != now[key]:
            text = (
                f"The run began with {key} {before.get(key)} and goes on with {now[key]}: "
                "its last digits may differ from those of a run in one go."
            )
            context.emit(Event("warning", {"code": "other_machine", "text": text}))


def _ask_once(context: StepContext, run: RunFolder, exam: Exam, who: str) -> list[Answer]:
    """The stored answers of `who`, asked for first if they are not there yet."""
    if run.answers(who).exists():
        try:
            return load_answers(run, who)
        except RunError as error:
            text = f"{error.what} They are asked for again."
            context.emit(Event("warning", {"code": error.code, "text": text}))
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


def _publish(run: RunFolder, prepared: Prepared, model: LanguageModel, method: Method) -> None:
    """Save the result beside its place and move it there whole. Whole weights get their tokenizer
    with them, so that the folder is a model by itself."""
    target = run.path / method.result
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    method.save(model.model, unfinished, prepared.base.local.loads_as)
    if target == run.weights:
        tokenizer: Any = prepared.base.template.tokenizer
        tokenizer.save_pretrained(unfinished)
    flush_tree(unfinished)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    flush(run.path)


def _num_trained(model: LanguageModel) -> int:
    return sum(value.numel() for value in model.model.parameters() if value.requires_grad)


def _prove(context: StepContext, run: RunFolder, prepared: Prepared, outcome: Outcome) -> Report:
    context.emit(Event("stage", {"name": "report", "title": "Comparing"}))
    report = prove(run, prepared, outcome)
    context.emit(Event("verdict", {"verdict": report.verdict, "headline": report.headline}))
    return report
