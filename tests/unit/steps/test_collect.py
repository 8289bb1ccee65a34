"""Collecting as a whole: whole files or none, told as it goes, and stopped when asked."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

import postgrad
from collecting import gather, read_lines, write
from postgrad.core.interfaces import StepContext
from postgrad.data.collect.output import Output
from postgrad.errors import DataError, Interrupted, SetupError
from postgrad.steps.collect import collect


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, {f"book/{n:03}.md": f"Words of page {n}." for n in range(40)})


def request(folder: Path, **more: object) -> dict[str, Any]:
    place = {"folder": str(folder), "output": str(folder / "out.jsonl")}
    return {"sources": ["book"], "settings": {}, **place, **more}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_verb_in_a_worker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = postgrad.collect("book", "out.jsonl", changes={"whole_documents": True})
    assert found["path"] == str(folder / "out.jsonl")
    assert found["command"] == f"postgrad data check {folder / 'out.jsonl'}"
    assert found["skipped_path"] is None
    assert len(read_lines(folder / "out.jsonl")) == found["rows"] == 40
    checked = postgrad.check(folder / "out.jsonl")
    assert checked["problem"] is None


def test_progress_is_told(folder: Path) -> None:
    events = gather(folder, "book").events
    assert events[0].kind == "stage"
    told = [event for event in events if event.kind == "progress"]
    assert (told[-1]["done"], told[-1]["total"], told[-1]["unit"]) == (40, 40, "documents")


def test_nothing_is_overwritten(folder: Path) -> None:
    for name in ("out.jsonl", "out.skipped.jsonl"):
        (folder / name).write_text("mine")
        with pytest.raises(DataError) as caught:
            gather(folder, "book")
        assert caught.value.code == "output_exists"
        assert (folder / name).read_text() == "mine"
        (folder / name).unlink()
    for name, code in (("out.csv", "wrong_output"), ("no/out.jsonl", "wrong_output")):
        with pytest.raises(DataError) as caught:
            gather(folder, "book", out=name)
        assert caught.value.code == code
    assert names(folder) == {"book"}


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "book" / "z.png").write_text("x")
    finish = Output.finish

    def late(output: Output) -> list[Path]:
        (folder / "out.jsonl").write_text("mine")
        return finish(output)

    monkeypatch.setattr(Output, "finish", late)
    with pytest.raises(DataError) as caught:
        gather(folder, "book")
    assert caught.value.code == "output_exists"
    assert names(folder) == {"book", "out.jsonl"}
    assert (folder / "out.jsonl").read_text() == "mine"


def test_stopped_in_the_middle_nothing_is_left(folder: Path) -> None:
    asked: list[int] = []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) > 20

    context = StepContext(folder, lambda event: None, should_stop, folder)
    with pytest.raises(Interrupted):
        collect(context, request(folder))
    assert names(folder) == {"book"}


def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(output: Output, line: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Output, "write", full)
    with pytest.raises(SetupError) as caught:
        gather(folder, "book")
    assert caught.value.code == "disk"
    assert names(folder) == {"book"}


def test_an_error_of_our_own_leaves_nothing_half_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Output, "finish", lambda output: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        gather(folder, "book", "book=2")
    assert names(folder) == {"book"}


def test_sources_of_one_name_are_told_apart(folder: Path) -> None:
    found = gather(folder, "book", "./book=2")
    assert found.rows[0]["source"] == "1-book/000.md:1"
    assert {row["source"].partition("/")[0] for row in found.rows} == {"1-book", "2-book"}


def test_an_output_inside_the_source(folder: Path) -> None:
    """The new file is not one of the documents."""
    found = gather(folder / "book", ".", out="out.jsonl")
    assert len(found.rows) == 40
    assert {each["code"] for each in found.skipped} == {"other_kind", "hidden"}


def test_every_line_is_a_row_that_says_where_it_came_from(folder: Path) -> None:
    for row in gather(folder, "book").rows:
        assert list(row) == ["text", "source"]
        place, _, line = row["source"].rpartition(":")
        assert json.dumps(row["text"])[1:-1] in (folder / place).read_text()
        assert line == "1"
