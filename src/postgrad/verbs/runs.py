"""The verbs about runs: what a job will take, training, testing, and going on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgrad import plugins
from postgrad.core.base import ModelRef
from postgrad.core.job import Job
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.core.suite import SuiteRequest
from postgrad.errors import DataError, Interrupted, JobError, ModelError, RunError
from postgrad.reports.write import read_report, write_report
from postgrad.verbs.asking import OnEvent, ignore, run_step, scratch_step
from postgrad.verbs.jobs import JobSource, load_job, quoted, read_job, resume_command
from postgrad.verbs.lineage import with_lineage

BUNDLED = Path(__file__).parents[1] / "bundled"
DEMO_JOB = BUNDLED / "pizzeria" / "job.yaml"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its folder and its report."""

    folder: Path
    report: Report


def plan(
    source: JobSource,
    *,
    advise: bool = True,
    trial: bool = True,
    on_event: OnEvent = ignore,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a job will do, take and cost, and whether to do it at all; nothing is trained.

    Args:
        source: a job or a data file.
        advise: ask the base model some test rows, with and without examples in its prompt, and say
            whether something simpler than fine-tuning would do.
        trial: take three training steps and throw them away, to check what was counted.
        on_event: called with each event.
        changes: dotted keys with new values.

    Returns:
        `job` (the complete job file's text), `task`, `dataset`, `base`, `power`, `estimate`,
        `costs`, and `advice`, or null.
    """
    job = load_job(source, changes)
    request = {"job": job.model_dump(), "advise": advise, "trial": trial}
    return scratch_step(job, "plan", request, on_event)


def train(
    source: JobSource,
    *,
    out: str | Path | None = None,
    on_event: OnEvent = ignore,
    changes: Mapping[str, Any] | None = None,
) -> Run:
    """Train, test and report; the run folder holds everything.

    Args:
        source: a job or a data file.
        out: the run folder, new or empty; None: runs/NAME-1, runs/NAME-2, ...
        on_event: called with each event.
        changes: dotted keys with new values.

    Raises:
        PostgradError: see errors.py. An interrupted run goes on with `resume`.
    """
    job = load_job(source, changes)
    folder = Path(out).expanduser() if out else _free_folder(_name(Path(job.data.train)))
    job = with_lineage(job, folder.absolute().parent)
    _refuse_unless_free(RunFolder(folder))
    is_new = not folder.exists()
    try:
        return _train(job, folder, on_event)
    except (DataError, JobError, ModelError):
        if is_new and not RunFolder(folder).job.exists():  # it never began
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _refuse_unless_free(run: RunFolder) -> None:
    if run.job.exists():
        raise RunError(
            f"{run.path} already holds a run.",
            why="A run is never overwritten.",
            fix=f"Go on with it: {resume_command(run.path)}. Or choose another --out.",
            code="run_exists",
        )
    begun = run.request.exists() and run.events.exists()
    if run.path.exists() and not begun and (not run.path.is_dir() or any(run.path.iterdir())):
        raise RunError(
            f"{run.path} is not an empty folder.",
            why="A run could overwrite what is there.",
            fix="Choose another --out; a folder that does not exist yet is made.",
            code="folder_not_empty",
        )


def resume(folder: str | Path, *, on_event: OnEvent = ignore) -> Run:
    """Go on with a run that was stopped or killed, to the same result.

    Raises:
        RunError: the folder holds no run.
    """
    run = RunFolder(Path(folder).expanduser())
    if run.request.exists() and not run.job.exists():  # killed before its data was settled
        return _train(_asked_for(run), run.path, on_event)
    run = open_run(folder)
    job = read_job(run.job)
    if run.report_json.exists():
        report = read_report(run.report_json)
        if _is_whole(report, job):
            return Run(run.path, report)
    return _train(job, run.path, on_event)


def _is_whole(report: Report, job: Job) -> bool:
    """Whether a report has all that its job asks for: it is written before the run trains again."""
    asked = job.evaluation
    num_seeds = len(report.recipe.seeds) if report.recipe else 1
    return num_seeds >= asked.seeds and (
        report.learning_curve is not None or not asked.learning_curve
    )


def evaluate(
    folder: str | Path,
    *,
    quick: bool = False,
    anew: bool = False,
    curve: bool = False,
    suites: Sequence[str] = (),
    on_event: OnEvent = ignore,
) -> Run:
    """Ask both models of a finished run again and write its report anew.

    Args:
        folder: the run.
        quick: ask a part of what lies beside the test, which sees less.
        anew: ask the base also what an earlier run asked it on this machine.
        curve: instead, train again on parts of its rows, to foresee what more data would bring; a
            second call goes on with what was stopped.
        suites: tasks of public suites, as `SUITE:TASK[,TASK][,option=value]`: then only these are
            asked, and added to the report; a second call goes on with what was stopped. See
            docs/suites.md.
        on_event: called with each event.

    Raises:
        PostgradError: see errors.py.
    """
    run = open_run(folder)
    result_of(run)
    job = read_job(run.job)
    if quick:
        job = job.replace({"evaluation.effort": "quick"})
    if suites:
        return _ask_suites(run, job, suites, on_event)
    step = "draw_curve" if curve else "evaluate"
    try:
        run_step(job, step, run.path, {"job": job.model_dump(), "anew": anew}, on_event)
    except Interrupted as stop:
        option = " --curve" if curve else ""
        fix = f"Go on with: postgrad eval {quoted(run.path)}{option}"
        raise Interrupted(stop.what, why=stop.why, fix=fix, code=stop.code) from None
    return Run(run.path, read_report(run.report_json))


def _ask_suites(run: RunFolder, job: Job, suites: Sequence[str], on_event: OnEvent) -> Run:
    requests = [SuiteRequest.parse(text).with_whole_paths() for text in suites]
    for request in requests:
        plugins.load("suites", request.suite)  # a wrong name is said before a worker starts
    if not run.report_json.exists():
        raise unfinished(run)
    asked = [request.as_dict() for request in requests]
    try:
        run_step(job, "suites", run.path, {"job": job.model_dump(), "suites": asked}, on_event)
    except Interrupted as stop:
        fix = "Go on with the same command: what was answered is not asked again."
        raise Interrupted(stop.what, why=stop.why, fix=fix, code=stop.code) from None
    return Run(run.path, read_report(run.report_json))


def judge(
    folder: str | Path,
    url: str | None = None,
    model: str | None = None,
    *,
    on_event: OnEvent = ignore,
    changes: Mapping[str, Any] | None = None,
) -> Run:
    """Let a language model compare both models' stored answers; the report is written anew.

    The test's questions, their wanted answers and both answers are sent to the URL, and nowhere
    else. What was judged before is not asked again.

    Args:
        folder: a finished run.
        url: OpenAI-compatible chat completions; None: the job's own `judge.url`.
        model: the judge's name there; None: the job's own `judge.model`.
        on_event: called with each event.
        changes: dotted keys of the section `judge` with new values.

    Raises:
        RunError: no run, or an unfinished one.
        JobError: the URL, the model or a change can't be used.
        SetupError: the URL does not answer, or refuses.
    """
    run = open_run(folder)
    if not run.report_json.exists():
        raise unfinished(run)
    wanted = dict(changes or {})
    wanted |= {f"judge.{key}": value for key, value in (("url", url), ("model", model)) if value}
    strangers = [key for key in wanted if not key.startswith("judge.")]
    if strangers:
        raise JobError(
            f"{strangers[0]} can't be changed in a finished run.",
            why="With other settings it would be another run; only the judge is asked anew.",
            fix="Change keys that begin with judge., or start a new run.",
            code="not_of_the_judge",
        )
    job = read_job(run.job).replace(wanted)
    run_step(job, "judge", run.path, {"job": job.model_dump()}, on_event)
    return Run(run.path, read_report(run.report_json))


def report(folder: str | Path, *, on_event: OnEvent = ignore) -> Run:
    """The report of a finished run, its pages written anew.

    Marks of a person and choices of judges that came since are counted.

    Raises:
        RunError: no run, or an unfinished one.
    """
    run = open_run(folder)
    if not run.report_json.exists():
        raise unfinished(run)
    if run.review.exists() or run.judgements.exists():
        job = read_job(run.job)
        run_step(job, "recount", run.path, {"job": job.model_dump()}, on_event)
    found = read_report(run.report_json)
    write_report(found, run)
    return Run(run.path, found)


def pull(model: str, *, on_event: OnEvent = ignore) -> dict[str, Any]:
    """Bring a base model onto this machine; what is known of it.

    Raises:
        ModelError: unknown, unsafe or unreadable.
    """
    ModelRef.parse(model)
    job = Job.build({"base": {"model": model}, "data": {"train": ""}})
    return scratch_step(job, "pull", {"model": model}, on_event)


def open_run(folder: str | Path) -> RunFolder:
    """A run folder that holds a run.

    Raises:
        RunError: it does not.
    """
    run = RunFolder(Path(folder).expanduser())
    if not run.job.exists():
        raise RunError(
            f"{run.path} holds no run.",
            why="A run folder has a job.yaml." if run.path.exists() else "There is no such folder.",
            fix="List your runs with: ls runs",
            code="no_run",
        )
    return run


def result_of(run: RunFolder) -> Path:
    """The folder of a run's adapter or weights.

    Raises:
        RunError: the run is not finished.
    """
    for place in (run.adapter, run.weights):
        if place.exists():
            return place
    raise unfinished(run)


def unfinished(run: RunFolder) -> RunError:
    """The error for a run that has no model or no report yet."""
    return RunError(
        f"{run.path} is not finished.",
        why="A run has its model once it is trained, and its report once that is tested.",
        fix=f"Finish it: {resume_command(run.path)}",
        code="unfinished_run",
    )


def _asked_for(run: RunFolder) -> Job:
    """The job of a run that has no job.yaml yet."""
    try:
        return Job.build(json.loads(run.request.read_text(encoding="utf-8"))["job"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{run.path} holds no run that could go on.",
            why=f"It was stopped at its very beginning ({error}).",
            fix="Remove the folder and start again.",
            code="no_run",
        ) from None


def _train(job: Job, folder: Path, on_event: OnEvent) -> Run:
    try:
        run_step(job, "train", folder, {"job": job.model_dump()}, on_event)
    except Interrupted as stop:
        fix = f"Go on with: {resume_command(folder)}"
        raise Interrupted(stop.what, why=stop.why, fix=fix, code=stop.code) from None
    return Run(folder, read_report(RunFolder(folder).report_json))


def _name(data: Path) -> str:
    """A run's name: the data file's, or its folder's if the file's says nothing."""
    return data.parent.name if data.stem in ("rows", "train", "data") else data.stem


def _free_folder(name: str) -> Path:
    number = 1
    while (folder := Path("runs") / f"{name}-{number}").exists():
        number += 1
    return folder
