"""The verbs, once: Python, the command line and HTTP all call these.

A verb takes plain values, runs its step through a backend, hands every event to `on_event`, and
returns the result. Nothing here loads a model.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
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
from postgrad.errors import JobError, RunError
from postgrad.reports.write import read_report, write_report

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

    Paths in a job file are relative to the file's own folder. A data file becomes a job with
    nothing else set.

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
    return job.replace(changes or {})


def _read_job(path: Path) -> Job:
    if path.suffix not in (".yaml", ".yml"):
        return Job.build({"data": {"train": str(path.resolve())}})
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise JobError(
            f"The job file {path} can't be read: {error.strerror}.",
            fix="Write one with: postgrad plan DATA -o job.yaml",
            code="no_job_file",
        ) from None
    job = Job.build(parse_job(text, str(path)))
    changes: dict[str, Any] = {}
    for name in ("train", "valid", "test"):
        value = getattr(job.data, name)
        if value:
            changes[f"data.{name}"] = str((path.parent / Path(value).expanduser()).resolve())
    if job.base.model.startswith((".", "~")):
        folder = path.parent / Path(job.base.model).expanduser()
        changes["base.model"] = str(folder.resolve())
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
    on_event: OnEvent = _ignore,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The data of a job as its base model will see it; nothing is trained."""
    job = load_job(source, changes)
    return _scratch_step(job, "check", {"job": job.model_dump()}, on_event)


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
    folder = Path(out) if out else _free_folder(_name(Path(job.data.train)))
    if RunFolder(folder).job.exists():
        raise RunError(
            f"{folder} already holds a run.",
            why="A run is never overwritten.",
            fix=f"Go on with it: postgrad train {folder} --resume. Or choose another --out.",
            code="run_exists",
        )
    return _train(job, folder, on_event)


def resume(folder: str | Path, *, on_event: OnEvent = _ignore) -> Run:
    """Go on with a run that was stopped or killed, to the same result.

    Raises:
        RunError: the folder holds no run.
    """
    run = open_run(folder)
    if run.report_json.exists():
        return Run(run.path, read_report(run.report_json))
    return _train(_read_job(run.job), run.path, on_event)


def evaluate(folder: str | Path, *, on_event: OnEvent = _ignore) -> Run:
    """Ask both models of a finished run again and write its report anew."""
    run = open_run(folder)
    job = _read_job(run.job)
    _step(job, "evaluate", run.path, {"job": job.model_dump()}, on_event)
    return Run(run.path, read_report(run.report_json))


def report(folder: str | Path) -> Run:
    """The report of a finished run, its pages written anew from report.json.

    Raises:
        RunError: no run, or an unfinished one.
    """
    run = open_run(folder)
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


class Conversation:
    """A chat with the model of a run, kept open in a worker."""

    def __init__(self, folder: str | Path, *, base_only: bool = False) -> None:
        run = open_run(folder)
        job = _read_job(run.job)
        results = [place for place in (run.adapter, run.weights) if place.exists()]
        if not results and not base_only:
            raise RunError(
                f"{run.path} has no trained model yet.",
                fix=f"Finish it: postgrad train {run.path} --resume",
                code="unfinished_run",
            )
        self._place = tempfile.TemporaryDirectory(prefix="postgrad-chat-")
        self._inbox = Path(self._place.name) / "inbox.jsonl"
        request = {
            "job": job.model_dump(),
            "result": None if base_only else str(results[0].resolve()),
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

    def close(self) -> None:
        """End the worker."""
        self._events.close()  # type: ignore[attr-defined]
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
    _step(job, "train", folder, {"job": job.model_dump()}, on_event)
    return Run(folder, read_report(RunFolder(folder).report_json))


def _backend(job: Job) -> Backend:
    return plugins.load("backends", job.backend.name)()


def _step(job: Job, step: str, folder: Path, request: Mapping[str, Any], on_event: OnEvent) -> Any:
    for event in _backend(job).run(step, folder, request):
        on_event(event)
        if event.kind == "result":
            return event["value"]
    return None


def _scratch_step(
    job: Job, step: str, request: Mapping[str, Any], on_event: OnEvent
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="postgrad-") as folder:
        return _step(job, step, Path(folder), request, on_event)


def system_message(folder: str | Path) -> str | None:
    """The system message that all test rows of a run share, or None."""
    lines = open_run(folder).split("test").read_text(encoding="utf-8").splitlines()
    firsts = [json.loads(line).get("messages", [{}])[0] for line in lines]
    found = {first.get("content") if first.get("role") == "system" else None for first in firsts}
    return found.pop() if len(found) == 1 else None


def _name(data: Path) -> str:
    """A run's name: the data file's, or its folder's if the file's says nothing."""
    return data.parent.name if data.stem in ("rows", "train", "data") else data.stem


def _free_folder(name: str) -> Path:
    number = 1
    while (folder := Path("runs") / f"{name}-{number}").exists():
        number += 1
    return folder
