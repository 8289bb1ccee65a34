"""Write and read `report.json`, `report.md` and `report.html` of a run; write other pages."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from postgrad.core.report import SCHEMA_VERSION, Report
from postgrad.core.run import RunFolder
from postgrad.errors import InternalError, JobError, RunError, SetupError
from postgrad.reports.markdown import render_markdown
from postgrad.reports.page import render_html

GENERATOR = b'<meta name="generator" content="postgrad">'
HEAD_BYTES = 2048
"""By this line near its beginning a page of ours is known."""


def write_report(report: Report, folder: RunFolder) -> None:
    """Write the report's three files into a run's folder.

    Each file appears whole or not at all; `report.json` comes last, so where it is new, all are.

    Raises:
        InternalError: the report holds a number that is not finite, which JSON can't say.
        SetupError: the folder can't be written.
    """
    bad = _not_finite(report.model_dump(), "")
    if bad:
        raise InternalError(
            f"{bad} of the report is not a finite number.",
            why="report.json can't hold it, and no verdict should rest on it.",
            fix="Please report it to the project, with the run's events.jsonl.",
            code="report_not_finite",
        )
    texts = {
        folder.report_markdown: render_markdown(report),
        folder.report_html: render_html(report),
        folder.report_json: report.model_dump_json(indent=2) + "\n",
    }
    for path, text in texts.items():
        _replace(path, text, f"postgrad report {path.parent}")


def read_report(path: str | os.PathLike[str]) -> Report:
    """Read a report from its `report.json` or from the run's folder.

    Raises:
        RunError: there is none, or the file is not a report of a version that is known here.
    """
    place = Path(path)
    place = RunFolder(place).report_json if place.is_dir() else place
    try:
        content = place.read_text("utf-8")
    except FileNotFoundError:
        raise RunError(
            f"There is no report at {place}.",
            why="It is written when a run's evaluation ends.",
            fix=f"Make it with: postgrad report {place.parent}",
            code="report_missing",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{place} can't be read: {error}.", code="report_unreadable") from error
    try:
        return Report.model_validate_json(content)
    except ValidationError as error:
        raise _not_a_report(place, error) from None


def refuse_unless_page(path: Path, option: str = "--html") -> None:
    """See that a page can be written here: at most another page of ours is overwritten.

    Args:
        path: of the page.
        option: that named it.

    Raises:
        JobError: the name does not end in .html, or another file is there.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise JobError(
            f"{path} does not end in .html.",
            why="What is written is a page for a browser.",
            fix=f"{option} {path.with_suffix('.html').name}",
            code="not_a_page",
        )
    if not path.exists():
        return
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if GENERATOR not in head:
        raise JobError(
            f"{path} is already there, and postgrad did not write it.",
            why="Only pages of postgrad are overwritten.",
            fix=f"Choose another name with {option}.",
            code="page_exists",
        )


def write_page(html: str, path: Path) -> None:
    """Write a page, whole or not at all.

    Raises:
        SetupError: the folder can't be written.
    """
    _replace(path, html, "the same command again")


def _not_a_report(path: Path, error: ValidationError) -> RunError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return RunError(
        f"{path} is not a report.",
        why=f"{where}: {first['msg']} (report.json, schema version {SCHEMA_VERSION}).",
        fix=f"Make it again with: postgrad report {path.parent}",
        code="not_a_report",
    )


def _not_finite(value: Any, where: str) -> str:
    if isinstance(value, float):
        return "" if math.isfinite(value) else where
    items: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        items = list(cast("Mapping[Any, Any]", value).items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(cast("list[Any]", value)))
    for key, item in items:
        if bad := _not_finite(item, f"{where}.{key}" if where else str(key)):
            return bad
    return ""


def _replace(path: Path, text: str, again: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise SetupError(
            f"Can't write {path}: {error.strerror or error}.",
            fix=f"Free some space or check the rights, then: {again}",
            code="report_not_written",
        ) from error
