"""Lineage: what was changed from one run to the next.

A job that `postgrad next` made says in its section `lineage` which run it came from, with the
sha256 of that run's job.yaml, and what that run had where this job differs. So the hash of a job
stands for its whole line, as a commit's does, and a line can be followed where folders were moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.job import Job, known_keys
from postgrad.core.report import ChangedSetting, Parent


def values_of(job: Job) -> dict[str, Any]:
    """Every setting by its dotted key, as JSON has it."""
    values = job.model_dump(mode="json")
    split = {key: key.partition(".") for key in known_keys()}
    return {key: values[section][name] for key, (section, _, name) in split.items()}


def differences(old: Job, new: Job) -> list[ChangedSetting]:
    """The settings in which two jobs differ, in the order of a job file."""
    before, after = values_of(old), values_of(new)
    return _changed(before, after)


def parent_of(job: Job) -> Parent | None:
    """The run that a job was made from, as the job itself tells; None: it is the first."""
    told = job.lineage
    if told.parent is None:
        return None
    return Parent(
        name=told.parent,
        folder=told.folder or "",
        job_sha256=told.job_sha256 or "",
        data_sha256=told.data_sha256,
        why=told.why,
        changed=_changed(told.was, values_of(job)),
    )


def made_from(job: Job, parent: Job) -> Job:
    """A job whose lineage tells every difference from its parent's own job, also those that were
    made by hand."""
    was = {change.key: change.old for change in differences(parent, job)}
    return job.replace({"lineage.was": was})


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ChangedSetting]:
    return [
        ChangedSetting(key=key, old=before[key], new=value)
        for key, value in after.items()
        if key in before and before[key] != value
    ]
