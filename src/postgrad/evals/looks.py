"""Looks at the test: which other runs were judged on a run's test rows, as far as folders tell.

The best of several runs is the best partly by luck, and what is tried next was learned from the
test too: each run that is judged on the same rows makes them less fresh. Held-out rows guarantee
nothing once they are used again for choices that rest on them (Dwork et al. 2017, "Guilt-Free Data
Reuse", Communications of the ACM 60(4); Blum and Hardt 2015, arXiv:1502.04585); in over a hundred
competitions on Kaggle that did little harm (Roelofs et al. 2019, "A Meta-Analysis of Overfitting in
Machine Learning", NeurIPS). So the count is told and the verdict stays.

    level = significance / runs          (Bonferroni: the chance that any of them seems better)

Bonferroni covers runs that were planned before the first was judged; for runs that answer to each
other's results no simple level does, which is why fresh rows are asked for.

A look is a run with answers and a report, whose job is another. Asking the same run again is none:
it is the same model, and nothing was chosen. A run is known by the sha256 of its job, and each
report keeps those that its relatives kept, so that a run stays counted when it is deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgrad.core.job import Job
from postgrad.core.report import Looks
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer
from postgrad.errors import RunError
from postgrad.evals.stored_answers import load_answers

MOST = 0.5
"""Share of a run's test rows that another must have been asked, to be a look at the same test. A
judgement: data that was cleaned in between is split nearly as before, and is still that test."""

Row = tuple[str, str]
"""What is asked, without the system's turns, and the wanted answer."""


@dataclass(frozen=True, slots=True)
class _Other:
    """A judged run: what its folder says."""

    sha256: str
    created: str
    earlier: tuple[str, ...]
    above: str
    """Where its own parent lay; "" if it has none."""
    rows: frozenset[Row]


def looks_at(
    run: RunFolder,
    job: Job,
    answers: Sequence[Answer],
    data_sha256: str,
    *,
    before: str = "",
) -> Looks:
    """How many runs were judged on a run's test rows, itself counted as the last of them.

    Looked through are the folder that the run lies in, and those in which the runs that it was made
    from lay.

    Args:
        run: with its job.yaml.
        job: of the run, with its lineage.
        answers: to its test rows.
        data_sha256: of its data.
        before: only runs judged before this moment count (UTC, ISO 8601); "": all there are.
    """
    rows = frozenset(map(_row, answers))
    told = job.lineage
    earlier = {
        sha256
        for other in _others(run, told.folder or "", rows)
        if not before or other.created < before
        for sha256 in (other.sha256, *other.earlier)
    }
    if told.job_sha256 and told.data_sha256 == data_sha256:
        earlier.add(told.job_sha256)  # its parent, where that is gone
    earlier.discard(_sha256(run.job))
    number = len(earlier) + 1
    level = job.evaluation.significance / number
    return Looks(number=number, earlier=sorted(earlier), level=level)


def _others(run: RunFolder, above: str, rows: frozenset[Row]) -> Iterator[_Other]:
    """The other judged runs that were asked most of these rows."""
    own = run.path.absolute()
    waiting, seen = [own.parent, *_homes(above)], set[Path]()
    while waiting:
        home = waiting.pop()
        if home in seen or not home.is_dir():
            continue
        seen.add(home)
        for place in sorted(home.iterdir()):
            other = None if place == own else _judged(RunFolder(place))
            if other and len(rows & other.rows) >= MOST * len(rows):
                waiting += _homes(other.above)
                yield other


def _homes(lay: str) -> list[Path]:
    return [Path(lay).absolute().parent] if lay else []


def _judged(run: RunFolder) -> _Other | None:
    """What a run's folder says; None: it holds no judged run, or none that can be read."""
    try:
        report: dict[str, Any] = json.loads(run.report_json.read_text(encoding="utf-8"))
        looks, parent = report.get("looks") or {}, report.get("parent") or {}
        return _Other(
            _sha256(run.job),
            str(report["created"]),
            tuple(map(str, looks.get("earlier", ()))),
            str(parent.get("folder", "")),
            frozenset(map(_row, load_answers(run, "tuned"))),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RunError):
        return None


def _row(answer: Answer) -> Row:
    said = [str(turn.get("content")) for turn in answer.prompt if turn.get("role") != "system"]
    return "\x1e".join(said), answer.reference


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
