"""Data files among the sources, several sources in one file, and shares of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collecting import gather, write
from postgrad.data.files import load_file
from postgrad.errors import DataError, JobError

GENERAL = "".join(
    json.dumps({"instruction": f"Say {n}.", "output": f"Here is {n}."}) + "\n" for n in range(200)
)
CHATS = "".join(
    json.dumps({"prompt": f"Is it {n}?", "completion": f"It is {n}."}) + "\n" for n in range(95)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, {"own.jsonl": CHATS, "general.jsonl": GENERAL, "book/a.md": "Words."})


def test_a_share_of_general_rows(folder: Path) -> None:
    found = gather(folder, "own.jsonl", "general.jsonl=5%")
    sources = [row["source"].partition(":")[0] for row in found.rows]
    assert sources == ["own.jsonl"] * 95 + ["general.jsonl"] * 5
    lines = [int(row["source"].partition(":")[2]) for row in found.rows[95:]]
    assert lines == sorted(set(lines))
    assert [source["taken"] for source in found.result["sources"]] == [95, 5]
    assert found.result["rows"] == 100
    file = load_file(folder / "out.jsonl")
    assert (len(file.examples), len(file.rejected), file.detection.name) == (100, 0, "openai_chat")


def test_which_rows_are_taken_depends_on_the_seed_alone(folder: Path) -> None:
    first = gather(folder, "own.jsonl", "general.jsonl=5%")
    again = gather(folder, "own.jsonl", "general.jsonl=5%", out="b.jsonl")
    other = gather(folder, "own.jsonl", "general.jsonl=5%", out="c.jsonl", seed=1)
    assert (folder / "out.jsonl").read_bytes() == (folder / "b.jsonl").read_bytes()
    assert first.rows == again.rows != other.rows
    assert len(first.rows) == len(other.rows)


def test_a_number_of_rows_and_shares_of_all(folder: Path) -> None:
    found = gather(folder, "own.jsonl=10", "general.jsonl=50%")
    assert [source["taken"] for source in found.result["sources"]] == [10, 10]
    found = gather(folder, "own.jsonl=50%", "general.jsonl=50%", out="b.jsonl")
    assert [source["taken"] for source in found.result["sources"]] == [95, 95]


def test_a_share_that_is_not_reached_is_said(folder: Path) -> None:
    found = gather(folder, "general.jsonl", "own.jsonl=50%")
    assert found.result["sources"][1]["taken"] == 95
    assert "too few" in found.result["sources"][1]["notes"][-1]


def test_bad_rows_are_left_out_with_their_reason(folder: Path) -> None:
    write(folder, {"bad.jsonl": CHATS + '{"prompt": "Is it?"}\n{broken\n'})
    found = gather(folder, "bad.jsonl")
    assert len(found.rows) == 95
    assert found.codes == {"bad.jsonl:96": "missing_key", "bad.jsonl:97": "invalid_json"}


def test_texts_and_chats_do_not_mix(folder: Path) -> None:
    for sources in (
        ("book", "helpdesk:own.jsonl"),
        ("book", "own.jsonl"),
        ("own.jsonl", "book=5%"),
    ):
        with pytest.raises(DataError) as caught:
            gather(folder, *sources)
        assert caught.value.code == "different_kinds"
    assert not (folder / "out.jsonl").exists()
    write(folder, {"texts.jsonl": '{"text": "More words."}\n'})
    assert gather(folder, "book", "texts.jsonl").texts == ["Words.", "More words."]


def test_a_file_that_is_nothing_known(folder: Path) -> None:
    write(folder, {"a.jsonl": '{"colour": "red"}\n', "b.xyz": "x", "c/d.xyz": "x"})
    for name, code in (
        ("a.jsonl", "unknown_format"),
        ("b.xyz", "unknown_source"),
        ("c", "unknown_source"),
    ):
        with pytest.raises(DataError) as caught:
            gather(folder, name)
        assert caught.value.code == code
        assert caught.value.fix


def test_settings_that_are_wrong(folder: Path) -> None:
    with pytest.raises(JobError) as caught:
        gather(folder, "book", hous="x")
    assert (caught.value.code, caught.value.fix) == ("unknown_key", "Did you mean house?")
    with pytest.raises(JobError) as value:
        gather(folder, "book", seed="x")
    assert value.value.code == "invalid_setting"
    assert "seed" in value.value.what
    with pytest.raises(JobError) as inner:
        gather(folder, "book", columns__bdy="x")
    assert inner.value.fix == "Did you mean columns.body?"
