"""A job from whatever a user gives, and how its commands are written."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postgrad.core.base import ModelRef
from postgrad.core.job import Job
from postgrad.core.job_file import parse_job
from postgrad.core.run import RunFolder
from postgrad.errors import JobError, RunError

JobSource = Job | Mapping[str, Any] | str | Path
"""A job, its values, a job file (.yaml), or a data file."""


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
        job = read_job(Path(source).expanduser())
    return _anchored(job.replace(changes or {}), Path.cwd())


def read_job(path: Path) -> Job:
    """A job from a job file or a data file; relative paths are seen from the job file.

    Raises:
        JobError: the job file can't be read, or its keys or values don't fit.
        RunError: it is a run.
    """
    if os.path.exists(RunFolder(path).job):  # Path.exists raises where a name is too long
        raise RunError(
            f"{path} is a run.",
            why="A job file or a file of examples is needed here.",
            fix=f"Go on with it: {resume_command(path)}. Or do it anew: "
            f"postgrad train {quoted(RunFolder(path).job)}",
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
            changes[f"data.{name}"] = _absolute(folder, value)
    changes["evaluation.bias_files"] = tuple(
        _absolute(folder, name) for name in job.evaluation.bias_files
    )
    if job.backend.prices:
        prices = (folder / Path(job.backend.prices).expanduser()).resolve()
        changes["backend.prices"] = str(prices)
    base = ModelRef.parse(job.base.model)
    if base.source in ("folder", "gguf"):
        changes["base.model"] = str((folder / base.name).resolve())
    return job.replace(changes)


def _absolute(folder: Path, name: str) -> str:
    # realpath, not Path.resolve, which raises where symbolic links go in a circle
    return os.path.realpath(folder / Path(name).expanduser())


def resume_command(folder: Path) -> str:
    """The command that goes on with a run."""
    return f"postgrad train {quoted(folder)} --resume"


def quoted(path: Path) -> str:
    """A path as a shell reads it."""
    return shlex.quote(str(path))
