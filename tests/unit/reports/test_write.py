"""The three files, the way back, and the published schema."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from postgrad.core.report import Report, report_schema
from postgrad.core.run import RunFolder
from postgrad.errors import InternalError, RunError, SetupError
from postgrad.reports import read_report, schema, write_report

DOCS = Path(__file__).parents[3] / "docs"


def test_what_is_written_is_read_back(tmp_path: Path, any_report: Report) -> None:
    folder = RunFolder(tmp_path / "run")
    write_report(any_report, folder)
    assert read_report(folder.report_json) == any_report
    assert read_report(folder.path) == any_report
    names = sorted(path.name for path in folder.path.iterdir())
    assert names == ["report.html", "report.json", "report.md"]
    jsonschema.validate(json.loads(folder.report_json.read_text("utf-8")), report_schema())


def test_written_again_it_replaces(tmp_path: Path, make_report: Any) -> None:
    folder = RunFolder(tmp_path)
    write_report(make_report("better"), folder)
    write_report(make_report("worse"), folder)
    assert read_report(tmp_path).verdict == "worse"
    assert "Worse" in folder.report_html.read_text("utf-8")


def test_a_number_that_is_not_finite_is_named(tmp_path: Path, report: Report) -> None:
    training = report.training.model_copy(update={"final_train_loss": math.nan})
    with pytest.raises(InternalError, match=r"training\.final_train_loss"):
        write_report(report.model_copy(update={"training": training}), RunFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written(tmp_path: Path, report: Report) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SetupError, match="Can't write"):
        write_report(report, RunFolder(tmp_path / "file"))


def test_a_failed_write_leaves_the_last_report(
    tmp_path: Path, make_report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(make_report("better"), RunFolder(tmp_path))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SetupError, match="No space left"):
        write_report(make_report("worse"), RunFolder(tmp_path))
    assert read_report(tmp_path).verdict == "better"
    assert len(list(tmp_path.iterdir())) == 3


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no report") as caught:
        read_report(tmp_path)
    assert caught.value.code == "report_missing"
    assert f"postgrad report {tmp_path}" in caught.value.fix


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"verdict": "better"}', '"\\ud800"'])
def test_not_a_report(tmp_path: Path, content: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(RunError, match="is not a report") as caught:
        read_report(path)
    assert caught.value.code == "not_a_report"


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match="can't be read"):
        read_report(path)


def test_half_a_character_can_be_written(tmp_path: Path, report: Report) -> None:
    example = report.examples[0].model_copy(update={"tuned": '{"a": "\\ud800"}'})
    write_report(report.model_copy(update={"examples": [example]}), RunFolder(tmp_path))
    assert "\\ud800" in (tmp_path / "report.html").read_text("utf-8")


def test_published_schema_is_up_to_date() -> None:
    again = "Run: python -m postgrad.reports.schema docs"
    assert (DOCS / "report.schema.json").read_text("utf-8") == schema.schema_text(), again
    page = (DOCS / "report.md").read_text("utf-8")
    assert page == schema.with_tables(page), again
