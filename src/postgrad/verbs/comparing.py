"""The verb that sets any two lists of answers side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from postgrad.core.job import Job
from postgrad.core.lineage import differences
from postgrad.core.run import RunFolder
from postgrad.verbs.asking import OnEvent, ignore, scratch_step
from postgrad.verbs.jobs import read_job
from postgrad.verbs.runs import open_run, unfinished

BASE_ENDING = "@base"
"""Behind a run's folder: what its base model answered, instead of the tuned one."""


def compare(first: str | Path, second: str | Path, *, on_event: OnEvent = ignore) -> dict[str, Any]:
    """What the second does better or worse than the first, on the questions that both answered.

    Questions that one of the models was trained on are left out.

    Args:
        first, second: a run (its tuned model), `RUN@base` (its base model), or a file of chats
            whose last answers are what some other model said. At least one of them is a run.
        on_event: called with each event.

    Returns:
        `verdict`, `headline`, `primary` and `secondary` comparisons, in which `base` is the first
        and `tuned` the second; `rows`; `changes`; `settings`: those in which two runs differ.

    Raises:
        RunError: no run, an unfinished one, or no question in common.
        DataError: a file can't be read.
    """
    request = {"sides": [_side(str(first)), _side(str(second))]}
    found = scratch_step(Job.build({"data": {"train": ""}}), "compare", request, on_event)
    return {**found, "settings": _settings(request["sides"])}


def _side(text: str) -> dict[str, str]:
    path = Path(text).expanduser()
    if path.is_file():
        return {"name": text, "file": str(path.absolute())}
    who = "base" if text.endswith(BASE_ENDING) else "tuned"
    run = open_run(text.removesuffix(BASE_ENDING))
    _refuse_unless_answered(run, who)
    return {"name": text, "run": str(run.path.absolute()), "who": who}


def _settings(sides: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The settings in which the runs of two sides differ; none where a side is a file."""
    if not all("run" in side for side in sides):
        return []
    old, new = (read_job(RunFolder(Path(side["run"])).job) for side in sides)
    return [change.model_dump(mode="json") for change in differences(old, new)]


def _refuse_unless_answered(run: RunFolder, who: str) -> None:
    if not run.report_json.exists() or not run.answers(who).exists():
        raise unfinished(run)
