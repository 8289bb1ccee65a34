"""The verbs, once: Python, the command line and HTTP all call these.

A verb takes plain values, runs its step through a backend, hands every event to `on_event`, and
returns the result. Nothing here loads a model.
"""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgrad import plugins
from postgrad.core.base import ModelRef
from postgrad.core.events import Event
from postgrad.core.interfaces import Backend
from postgrad.core.job import Job
from postgrad.core.job_file import parse_job
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.errors import DataError, Interrupted, JobError, ModelError, RunError
from postgrad.reports.data_page import render_data_page
from postgrad.reports.findings import with_commands
from postgrad.reports.write import read_report, refuse_unless_page, write_page, write_report

OnEvent = Callable[[Event], None]
JobSource = Job | Mapping[str, Any] | str | Path
"""A job, its values, a job file (.yaml), or a data file."""

BUNDLED = Path(__file__).parent / "bundled"
DEMO_JOB = BUNDLED / "pizzeria" / "job.yaml"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its folder and its report."""

    folder: Path
    report: Report


def _ignore(event: Event) -> None:
    """For callers who do not listen."""


def load_job(source: JobSource, changes: Mapping[str, Any] | None = None) -> Job:
    """A job from whatever a user gives.

    Paths in a job file are relative to the file's own folder, all others to the current one; in
    the job they are absolute. A data file becomes a job with nothing else set.

    Args:
        source: see JobSource.
        changes: dotted keys with new values, as `{"training.seed": 1}`.

    Raises:
        JobError: no such file, or its keys or values don't fit.
    """
    if isinstance(source, Job):
        job = source
    elif isinstance(source, Mapping):
        job = Job.build(source)
    else:
        job = _read_job(Path(source).expanduser())
    return _anchored(job.replace(changes or {}), Path.cwd())


def _read_job(path: Path) -> Job:
    if RunFolder(path).job.exists():
        raise RunError(
            f"{path} is a run.",
            why="A job file or a file of examples is needed here.",
            fix=f"Go on with it: {_resume_command(path)}. Or do it anew: "
            f"postgrad train {_quoted(RunFolder(path).job)}",
            code="run_given",
        )
    if path.suffix not in (".yaml", ".yml"):
        return Job.build({"data": {"train": str(path)}})
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise JobError(
            f"The job file {path} can't be read: {error.strerror}.",
            fix="Write one with: postgrad plan DATA -o job.yaml",
            code="no_job_file",
        ) from None
    return _anchored(Job.build(parse_job(text, str(path))), path.parent)


def _anchored(job: Job, folder: Path) -> Job:
    """The job with every relative path made absolute, as seen from a folder."""
    changes: dict[str, Any] = {}
    for name in ("train", "valid", "test"):
        value = getattr(job.data, name)
        if value:
            changes[f"data.{name}"] = str((folder / Path(value).expanduser()).resolve())
    changes["evaluation.bias_files"] = tuple(
        str((folder / Path(name).expanduser()).resolve()) for name in job.evaluation.bias_files
    )
    base = ModelRef.parse(job.base.model)
    if base.source in ("folder", "gguf"):
        changes["base.model"] = str((folder / base.name).resolve())
    return job.replace(changes)


def plan(
    source: JobSource,
    *,
    on_event: OnEvent = _ignore,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a job will do and take; `job` in the result is the complete job file's text."""
    job = load_job(source, changes)
    return _scratch_step(job, "plan", {"job": job.model_dump()}, on_event)


