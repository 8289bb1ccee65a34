"""Diagnosis: the data doctor over the files of a job, as `check` and `train` call it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from postgrad.core.interfaces import Rule, StepContext
from postgrad.core.job import DataSection
from postgrad.core.report import FindingSummary
from postgrad.data import doctor
from postgrad.data.dataset import Dataset
from postgrad.data.doctor import Diagnosis
from postgrad.data.files import DataFile
from postgrad.data.rows import Measure, rows_of
from postgrad.data.spread import Cores
from postgrad.errors import SetupError
from postgrad.steps.progress import Progress
from postgrad.steps.small_models import SmallModels


def diagnose(
    context: StepContext,
    settings: DataSection,
    files: Mapping[str, DataFile],
    dataset: Dataset | None,
    measure: Measure,
    names: Sequence[str] | None = None,
    more: Sequence[Rule] = (),
    models: SmallModels | None = None,
) -> Diagnosis:
    """What the rules find in the files of a job.

    Args:
        context: of the step.
        settings: of the job: which optional rules run too, and what they ask.
        files: by part, as they were read.
        dataset: the same rows split; None: they could not be.
        measure: counts the tokens of an example.
        names: rules; None: every one that is not optional, and those of the settings.
        more: rules that are bound to a base model.
        models: opened before, in the same step.

    Raises:
        UserError: there is no such rule or allowed finding, or a package that it needs is missing.
        Interrupted: the step was asked to stop.
    """
    doctor.check_allowed(settings.allow, more)
    models = models or SmallModels(context, settings)
    named = doctor.rules(names, settings.rules if names is None else ())
    chosen = [*map(models.bound, named), *more]
    progress = Progress(context)
    with Cores(len(os.sched_getaffinity(0))) as cores:
        progress.begin("counting tokens", sum(file.num_rows for file in files.values()), "rows")
        rows = rows_of(
            files, measure, _splits(dataset) if dataset else {}, cores.spread, progress.told
        )

        def on_rule(title: str, number: int, total: int) -> None:
            progress.begin(f"checking {number + 1} of {total}: {title}", len(rows), "rows")

        try:
            return doctor.examine(rows, chosen, on_rule)
        except BrokenProcessPool as error:
            raise SetupError(
                "A process that was looking at the data was killed by the system.",
                why="Most often that means that the memory was full.",
                fix="Close other programs and start again.",
                code="killed",
            ) from error


def summaries(findings: Iterable[Mapping[str, Any]]) -> list[FindingSummary]:
    """Findings, as `Diagnosis.as_dict` writes them, as the report holds them."""
    fields = FindingSummary.model_fields
    return [FindingSummary(**{name: each[name] for name in fields}) for each in findings]


def _splits(dataset: Dataset) -> dict[str, str]:
    return {
        example.id: split
        for split in ("train", "valid", "test")
        for example in getattr(dataset, split)
    }
