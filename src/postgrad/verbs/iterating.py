"""The verbs for going on: what to try after a run, the job that tries it, where a run came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postgrad.advice.suggestions import suggest as ask_rules
from postgrad.core.job import Job
from postgrad.core.job_file import read_sources, write_job
from postgrad.core.lineage import differences, made_from, parent_of
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.core.suggestion import Suggestion
from postgrad.errors import JobError, RunError, SetupError
from postgrad.evals.looks import looks_at
from postgrad.evals.stored_answers import load_answers
from postgrad.reports.write import read_report
from postgrad.verbs.jobs import load_job, quoted, read_job
from postgrad.verbs.lineage import Branch, Member, find_parent, member_of, members, standing, trees
from postgrad.verbs.runs import open_run, unfinished

NEXT_JOB = "next.yaml"

FOLLOWS: dict[str, tuple[str, ...]] = {
    "base.model": ("training.learning_rate", "training.max_length"),
    "data.train": (
        "data.format",
        "objective.name",
        "training.epochs",
        "training.batch_size",
        "training.max_length",
        "evaluation.max_new_tokens",
    ),
    "method.name": ("training.learning_rate",),
}
"""By key, what is derived from it (`advice/defaults.py`): where the one changes, the others that
were derived are derived anew. The metric that decides stays, so that the runs can be compared."""


def suggest(folder: str | Path) -> dict[str, Any]:
    """What to try after a finished run, each from evidence in it; at most three.

    Returns:
        `run`, `verdict`, `headline`, and `suggestions`, the strongest evidence first: each with
        `title`, `evidence`, `grade` (shown, seen, possible), `expect`, `changes` of the job,
        `command` (to be run first), `do`, and `is_job`; `judged`: runs judged on this one's test
        rows by now, itself among them.

    Raises:
        RunError: no run, or an unfinished one.
    """
    run = open_run(folder)
    found = _report(run)
    return {
        "run": str(run.path),
        "verdict": found.verdict,
        "headline": found.headline,
        "suggestions": [
            {**each.as_dict(), "is_job": bool(each.changes)} for each in _suggestions(run, found)
        ],
        "judged": _judged(run, found),
    }


def next_job(
    folder: str | Path,
    *,
    take: int | None = None,
    output: str | Path | None = None,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the job file of a run's next run: complete, with its lineage.

    Args:
        folder: of the finished run.
        take: number of the suggestion, from 1; None: only the changes are made, or, where there
            are none, the first suggestion that is a job.
        output: a file that does not exist yet; None: next.yaml.
        changes: dotted keys with new values, on top of the suggestion.

    Returns:
        `path`; `job` (the file's text); `suggestion` that was taken, or null; `changed` settings;
        `command` that trains it.

    Raises:
        RunError: no run, or an unfinished one.
        JobError: no such suggestion, it is no job, its data is not mended yet, or the file exists.
        SetupError: the file can't be written.
    """
    run = open_run(folder)
    report = _report(run)
    path = Path(output or NEXT_JOB).expanduser()
    if path.exists():
        raise JobError(
            f"{path} is already there.",
            why="A job file may hold what somebody wrote by hand, so it is never overwritten.",
            fix="Choose another name with -o.",
            code="job_exists",
        )
    taken = _taken(_suggestions(run, report), take, bool(changes), run)
    job, sources = _made(run, report, taken, changes or {})
    text = write_job(job, sources)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(
            f"The job file {path} can't be written: {error.strerror}.",
            fix="Choose another place with -o.",
            code="disk",
        ) from None
    parent = parent_of(job)
    return {
        "path": str(path),
        "job": text,
        "suggestion": taken.as_dict() if taken else None,
        "changed": [each.model_dump(mode="json") for each in parent.changed] if parent else [],
        "command": f"postgrad train {quoted(path)}",
    }


def family(folder: str | Path) -> dict[str, Any]:
    """The runs beside a run, or in a folder of runs, each under the run that it was made from.

    Returns:
        `folder`, and `runs`: trees of `run`, `verdict`, `ship`, `primary`, `gates`, `changed`,
        `missing_parent` and `children`.

    Raises:
        RunError: there is no run.
    """
    place = Path(folder).expanduser()
    if place.is_dir() and not RunFolder(place).job.exists() and members(place):
        home = place
    else:
        home = open_run(place).path.absolute().parent
    return {"folder": str(home), "runs": [_branch(each) for each in trees(home)]}


def what_changed(folder: str | Path) -> dict[str, Any]:
    """What a run has otherwise than the run that it was made from, and what came of it.

    Returns:
        `run`, `parent` (its folder is null where it is gone), `why`, `changed` settings; `data`
        and `code`: `old`, `new` and `same`, which is null where one is not known; `old` and `new`:
        verdict, ship, primary, gates.

    Raises:
        RunError: no run, or one that was made from no other.
    """
    run = open_run(folder)
    told = member_of(run)
    parent = parent_of(told.job) if told else None
    if told is None or parent is None:
        raise RunError(
            f"{run.path} was not made from another run.",
            why="Only a job that postgrad next wrote says which run it came from.",
            fix=f"Set any two side by side: postgrad compare RUN {quoted(run.path)}",
            code="no_parent",
        )
    before = find_parent(told.job, run.path.absolute().parent)
    changed = differences(before.job, told.job) if before else parent.changed
    return {
        "run": str(run.path),
        "parent": {
            "name": before.name if before else parent.name,
            "folder": str(before.run.path) if before else None,
            "job_sha256": parent.job_sha256,
        },
        "why": parent.why,
        "changed": [each.model_dump(mode="json") for each in changed],
        "data": _pair(parent.data_sha256, told.report.dataset.sha256 if told.report else None),
        "code": _pair(_code(before), _code(told)),
        "old": standing(before) if before else None,
        "new": standing(told),
    }


