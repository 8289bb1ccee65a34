"""Check: what is wrong with the data of a job. Without a base model: its tokens are estimated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from postgrad.advice import defaults
from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.data.dataset import Dataset, assemble
from postgrad.data.doctor import Diagnosis
from postgrad.data.files import DataFile, read_files
from postgrad.data.lengths import histogram
from postgrad.data.rows import estimate
from postgrad.data.shown_rows import See, shown_rows
from postgrad.errors import DataError
from postgrad.steps.diagnosis import diagnose
from postgrad.steps.progress import Progress


def check(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """The diagnosis as JSON; see `answer`, and `page` where the request asks for that."""
    job = Job.build(request["job"])
    context.emit(Event("stage", {"name": "check", "title": "Checking the data"}))
    files = read_files(job.data, told=Progress(context).reading)
    dataset, problem = settle(files, job)
    limit = job.training.max_length or defaults.MOST_TOKENS
    measure = partial(estimate, limit_tokens=limit)
    found = diagnose(context, job.data, files, dataset, measure, request.get("rules"))
    told = answer(found, files, dataset, problem, job)
    return {**told, "page": page(found)} if request.get("page") else told


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
    job: Job,
) -> dict[str, Any]:
    """The diagnosis with what a person wants to know beside it.

    `problem` is the error that training would stop with, or null; `exact` tells whether tokens
    were counted with a base model's tokenizer; `paths` has the place of each file by the name that
    findings give it, the training file first.
    """
    places = {file.file: getattr(job.data, part) for part, file in files.items()}
    return {
        **found.as_dict(),
        "exact": False,
        "paths": {label: str(Path(place).expanduser()) for label, place in places.items()},
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


def page(found: Diagnosis, see: See | None = None, limit: int | None = None) -> dict[str, Any]:
    """What only the page shows: rows, and how long all of them are.

    Args:
        found: the diagnosis.
        see: shows a record as a base model sees it.
        limit: tokens of a row that are used; None: without a base model nothing is cut.
    """
    sizes = [row.size for row in found.rows.readable]
    return {
        "shown": shown_rows(found, see),
        "tokens": histogram([size.tokens for size in sizes]),
        "taught": histogram([size.taught for size in sizes]),
        "limit": limit,
    }
