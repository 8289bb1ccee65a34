"""Clean and restore: a data file without its defects, and the way back.

read -> find -> mend -> find again, until nothing is left to mend -> write file and log
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postgrad.core.events import Event
from postgrad.core.findings import Hit
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.data import decisions
from postgrad.data.clean import Draft, cure
from postgrad.data.doctor import Diagnosis
from postgrad.data.files import Accepts, read_files
from postgrad.data.rows import Measure, estimate
from postgrad.steps.check import settle
from postgrad.steps.diagnosis import diagnose
from postgrad.steps.progress import Progress
from postgrad.steps.small_models import SmallModels

MOST_ROUNDS = 10
"""Each round mends what the one before brought up. Two are usual; ten only if two rules undo each
other's work, and then no more of them would help."""


def clean(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """Clean the training file of a job; see `mend`."""
    return mend(context, request, None, estimate)


def mend(
    context: StepContext, request: Mapping[str, Any], accepts: Accepts | None, measure: Measure
) -> dict[str, Any]:
    """Clean the training file of a job.

    Args:
        context: of the step; intermediate files are in its folder.
        request: `job`; `output`: the path to write; `only` and `without`: codes of findings.
        accepts: says which rows a base model refuses; None: no base model looks on.
        measure: counts the tokens of an example.

    Returns:
        The head of the decision log, with `path`, `log`, `rows` (before, after), `by_code` (rows
        touched) and `left` (rows that still have a finding, by code).
    """
    job, output = Job.build(request["job"]), Path(request["output"])
    decisions.refuse_unless_free(output)
    chosen = cure(request.get("only") or (), request.get("without") or (), job.data.rules)
    models = SmallModels(context, job.data)
    context.emit(Event("stage", {"name": "clean", "title": "Cleaning the data"}))
    files = read_files(job.data, accepts, Progress(context).reading)
    original = files["train"]
    draft = Draft(Path(job.data.train), original.file, context.folder, accepts)
    while True:
        files["train"] = draft.read(original)
        dataset, _ = settle(files, job)
        found = diagnose(context, job.data, files, dataset, measure, chosen.rules, models=models)
        if draft.rounds == MOST_ROUNDS or not draft.apply(found, chosen.codes):
            break
    head = draft.finish(output)
    return {
        **head,
        "path": str(output),
        "log": str(decisions.log_path(output)),
        "rows": {"before": original.num_rows, "after": files["train"].num_rows},
        "left": _left(found, draft.label, chosen.codes),
    }


def restore(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the original of a cleaned file again.

    Args:
        context: of the step.
        request: `output`: the cleaned file; `target`: where to write, or null.
    """
    context.emit(Event("stage", {"name": "restore", "title": "Restoring the original"}))
    target = request.get("target")
    found = decisions.restore(Path(request["output"]), Path(target) if target else None)
    return {"path": str(found.path), "sha256": found.sha256, "was_there": found.was_there}


def _left(found: Diagnosis, label: str, codes: frozenset[str]) -> dict[str, int]:
    """Rows that still have a finding of these codes, by code."""

    def counts(hit: Hit) -> bool:
        return hit.code in codes and found.rows[hit.row].file == label

    return dict(Counter(code for code, _ in {(h.code, h.row) for h in found.hits if counts(h)}))
