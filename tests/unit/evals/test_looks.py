"""How many runs were judged on the same test rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answered_run import Row, answered_run
from postgrad.core.job import Job
from postgrad.core.job_file import parse_job
from postgrad.core.report import Looks
from postgrad.core.run import RunFolder
from postgrad.evals.looks import looks_at
from postgrad.evals.stored_answers import load_answers

DATA = "of all runs here"


def rows(first: int, count: int = 20) -> list[Row]:
    return [(f"Question {at}?", f"wanted {at}", "a", "b") for at in range(first, first + count)]


def judged(place: Path, seed: int, asked: list[Row] | None = None, **lineage: object) -> RunFolder:
    """A finished run whose job has this seed, with its looks in its report."""
    told = {f"lineage__{key}": value for key, value in lineage.items()}
    run = answered_run(place, asked or rows(0), training__seed=seed, **told)
    report = json.loads(run.report_json.read_text("utf-8"))
    report["created"] = f"2026-01-01T00:00:{seed:02}Z"
    report["looks"] = looks(run).model_dump()
    report["parent"] = {"folder": lineage.get("folder", "")} if lineage else None
    run.report_json.write_text(json.dumps(report))
    return run


def looks(run: RunFolder, before: str = "") -> Looks:
    job = Job.build(parse_job(run.job.read_text("utf-8")))
    return looks_at(run, job, load_answers(run, "tuned"), DATA, before=before)


def test_runs_on_the_same_rows_are_counted(tmp_path: Path) -> None:
    """Whether or not one was made from the other; other tests, and what is no run, do not count."""
    assert looks(judged(tmp_path / "first", 1)).number == 1
    judged(tmp_path / "other test", 2, rows(100))
    (tmp_path / "notes").mkdir()
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "report.json").write_text("{")
    second = judged(tmp_path / "second", 3)
    assert looks(second).number == 2
    third = looks(judged(tmp_path / "third", 4))
    assert third.number == 3
    assert third.level == pytest.approx(0.05 / 3)
    assert len(third.earlier) == 2
    assert looks(second, before="2026-01-01T00:00:03Z").number == 2


@pytest.mark.parametrize(("shared", "number"), [(20, 2), (10, 2), (9, 1), (0, 1)])
def test_half_the_rows_are_the_same_test(tmp_path: Path, shared: int, number: int) -> None:
    judged(tmp_path / "first", 1, rows(0))
    assert looks(judged(tmp_path / "second", 2, rows(20 - shared))).number == number


def test_the_same_job_again_is_no_further_look(tmp_path: Path) -> None:
    judged(tmp_path / "first", 1)
    assert looks(judged(tmp_path / "again", 1)).number == 1


def test_what_was_deleted_stays_counted(tmp_path: Path) -> None:
    for seed in (1, 2):
        judged(tmp_path / f"run-{seed}", seed)
    shutil.rmtree(tmp_path / "run-1")
    assert looks(judged(tmp_path / "run-3", 3)).number == 3


def test_a_line_is_followed_to_other_folders(tmp_path: Path) -> None:
    judged(tmp_path / "old" / "first", 1)
    above = {"parent": "first", "folder": str(tmp_path / "old" / "first")}
    judged(tmp_path / "new" / "second", 2, **above)
    above = {"parent": "second", "folder": str(tmp_path / "new" / "second")}
    assert looks(judged(tmp_path / "newest" / "third", 3, **above)).number == 3
    fresh = judged(tmp_path / "newest" / "fourth", 4, rows(100), **above)
    assert looks(fresh).number == 1


def test_a_parent_that_is_gone_counts_where_the_data_are_the_same(tmp_path: Path) -> None:
    above = {"parent": "gone", "folder": str(tmp_path / "gone" / "run"), "job_sha256": "0f"}
    assert looks(judged(tmp_path / "a" / "run", 1, **above, data_sha256=DATA)).number == 2
    assert looks(judged(tmp_path / "b" / "run", 1, **above, data_sha256="of others")).number == 1


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_a_run_is_counted_once_and_never_by_itself(
    tmp_path_factory: pytest.TempPathFactory, seeds: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    for at, seed in enumerate(seeds):
        found = looks(judged(folder / f"run-{at}", seed, rows(0, 2)))
        assert found.number == len(set(seeds[: at + 1])) == len(found.earlier) + 1
