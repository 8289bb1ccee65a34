"""The line of a run: its parent, its family, and what was changed between two runs.

A run names its parent by the sha256 of that run's job.yaml. It is looked for where it lay, then
among the folders beside the run, so that a folder of runs can be moved and its folders renamed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postgrad.core.job import Job
from postgrad.core.lineage import differences, made_from
from postgrad.core.report import ChangedSetting, Report
from postgrad.core.run import RunFolder
from postgrad.errors import UserError
from postgrad.reports.write import read_report
from postgrad.verbs.jobs import read_job


@dataclass(frozen=True, slots=True)
class Member:
    """A run as its family sees it.

    Attributes:
        run: its folder.
        job: complete.
        sha256: of its job.yaml.
        report: None: it is not finished, or its report can't be read.
        code: version and commit of postgrad that it began with.
    """

    run: RunFolder
    job: Job
    sha256: str
    report: Report | None
    code: dict[str, str | None]

    @property
    def name(self) -> str:
        return self.run.path.absolute().name


@dataclass(frozen=True, slots=True)
class Branch:
    """A run with the runs that were made from it. `missing`: name of a parent that is not here."""

    member: Member
    changed: list[ChangedSetting] = field(default_factory=list[ChangedSetting])
    children: list[Branch] = field(default_factory=list["Branch"])
    missing: str = ""


def member_of(run: RunFolder) -> Member | None:
    """The run in a folder; None: there is none, or its job can't be read."""
    try:
        job = read_job(run.job)
        sha256 = hashlib.sha256(run.job.read_bytes()).hexdigest()
    except (UserError, OSError):
        return None
    try:
        report = read_report(run.report_json) if run.report_json.exists() else None
    except UserError:
        report = None
    return Member(run, job, sha256, report, _code(run))


def members(folder: Path) -> list[Member]:
    """The runs in a folder of runs, by their names."""
    places = sorted(folder.iterdir(), key=lambda path: _in_order(path.name))
    found = (member_of(RunFolder(place)) for place in places if RunFolder(place).job.exists())
    return [member for member in found if member]


def find_parent(job: Job, near: Path) -> Member | None:
    """The run that a job was made from; None: it was made from none, or it is gone.

    Args:
        job: with its lineage.
        near: folder of runs to look in where it is no longer where it lay.
    """
    told = job.lineage
    if told.parent is None:
        return None
    lay = Path(told.folder or told.parent)
    there = member_of(RunFolder(lay))
    if there and there.sha256 == told.job_sha256:
        return there
    folders = (folder for folder in (near, lay.parent) if folder.is_dir())
    found = (_chosen(job, members(folder)) for folder in folders)
    return next(filter(None, found), None)


def with_lineage(job: Job, near: Path) -> Job:
    """A job that tells every difference from the run that it was made from, where that is found:
    what was changed by hand since `postgrad next` wrote it belongs to it too."""
    parent = find_parent(job, near)
    return made_from(job, parent.job) if parent else job


def trees(folder: Path) -> list[Branch]:
    """The runs in a folder of runs as trees: each under the one that it was made from."""
    every = members(folder)
    parents = {id(member): _chosen(member.job, every) for member in every}

    def branch(member: Member) -> Branch:
        parent = parents[id(member)]
        children = [branch(each) for each in every if parents[id(each)] is member]
        changed = differences(parent.job, member.job) if parent else []
        missing = "" if parent else member.job.lineage.parent or ""
        return Branch(member, changed, children, missing)

    return [branch(member) for member in every if parents[id(member)] is None]


def standing(member: Member) -> dict[str, Any]:
    """Where a run stands, as JSON: verdict, primary metric, gates; nulls where it is unfinished."""
    report = member.report
    if report is None:
        return {"verdict": None, "ship": None, "primary": None, "gates": {}}
    return {
        "verdict": report.verdict,
        "ship": report.ship,
        "primary": report.primary.model_dump(mode="json"),
        "gates": {name: gate.passed for name, gate in report.gates.items()},
    }


def _chosen(job: Job, among: Sequence[Member]) -> Member | None:
    """The run with the sha256 that a job names; of several, which are the same job run again, the
    one with the name."""
    told = job.lineage
    same = [each for each in among if told.parent is not None and each.sha256 == told.job_sha256]
    named = [each for each in same if each.name == told.parent]
    return next(iter(named or same), None)


def _code(run: RunFolder) -> dict[str, str | None]:
    try:
        seen = json.loads(run.environment.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        seen = {}
    return {"version": seen.get("versions", {}).get("postgrad"), "commit": seen.get("commit")}


def _in_order(name: str) -> list[tuple[int, str]]:
    """run-2 before run-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
