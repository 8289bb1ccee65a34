"""Preferences: a person's marks and the judges' choices, counted into a report.

Needs no model. A person's marks decide the verdict once there are enough of them; judges inform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.core.pair import PERSON
from postgrad.core.report import Comparison, ProbeReport, Report
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer, Task
from postgrad.data.dataset import thaw
from postgrad.errors import RunError
from postgrad.evals import compare, verdict
from postgrad.evals.judgements import load_judged
from postgrad.evals.marks import add_seen, load_marks
from postgrad.evals.pairs import pairs_of
from postgrad.evals.preferences import Basis, by_judge, by_person
from postgrad.evals.row_clusters import row_clusters
from postgrad.evals.stored_answers import load_answers
from postgrad.reports.reading import VERDICTS
from postgrad.reports.write import read_report, write_report
from postgrad.steps.event_log import read_events, warnings_of


def recount(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """The report of a finished run with the marks and choices that are stored now."""
    run = RunFolder(context.folder)
    return recounted(run, Job.build(request["job"])).model_dump(mode="json")


def recounted(run: RunFolder, job: Job) -> Report:
    """Count a finished run's marks and choices again, and write its report."""
    report = read_report(run.report_json)
    base, tuned = (load_answers(run, who) for who in ("base", "tuned"))
    report = with_preferences(report, run, job, base, tuned)
    report = report.model_copy(update={"warnings": warnings_of(read_events(run))})
    write_report(report, run)
    return report


def with_preferences(
    report: Report, run: RunFolder, job: Job, base: Sequence[Answer], tuned: Sequence[Answer]
) -> Report:
    """A report with what a person and judges prefer; unchanged where nobody was asked.

    Args:
        report: of these answers; a person's marks may decide it already.
        run: where marks and choices are stored.
        job: of the run.
        base, tuned: marked answers to the same rows.
    """
    if not (run.review.exists() or run.judgements.exists()):
        return report
    pairs = pairs_of(base, tuned, job.training.seed)
    marks = load_marks(run, pairs) if run.review.exists() else None
    clusters = row_clusters(thaw(run).test)
    basis = Basis(
        job.evaluation.resamples, job.training.seed, job.evaluation.significance, clusters
    )
    person = by_person(marks, basis) if marks else None
    judges = [by_judge(judged, marks, basis) for judged in load_judged(run, pairs)]
    found = [*([person] if person else ()), *judges]
    report = report.model_copy(update={"preferences": found})
    decides = person is not None and marks is not None and marks.decide
    if not decides and report.primary.metric != PERSON:
        return report
    task = _task(report)
    primary, secondary = compare.compare_raw(
        base,
        tuned,
        task,
        resamples=job.evaluation.resamples,
        seed=job.training.seed,
        clusters=clusters,
    )
    if not (person and marks and decides):
        return _decided(report, primary, secondary, task, job)
    add_seen(run, len(marks.preferences))
    return _decided_by(person, primary, secondary, report, task, job)


def _task(report: Report) -> Task:
    """The task as it was before a person's marks decided."""
    told = report.task
    primary = told.get("automatic", told.get("primary", report.primary.metric))
    names = [each.metric for each in report.secondary if each.metric != primary]
    why = told.get("automatic_why", told.get("why", ""))
    return Task(told["kind"], primary, tuple(names), why)


def _decided(
    report: Report, primary: Comparison, secondary: list[Comparison], task: Task, job: Job
) -> Report:
    """The report by the metric that was chosen before training."""
    decided = verdict.decide(primary, job.evaluation.significance)
    ship, reasons = verdict.ship(decided, report.gates)
    return report.model_copy(
        update={
            "verdict": decided,
            "headline": verdict.headline(decided, primary, task),
            "ship": ship,
            "reasons": reasons,
            "primary": primary,
            "secondary": compare.adjusted(secondary),
            "task": {"kind": task.kind, "primary": task.primary, "why": task.why},
        }
    )


def _decided_by(
    person: ProbeReport,
    automatic: Comparison,
    secondary: list[Comparison],
    report: Report,
    task: Task,
    job: Job,
) -> Report:
    """The report by a person's marks; what a program counted comes second."""
    [it] = person.comparisons
    before = VERDICTS[verdict.decide(automatic, job.evaluation.significance)].lower()
    found = _decided(report, it, [automatic, *secondary], task, job)
    said = (
        f"A person's marks decide: {it.n} pairs, compared without knowing which model was which. "
        f"The metric chosen before training ({automatic.title}) says: {before}."
    )
    told = {
        "kind": task.kind,
        "primary": it.metric,
        "why": "A person marked enough pairs of answers, and what people prefer is what the metric "
        "stands in for.",
        "automatic": task.primary,
        "automatic_why": task.why,
    }
    return found.model_copy(update={"reasons": [said, *found.reasons], "task": told})


def refuse_unless_finished(run: RunFolder) -> None:
    """See that a run has a report and both models' answers.

    Raises:
        RunError: it is not finished.
    """
    if not (run.report_json.exists() and all(run.answers(w).exists() for w in ("base", "tuned"))):
        raise RunError(
            f"{run.path} has no answers to compare yet.",
            why="They are there once both models have been asked the test.",
            fix=f"Finish it: postgrad train {run.path} --resume",
            code="unfinished_run",
        )


def tell_verdict(context: StepContext, report: Report) -> None:
    """Emit the answer."""
    context.emit(Event("verdict", {"verdict": report.verdict, "headline": report.headline}))
