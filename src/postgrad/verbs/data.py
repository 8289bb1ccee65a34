"""The verbs about data: what is wrong with it, and what is done about that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from postgrad.core.job import Job
from postgrad.reports.data_page import render_data_page
from postgrad.reports.findings import with_commands
from postgrad.reports.write import refuse_unless_page, write_page
from postgrad.verbs.asking import OnEvent, ignore, scratch_step
from postgrad.verbs.jobs import JobSource, load_job


def check(
    source: JobSource,
    *,
    on_base: bool = False,
    rules: Sequence[str] | None = None,
    page: str | Path | None = None,
    on_event: OnEvent = ignore,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What is wrong with the data of a job; nothing is trained.

    Args:
        source: a job or a data file.
        on_base: look at the data as the job's base model will see it: tokens are counted, what
            its chat template refuses and what is cut are found.
        rules: names of the rules to run; None: every one that is not optional.
        page: write the findings and the rows as a page (.html) here; None: no page.
        on_event: called with each event.
        changes: dotted keys with new values.

    Raises:
        DataError: a file can't be read at all.
        JobError: the page's name does not end in .html, or another file is there.
    """
    job = load_job(source, changes)
    place = Path(page).expanduser() if page else None
    if place:
        refuse_unless_page(place)
    request = {"job": job.model_dump(), "rules": rules, "page": bool(place)}
    found = scratch_step(job, "check_on_base" if on_base else "check", request, on_event)
    shown = found.pop("page", None)
    named = str(source) if isinstance(source, str | Path) else None
    found = with_commands(found, named, changes or {})
    if place:
        write_page(render_data_page(found, shown), place)
    return found


def clean(
    source: JobSource,
    output: str | Path,
    *,
    on_base: bool = False,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    on_event: OnEvent = ignore,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a data file without the defects that can be mended, and a log of every decision.

    A defect row is left out or mended in place; every other line stays byte for byte. Beside
    OUT.jsonl, OUT.decisions.jsonl says what was done and why, and `restore` undoes it.

    Args:
        source: a data file, or a job, whose training file is cleaned.
        output: a file that does not exist yet, ending in .jsonl.
        on_base: leave out, too, what the job's base model can't be trained on.
        only: codes of findings to mend; none: all that can be mended.
        without: codes of findings to leave as they are.
        on_event: called with each event.
        changes: dotted keys of the job with new values.

    Returns:
        `path`, `log`, `rows` (before and after), `left_out`, `changed`, `by_code` (rows touched),
        `left` (rows that still have a finding), and the sha256 of both files.

    Raises:
        DataError: the source can't be read, or the output is already there.
        JobError: there is no such finding, or it can't be mended by a program.
    """
    job = load_job(source, changes)
    request = {
        "job": job.model_dump(),
        "output": str(Path(output).expanduser().absolute()),
        "only": list(only),
        "without": list(without),
    }
    return scratch_step(job, "clean_on_base" if on_base else "clean", request, on_event)


def restore(
    cleaned: str | Path, target: str | Path | None = None, *, on_event: OnEvent = ignore
) -> dict[str, Any]:
    """Write the original of a cleaned file again, the same bytes.

    Args:
        cleaned: what `clean` wrote, with its decision log beside it.
        target: a file that does not exist yet; None: the original's name, beside the cleaned file.
        on_event: called with each event.

    Returns:
        `path`, `sha256`, and `was_there`: the original was there already, unchanged.

    Raises:
        DataError: the log is missing, or the file or its log was changed.
    """
    request = {
        "output": str(Path(cleaned).expanduser().absolute()),
        "target": str(Path(target).expanduser().absolute()) if target else None,
    }
    job = Job.build({"data": {"train": ""}})
    return scratch_step(job, "restore", request, on_event)
