"""Suites: put tasks of public suites to both models of a finished run, and add them to its report.

The user's own test and the probes are not asked again. What a model has answered is kept until the
tasks are whole, so that a second call goes on where the first was stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import (
    Method,
    OpenSuite,
    StepContext,
    Suite,
    SuiteSitting,
    TextAnswerer,
)
from postgrad.core.job import Job
from postgrad.core.probe import Who
from postgrad.core.run import RunFolder
from postgrad.core.suite import SuiteRequest, SuiteResult
from postgrad.evals.suite_reports import refuse_unless_alike
from postgrad.reports.write import read_report, write_report
from postgrad.steps import machine
from postgrad.steps.evaluate import answerer, load_base
from postgrad.steps.kept_answers import KeptAnswers, file_hashes
from postgrad.steps.prepare import reopen
from postgrad.steps.probing import criteria_of
from postgrad.steps.stop import stop_if_asked
from postgrad.steps.suite_files import judge_stored, store_results

Opened = Sequence[tuple[Suite, OpenSuite]]


def suites(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """The report of a run with what public suites say of both models."""
    run = RunFolder(context.folder)
    report = read_report(run.report_json)
    context.emit(Event("stage", {"name": "suites", "title": "Reading the tasks of public suites"}))
    opened = _open([SuiteRequest.from_dict(each) for each in request["suites"]])
    prepared = reopen(context, Job.build(request["job"]), run)
    device = machine.use_machine(prepared.job.backend)
    method: Method = plugins.load("methods", prepared.job.method.name)()
    model = load_base(prepared.base, device, method)
    asked = answerer(prepared, model)
    base_sha256 = prepared.base.local.sha256
    kept = KeptAnswers.open(asked, run.suite_answers("base"), base_sha256)
    base = _ask(context, run, opened, "base", kept)
    method.attach(model.model, prepared.job.method, prepared.job.training.seed)
    method.load(model.model, run.path / method.result)
    weights = [base_sha256, *file_hashes(run.path / method.result)]
    kept = KeptAnswers.open(asked, run.suite_answers("tuned"), " ".join(weights))
    tuned = _ask(context, run, opened, "tuned", kept)
    for before, after in zip(base, tuned, strict=True):
        refuse_unless_alike(before, after)
    store_results(run, {"base": base, "tuned": tuned})
    for who in ("base", "tuned"):
        run.suite_answers(who).unlink(missing_ok=True)
    context.emit(Event("stage", {"name": "report", "title": "Comparing"}))
    judged = judge_stored(run, criteria_of(prepared))
    report = report.model_copy(update={"suites": judged})
    write_report(report, run)
    return report.model_dump(mode="json")


def _open(requests: Sequence[SuiteRequest]) -> Opened:
    """The tasks, before any model is loaded: what is wrong with them is said at once."""
    found: list[tuple[Suite, OpenSuite]] = []
    for request in requests:
        suite: Suite = plugins.load("suites", request.suite)()
        found.append((suite, suite.open(request)))
    return found


def _ask(
    context: StepContext, run: RunFolder, opened: Opened, who: Who, asked: TextAnswerer
) -> list[SuiteResult]:
    results: list[SuiteResult] = []
    for suite, tasks in opened:
        stop_if_asked(context)
        title = f"Asking the {who} model tasks of {suite.title}"
        context.emit(Event("stage", {"name": f"suite_{who}", "title": title}))

        def on_done(done: int, total: int, stage: str = suite.title) -> None:
            fields = {"stage": stage, "done": done, "total": total, "unit": "questions"}
            context.emit(Event("progress", fields))
            stop_if_asked(context)

        logs = run.suites / "logs" / f"{suite.name}.{who}"
        logs.mkdir(parents=True, exist_ok=True)
        results += tasks.ask(SuiteSitting(who, asked, logs, on_done))
    return results
