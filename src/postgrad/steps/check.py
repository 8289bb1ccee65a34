"""Check: what is wrong with the data of a job. Without a base model: its tokens are estimated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.data.dataset import Dataset, assemble
from postgrad.data.doctor import Diagnosis
from postgrad.data.files import DataFile, read_files
from postgrad.data.rows import estimate
from postgrad.errors import DataError
from postgrad.steps.diagnosis import diagnose


def check(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """The diagnosis as JSON; see `answer`."""
    job = Job.build(request["job"])
    context.emit(Event("stage", {"name": "check", "title": "Checking the data"}))
    files = read_files(job.data)
    dataset, problem = settle(files, job)
    found = diagnose(context, files, dataset, estimate, request.get("rules"))
    return answer(found, files, dataset, problem)


def settle(files: Mapping[str, DataFile], job: Job) -> tuple[Dataset | None, DataError | None]:
    """The files as a dataset, or what would stop training."""
    try:
        return assemble(files, job.data, job.training.seed), None
    except DataError as error:
        return None, error


def answer(
    found: Diagnosis,
    files: Mapping[str, DataFile],
    dataset: Dataset | None,
    problem: DataError | None,
) -> dict[str, Any]:
    """The diagnosis with what a person wants to know beside it.

    `problem` is the error that training would stop with, or null; `exact` tells whether tokens
    were counted with a base model's tokenizer.
    """
    return {
        **found.as_dict(),
        "exact": False,
        "formats": {file.file: file.detection.name for file in files.values()},
        "notes": list(dataset.notes)
        if dataset
        else [file.detection.sentence for file in files.values()],
        "problem": problem.as_dict() if problem else None,
        "rejected": [
            {
                "file": row.file,
                "line": row.line,
                "code": row.code,
                "path": row.path,
                "what": row.what,
                "fix": row.fix,
            }
            for file in files.values()
            for row in file.rejected
        ],
    }
