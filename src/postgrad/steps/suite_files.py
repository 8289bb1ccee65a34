"""Suite files: what was asked of public suites, stored in a run, and what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading, Who
from postgrad.core.report import ProbeReport
from postgrad.core.run import RunFolder
from postgrad.core.suite import SuiteResult
from postgrad.errors import RunError
from postgrad.evals.suite_reports import suite_reports
from postgrad.training.checkpoint import flush


def store_results(run: RunFolder, results: Mapping[Who, Sequence[SuiteResult]]) -> None:
    """Write what both models made of some tasks; earlier results of these are replaced.

    The description comes last: where it is new, the readings of both models are.
    """
    run.suites.mkdir(exist_ok=True)
    for base, tuned in zip(results["base"], results["tuned"], strict=True):
        run.suite_task(base.name).unlink(missing_ok=True)
        for who, result in (("base", base), ("tuned", tuned)):
            lines = [
                json.dumps(reading.as_dict(), ensure_ascii=False) + "\n"
                for reading in result.readings
            ]
            _write(run.suite_readings(base.name, who), "".join(lines))
        head = json.dumps(base.head(), ensure_ascii=False, indent=2)
        _write(run.suite_task(base.name), head + "\n")


def judge_stored(run: RunFolder, criteria: Criteria) -> list[ProbeReport]:
    """What every stored task says; needs no model.

    Raises:
        RunError: a file is damaged, or the two models were not asked the same.
    """
    results = [
        (_load(run, path, "base"), _load(run, path, "tuned"))
        for path in sorted(run.suites.glob("*.json"))
    ]
    return suite_reports([pair for pair in results if pair[0].readings], criteria)


def _load(run: RunFolder, path: Path, who: str) -> SuiteResult:
    try:
        head: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        # not splitlines: it also cuts at signs that JSON leaves as they are, such as U+2028
        lines = run.suite_readings(path.stem, who).read_text(encoding="utf-8").split("\n")
        readings = tuple(Reading.from_dict(json.loads(line)) for line in lines if line)
        return SuiteResult.from_head(head, readings)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"What the {who} model made of {path.stem} can't be read: {error}.",
            fix=f"Ask again with: postgrad eval {run.path} --suite SUITE:TASK. Or remove {path}.",
            code="no_readings",
        ) from error


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8", errors="backslashreplace")
    flush(unfinished)
    unfinished.rename(path)