def _report(run: RunFolder) -> Report:
    if not run.report_json.exists():
        raise unfinished(run)
    return read_report(run.report_json)


def _suggestions(run: RunFolder, report: Report) -> list[Suggestion]:
    try:
        diagnosis = json.loads(run.data_report.read_text(encoding="utf-8"))
        lines = {each["code"]: each["by_file"] for each in diagnosis["findings"]}
    except (OSError, ValueError, KeyError):
        lines = {}  # a run from before there was one; the report has the first line of each
    return ask_rules(report, lines)


def _judged(run: RunFolder, report: Report) -> int:
    """Runs that were judged on this one's test rows by now, itself among them."""
    try:
        answers = load_answers(run, "tuned")
    except RunError:  # somebody tidied up: then what the report counted is what is known
        return report.looks.number if report.looks else 1
    return looks_at(run, read_job(run.job), answers, report.dataset.sha256).number


def _taken(
    found: list[Suggestion], take: int | None, has_changes: bool, run: RunFolder
) -> Suggestion | None:
    """The suggestion that becomes a job; None: the user's own changes alone do."""
    if take is None:
        if has_changes:
            return None
        ready = [each for each in found if each.changes and not _waits(each)]
        if not ready:
            raise JobError(
                f"None of the {len(found)} suggestions is a job that could run now.",
                why="They are about the data, or say to stop.",
                fix=f"Read them: postgrad next {quoted(run.path)}. Or change what you like: "
                "--set KEY=VALUE",
                code="no_suggestion",
            )
        return ready[0]
    if not 1 <= take <= len(found):
        raise JobError(
            f"There is no suggestion {take}.",
            why=f"This run gives {len(found)}.",
            fix=f"See them: postgrad next {quoted(run.path)}",
            code="no_suggestion",
        )
    chosen = found[take - 1]
    if not chosen.changes:
        raise JobError(
            f"Suggestion {take} is no job: {chosen.title}.",
            why="It changes no setting.",
            fix=chosen.do or chosen.expect,
            code="no_job",
        )
    if _waits(chosen):
        raise JobError(
            f"Suggestion {take} needs its data first: {chosen.changes[0].new} is not there.",
            why="A job is written only when it can run.",
            fix=f"Run: {chosen.command}",
            code="data_first",
        )
    return chosen


def _waits(suggestion: Suggestion) -> bool:
    """Whether its command has not been run yet."""
    return bool(suggestion.command) and not Path(str(suggestion.changes[0].new)).exists()


def _made(
    run: RunFolder, report: Report, taken: Suggestion | None, own: Mapping[str, Any]
) -> tuple[Job, dict[str, str]]:
    """The next job, and by key where its values come from."""
    before = load_job(run.job)
    name = run.path.absolute().name
    sources = _sources(run, before)
    job = before.replace(_kept_data(run, before, sources))
    wanted = {change.key: change.new for change in taken.changes} if taken else {}
    given = {**wanted, **own}
    for key in given:
        for derived in FOLLOWS.get(key, ()):
            if derived in sources and derived not in given:
                job = job.replace({derived: None})
                sources[derived] = f"derived anew when it runs, because {key} changed"
    job = load_job(job, given)
    job = job.replace(
        {
            "lineage.parent": name,
            "lineage.folder": str(run.path.absolute()),
            "lineage.job_sha256": report.job_sha256,
            "lineage.data_sha256": report.dataset.sha256 or None,
            "lineage.why": _one_line(taken.evidence) if taken else "",
        }
    )
    job = made_from(job, before)
    for key in given:
        why = taken.evidence if taken and key in wanted and key not in own else "your change"
        sources[key] = _one_line(f"{name} had {job.lineage.was.get(key, 'the same')}: {why}")
    return job, sources


def _sources(run: RunFolder, job: Job) -> dict[str, str]:
    """By key where a run's values come from; what it took over from its parent, from there."""
    found = read_sources(run.job.read_text(encoding="utf-8"))
    parent = find_parent(job, run.path.absolute().parent)
    if parent:
        changed = {each.key for each in differences(parent.job, job)}
        above = _sources(parent.run, parent.job)
        found |= {key: text for key, text in above.items() if key not in changed | found.keys()}
    return found


def _kept_data(run: RunFolder, job: Job, sources: dict[str, str]) -> dict[str, Any]:
    """Where the data file is gone: the rows that the run itself keeps, split as they were. With
    canaries among them they are no longer the user's own alone."""
    if Path(job.data.train).exists() or job.data.canaries:
        return {}
    names = ("train", "valid", "test")
    for name in names:
        sources[f"data.{name}"] = f"{job.data.train} is gone: the rows that the run keeps"
    return {f"data.{name}": str(run.split(name).absolute()) for name in names} | {
        "data.format": None
    }


def _one_line(text: str) -> str:
    """Fit for a comment: in one line, without signs that YAML does not allow."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def _branch(branch: Branch) -> dict[str, Any]:
    return {
        "run": branch.member.name,
        **standing(branch.member),
        "changed": [each.model_dump(mode="json") for each in branch.changed],
        "missing_parent": branch.missing or None,
        "children": [_branch(each) for each in branch.children],
    }


def _pair(old: Any, new: Any) -> dict[str, Any]:
    return {"old": old, "new": new, "same": None if not old or not new else old == new}


def _code(member: Member | None) -> dict[str, Any] | None:
    return member.code if member else None
