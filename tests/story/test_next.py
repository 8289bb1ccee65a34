"""From a run to its next run: the job is written, trains, and both know of each other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from desk import Finished
from postgrad import verbs
from postgrad.core.job_file import parse_job, read_sources
from postgrad.core.run import RunFolder
from postgrad.errors import JobError, RunError


@pytest.fixture(scope="module")
def line(finished: Finished, workers_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: the first, and a second that was made from it by the command line."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copytree(finished.folder, folder / "first")
    desk, job = finished.desk, folder / "next.yaml"
    own = ("--set", "training.epochs=1", "--set", "evaluation.effort=none")
    printed = desk.call_here("next", folder / "first", *own, "-o", job)
    assert "training.epochs: 6 -> 1" in printed
    text = job.read_text("utf-8")
    job.write_text(text.replace("rank: 16", "rank: 4"))  # by hand
    desk.call_here("train", job, "--set", "training.seed=0", "--out", folder / "second")
    return folder


def called(finished: Finished, *arguments: object) -> dict[str, Any]:
    return json.loads(finished.desk.call_here("next", *arguments, "--json"))


def test_suggestions_from_the_command_line(finished: Finished) -> None:
    found = called(finished, finished.folder)
    assert len(found["suggestions"]) <= 3
    shown = finished.desk.call_here("next", finished.folder)
    assert found["headline"] in shown
    assert "So far one run was judged on these test rows" in shown
    for each in found["suggestions"]:
        assert each["title"] in shown
        assert each["evidence"] in shown


def test_the_job_is_complete_and_says_where_it_is_from(line: Path) -> None:
    text = (line / "next.yaml").read_text("utf-8")
    job = verbs.load_job(line / "next.yaml")
    first = verbs.load_job(line / "first" / "job.yaml")
    assert parse_job(text)["lineage"]["parent"] == "first"
    assert job.training.epochs == 1
    assert job.lineage.was == {"training.epochs": 6.0, "evaluation.effort": "quick"}
    assert job.data == first.data
    sources = read_sources(text)
    assert sources["training.epochs"] == "first had 6.0: your change"
    assert sources["data.format"] == "detected"  # as the first run says


def test_the_report_of_the_next_run_knows_its_parent(line: Path) -> None:
    report = verbs.report(line / "second").report
    assert report.parent is not None
    assert report.parent.name == "first"
    changed = {each.key: (each.old, each.new) for each in report.parent.changed}
    assert changed == {
        "method.rank": (16, 4),  # what was changed by hand is told too
        "training.epochs": (6.0, 1.0),
        "evaluation.effort": ("quick", "none"),
    }
    assert report.parent.data_sha256 == report.dataset.sha256
    assert report.looks is not None
    assert report.looks.number == 2
    sources = {each.key: each.source for each in report.settings}
    assert sources["method.rank"] == "changed: in first it was 16"
    assert sources["training.learning_rate"] == "as in first"


def test_what_came_later_is_told_but_changes_no_report(line: Path) -> None:
    assert verbs.suggest(line / "first")["judged"] == 2
    first = verbs.report(line / "first").report
    assert first.looks is not None
    assert first.looks.number == 1


def test_a_tree_of_the_runs(finished: Finished, line: Path) -> None:
    found = called(finished, line / "second", "--tree")
    assert found == called(finished, line, "--tree")
    [first] = found["runs"]
    [second] = first["children"]
    assert (first["run"], second["run"]) == ("first", "second")
    assert first["verdict"] == "better"
    assert first["gates"]["stop_rate"] is True
    assert {each["key"] for each in second["changed"]} >= {"training.epochs", "method.rank"}
    shown = finished.desk.call_here("next", line, "--tree")
    assert "└─ second" in shown
    assert "training.epochs: 6 -> 1" in shown


def test_what_changed_from_run_to_run(finished: Finished, line: Path) -> None:
    found = called(finished, line / "second", "--diff")
    assert found["parent"]["name"] == "first"
    assert found["data"]["same"] is True
    assert found["code"]["same"] is True
    assert found["old"]["verdict"] == "better"
    shown = finished.desk.call_here("next", line / "second", "--diff")
    assert "training.epochs: 6 -> 1" in shown
    assert f"postgrad compare {line / 'first'} {line / 'second'}" in shown
    compared = json.loads(
        finished.desk.call_here("compare", line / "first", line / "second", "--json")
    )
    assert {each["key"] for each in compared["settings"]} == {
        each["key"] for each in found["changed"]
    }


def test_a_line_survives_moving_and_renaming(line: Path, tmp_path: Path) -> None:
    """Found by the hash of its job, and where the parent is gone, the child still tells."""
    moved = tmp_path / "elsewhere"
    shutil.copytree(line / "first", moved / "renamed")
    shutil.copytree(line / "second", moved / "second")
    job = moved / "second" / "job.yaml"
    job.write_text(job.read_text("utf-8").replace(str(line / "first"), str(tmp_path / "gone")))
    found = verbs.what_changed(moved / "second")
    assert found["parent"]["name"] == "renamed"
    [tree] = verbs.family(moved)["runs"]
    assert [each["run"] for each in tree["children"]] == ["second"]

    shutil.rmtree(moved / "renamed")
    alone = verbs.what_changed(moved / "second")
    assert alone["parent"]["folder"] is None
    assert alone["changed"] == found["changed"]
    assert alone["data"]["same"] is True
    [orphan] = verbs.family(moved)["runs"]
    assert orphan["missing_parent"] == "first"


def test_a_suggestion_becomes_a_job_that_loads(line: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(line / "first", run)
    place = RunFolder(run).report_json
    report = json.loads(place.read_text("utf-8"))
    report["verdict"], report["ship"] = "worse", False
    place.write_text(json.dumps(report))
    found = verbs.suggest(run)["suggestions"]
    number = next(i for i, each in enumerate(found, 1) if each["name"] == "lower_rate")
    made = verbs.next_job(run, take=number, output=tmp_path / "a.yaml")
    job = verbs.load_job(tmp_path / "a.yaml")
    assert job.training.learning_rate == 0.0033
    assert job.lineage.why == found[number - 1]["evidence"]
    source = read_sources(made["job"])["training.learning_rate"]
    assert source == f"run had 0.01: {found[number - 1]['evidence']}"
    on_top = verbs.next_job(
        run, take=number, output=tmp_path / "b.yaml", changes={"training.epochs": 2}
    )
    assert [each["key"] for each in on_top["changed"]] == [
        "training.epochs",
        "training.learning_rate",
    ]
    with pytest.raises(JobError) as caught:
        verbs.next_job(run, take=number, output=tmp_path / "a.yaml")
    assert caught.value.code == "job_exists"
    with pytest.raises(JobError) as caught:
        verbs.next_job(run, take=9, output=tmp_path / "c.yaml")
    assert caught.value.code == "no_suggestion"


def test_mended_data_comes_before_its_job(line: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(line / "first", run)
    place = RunFolder(run).report_json
    report = json.loads(place.read_text("utf-8")) | {"probes": []}
    data = tmp_path / "rows.jsonl"
    data.write_text((line / "first" / "data" / "train.jsonl").read_text("utf-8"))
    example = {"file": "rows.jsonl", "line": 1, "path": "", "what": "no"}
    report["dataset"]["findings"] = [
        {
            "code": "contradiction",
            "severity": "hurts",
            "title": "the same question, another answer",
            "count": 3,
            "share_of_trained_tokens": 0.1,
            "example": example,
            "cleaned": True,
        }
    ]
    for each in report["settings"]:
        if each["key"] == "data.train":
            each["value"] = str(data)
    place.write_text(json.dumps(report))
    found = verbs.suggest(run)["suggestions"]
    number = next(i for i, each in enumerate(found, 1) if each["name"] == "mend_data")
    with pytest.raises(JobError) as caught:
        verbs.next_job(run, take=number, output=tmp_path / "next.yaml")
    assert caught.value.code == "data_first"
    assert caught.value.fix == f"Run: {found[number - 1]['command']}"
    assert not (tmp_path / "next.yaml").exists()
    (tmp_path / "rows-clean.jsonl").write_text(data.read_text("utf-8"))
    made = verbs.next_job(run, take=number, output=tmp_path / "next.yaml")
    job = verbs.load_job(tmp_path / "next.yaml")
    assert job.data.train == str(tmp_path / "rows-clean.jsonl")
    assert job.training.max_length is None  # it was derived from the rows
    assert "data.train changed" in read_sources(made["job"])["training.max_length"]


def test_where_the_data_is_gone_the_run_s_own_rows_are_taken(
    train_here: Any, tmp_path: Path
) -> None:
    rows = tmp_path / "colours.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in _rows()))
    first = train_here(rows, "first", training__epochs=1).report
    rows.unlink()
    verbs.next_job(tmp_path / "first", output=tmp_path / "n.yaml", changes={"training.seed": 1})
    second = train_here(verbs.load_job(tmp_path / "n.yaml"), "second", training__epochs=1).report
    assert second.dataset.rows == first.dataset.rows
    assert second.primary.n == first.primary.n
    assert second.parent is not None
    assert second.parent.name == "first"


def _rows() -> list[dict[str, str]]:
    colours = {"red": "warm", "blue": "cold", "orange": "warm", "green": "cold"}
    names = list(colours)
    return [
        {"prompt": f"{names[i % 4]} {i}", "completion": colours[names[i % 4]]} for i in range(40)
    ]


def test_what_is_no_line(line: Path, finished: Finished) -> None:
    with pytest.raises(RunError) as caught:
        verbs.what_changed(line / "first")
    assert caught.value.code == "no_parent"
    printed = finished.desk.call_here("next", line / "first", "--tree", "--diff", code=1)
    assert "each by itself" in printed