def check(
    source: JobSource,
    *,
    on_base: bool = False,
    rules: Sequence[str] | None = None,
    page: str | Path | None = None,
    on_event: OnEvent = _ignore,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What is wrong with the data of a job; nothing is trained.

    Args:
        source: a job or a data file.
        on_base: look at the data as the job's base model will see it: tokens are counted, what
            its chat template refuses and what is cut are found.
        rules: names of the rules to run; None: every one that is not optional.
        page: write the findings and the rows as a page (.html) here; None: no page.
        on_event: called with each event.
        changes: dotted keys with new values.

    Raises:
        DataError: a file can't be read at all.
        JobError: the page's name does not end in .html, or another file is there.
    """
    job = load_job(source, changes)
    place = Path(page).expanduser() if page else None
    if place:
        refuse_unless_page(place)
    request = {"job": job.model_dump(), "rules": rules, "page": bool(place)}
    found = _scratch_step(job, "check_on_base" if on_base else "check", request, on_event)
    shown = found.pop("page", None)
    named = str(source) if isinstance(source, str | Path) else None
    found = with_commands(found, named, changes or {})
    if place:
        write_page(render_data_page(found, shown), place)
    return found


def clean(
    source: JobSource,
    output: str | Path,
    *,
    on_base: bool = False,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    on_event: OnEvent = _ignore,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a data file without the defects that can be mended, and a log of every decision.

    A defect row is left out or mended in place; every other line stays byte for byte. Beside
    OUT.jsonl, OUT.decisions.jsonl says what was done and why, and `restore` undoes it.

    Args:
        source: a data file, or a job, whose training file is cleaned.
        output: a file that does not exist yet, ending in .jsonl.
        on_base: leave out, too, what the job's base model can't be trained on.
        only: codes of findings to mend; none: all that can be mended.
        without: codes of findings to leave as they are.
        on_event: called with each event.
        changes: dotted keys of the job with new values.

    Returns:
        `path`, `log`, `rows` (before and after), `left_out`, `changed`, `by_code` (rows touched),
        `left` (rows that still have a finding), and the sha256 of both files.

    Raises:
        DataError: the source can't be read, or the output is already there.
        JobError: there is no such finding, or it can't be mended by a program.
    """
    job = load_job(source, changes)
    request = {
        "job": job.model_dump(),
        "output": str(Path(output).expanduser().absolute()),
        "only": list(only),
        "without": list(without),
    }
    return _scratch_step(job, "clean_on_base" if on_base else "clean", request, on_event)


def restore(
    cleaned: str | Path, target: str | Path | None = None, *, on_event: OnEvent = _ignore
) -> dict[str, Any]:
    """Write the original of a cleaned file again, the same bytes.

    Args:
        cleaned: what `clean` wrote, with its decision log beside it.
        target: a file that does not exist yet; None: the original's name, beside the cleaned file.
        on_event: called with each event.

    Returns:
        `path`, `sha256`, and `was_there`: the original was there already, unchanged.

    Raises:
        DataError: the log is missing, or the file or its log was changed.
    """
    request = {
        "output": str(Path(cleaned).expanduser().absolute()),
        "target": str(Path(target).expanduser().absolute()) if target else None,
    }
    job = Job.build({"data": {"train": ""}})
    return _scratch_step(job, "restore", request, on_event)


def train(
    source: JobSource,
    *,
    out: str | Path | None = None,
    on_event: OnEvent = _ignore,
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
            fix=f"Go on with it: {_resume_command(run.path)}. Or choose another --out.",
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


def resume(folder: str | Path, *, on_event: OnEvent = _ignore) -> Run:
    """Go on with a run that was stopped or killed, to the same result.

    Raises:
        RunError: the folder holds no run.
    """
    run = RunFolder(Path(folder).expanduser())
    if run.request.exists() and not run.job.exists():  # killed before its data was settled
        return _train(_asked_for(run), run.path, on_event)
    run = open_run(folder)
    if run.report_json.exists():
        return Run(run.path, read_report(run.report_json))
    return _train(_read_job(run.job), run.path, on_event)


def evaluate(folder: str | Path, *, on_event: OnEvent = _ignore) -> Run:
    """Ask both models of a finished run again and write its report anew."""
    run = open_run(folder)
    _result(run)
    job = _read_job(run.job)
    _step(job, "evaluate", run.path, {"job": job.model_dump()}, on_event)
    return Run(run.path, read_report(run.report_json))


def report(folder: str | Path) -> Run:
    """The report of a finished run, its pages written anew from report.json.

    Raises:
        RunError: no run, or an unfinished one.
    """
    run = open_run(folder)
    if not run.report_json.exists():
        raise _unfinished(run)
    found = read_report(run.report_json)
    write_report(found, run)
    return Run(run.path, found)


def pull(model: str, *, on_event: OnEvent = _ignore) -> dict[str, Any]:
    """Bring a base model onto this machine; what is known of it.

    Raises:
        ModelError: unknown, unsafe or unreadable.
    """
    ModelRef.parse(model)
    job = Job.build({"base": {"model": model}, "data": {"train": ""}})
    return _scratch_step(job, "pull", {"model": model}, on_event)


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


def _result(run: RunFolder) -> Path:
    """The folder of a run's adapter or weights."""
    for place in (run.adapter, run.weights):
        if place.exists():
            return place
    raise _unfinished(run)


def _unfinished(run: RunFolder) -> RunError:
    return RunError(
        f"{run.path} is not finished.",
        why="A run has its model once it is trained, and its report once that is tested.",
        fix=f"Finish it: {_resume_command(run.path)}",
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


class Conversation:
    """A chat with the model of a run, kept open in a worker."""

    def __init__(self, folder: str | Path, *, base_only: bool = False) -> None:
        run = open_run(folder)
        job = _read_job(run.job)
        result = None if base_only else str(_result(run).resolve())
        self._place = tempfile.TemporaryDirectory(prefix="postgrad-chat-")
        self._inbox = Path(self._place.name) / "inbox.jsonl"
        request = {
            "job": job.model_dump(),
            "result": result,
            "max_new_tokens": job.evaluation.max_new_tokens or 256,
        }
        self._events = _backend(job).run("chat", Path(self._place.name), request)
        for event in self._events:
            if event.kind == "note":
                break

    def ask(self, messages: list[dict[str, str]]) -> Iterator[str]:
        """The answer to a conversation, in pieces as they are written."""
        with self._inbox.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
        shown = ""
        for event in self._events:
            if event.kind == "text":
                shown += event["text"]
                yield event["text"]
            if event.kind == "answer":
                yield event["text"][len(shown) :]
                return
        raise Interrupted("The chat has ended.", code="stopped")

    def close(self) -> None:
        """End the worker."""
        self._events.close()
        self._place.cleanup()


@contextmanager
def chat(folder: str | Path, *, base_only: bool = False) -> Iterator[Conversation]:
    """Talk to the model of a run.

    Raises:
        RunError: the run has no model yet.
    """
    conversation = Conversation(folder, base_only=base_only)
    try:
        yield conversation
    finally:
        conversation.close()


def _train(job: Job, folder: Path, on_event: OnEvent) -> Run:
    try:
        _step(job, "train", folder, {"job": job.model_dump()}, on_event)
    except Interrupted as stop:
        fix = f"Go on with: {_resume_command(folder)}"
        raise Interrupted(stop.what, why=stop.why, fix=fix, code=stop.code) from None
    return Run(folder, read_report(RunFolder(folder).report_json))


def _backend(job: Job) -> Backend:
    return plugins.load("backends", job.backend.name)()


def _step(job: Job, step: str, folder: Path, request: Mapping[str, Any], on_event: OnEvent) -> Any:
    events = _backend(job).run(step, folder, request)
    event = next(events, None)
    while event is not None:
        try:
            on_event(event)
            if event.kind == "result":
                return event["value"]
            event = next(events, None)
        except KeyboardInterrupt as stop:  # while drawing: the worker is to hear of it too
            event = events.throw(stop)
    return None


def _scratch_step(
    job: Job, step: str, request: Mapping[str, Any], on_event: OnEvent
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="postgrad-") as folder:
        return _step(job, step, Path(folder), request, on_event)


def system_message(folder: str | Path) -> str | None:
    """The system message that all test rows of a run share, or None."""
    lines = open_run(folder).split("test").read_text(encoding="utf-8").split("\n")
    firsts = [json.loads(line).get("messages", [{}])[0] for line in lines if line]
    found = {first.get("content") if first.get("role") == "system" else None for first in firsts}
    return found.pop() if len(found) == 1 else None


def _resume_command(folder: Path) -> str:
    return f"postgrad train {_quoted(folder)} --resume"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _name(data: Path) -> str:
    """A run's name: the data file's, or its folder's if the file's says nothing."""
    return data.parent.name if data.stem in ("rows", "train", "data") else data.stem


def _free_folder(name: str) -> Path:
    number = 1
    while (folder := Path("runs") / f"{name}-{number}").exists():
        number += 1
    return folder
