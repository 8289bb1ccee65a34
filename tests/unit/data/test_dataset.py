"""Loading, judging, splitting, freezing: nothing is lost, and each loss is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad import plugins
from postgrad.core.job import DataSection
from postgrad.core.records import Chat, Message, Preference, Record, Text, ToolCall
from postgrad.core.run import RunFolder
from postgrad.data.canonical import record_of, row_of
from postgrad.data.dataset import Dataset, freeze, load_dataset, thaw
from postgrad.data.files import Example, Rejection, load_file
from postgrad.data.split import prompt_key
from postgrad.errors import DataError, JobError, RowError, RunError, SetupError


def row(number: int, answer: str = "yes") -> dict[str, Any]:
    return {"prompt": f"Is it {number}?", "completion": answer}


def write(path: Path, rows: list[Any], end: str = "\n") -> str:
    lines = [item if isinstance(item, str) else json.dumps(item) for item in rows]
    path.write_bytes("".join(line + end for line in lines).encode())
    return str(path)


def load(train: str, seed: int = 0, **section: Any) -> Dataset:
    return load_dataset(DataSection(train=train, **section), seed)


def refusal(train: str, **section: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        load(train, **section)
    assert caught.value.fix
    return caught.value


# --- loading


def test_a_file_becomes_three_parts(tmp_path: Path) -> None:
    data = load(write(tmp_path / "train.jsonl", [row(i) for i in range(100)]))
    assert [len(part) for part in (data.train, data.valid, data.test)] == [70, 10, 20]
    assert (data.format, data.rejected) == ("prompt_completion", ())
    assert data.file == str(tmp_path / "train.jsonl")
    first = data.train[0]
    assert first.id == f"train.jsonl:{first.line}"
    assert data.notes == (
        "train.jsonl is read as prompt and completion: all of the first 50 rows have prompt and "
        "completion.",
        "Rows: 70 train, 10 valid, 20 test.",
    )


def test_same_file_same_data_whatever_the_line_ends(tmp_path: Path) -> None:
    rows = [row(i) for i in range(30)]
    one = load(write(tmp_path / "a.jsonl", rows))
    two = load(write(tmp_path / "b.jsonl", rows, end="\r\n"))
    assert one.sha256 == two.sha256
    assert [e.record for e in one.test] == [e.record for e in two.test]


def test_the_hash_is_of_content_and_order_not_of_the_split(tmp_path: Path) -> None:
    rows = [row(i) for i in range(30)]
    path = write(tmp_path / "a.jsonl", rows)
    assert load(path, seed=1).sha256 == load(path, seed=2, test_share=0.3).sha256
    assert load(write(tmp_path / "b.jsonl", rows[::-1])).sha256 != load(path).sha256
    assert (
        load(write(tmp_path / "c.jsonl", [*rows[:-1], row(29, "no")])).sha256 != load(path).sha256
    )


def test_repeated_prompts_stay_together_and_are_said(tmp_path: Path) -> None:
    rows = [row(i % 20, str(i)) for i in range(60)]
    data = load(write(tmp_path / "a.jsonl", rows))
    sides = [{prompt_key(e.record) for e in part} for part in (data.train, data.valid, data.test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 20
    assert data.notes[-1].startswith("40 rows repeat the prompt of another")


def test_a_named_format(tmp_path: Path) -> None:
    rows = [{**row(i), "text": f"text {i}"} for i in range(20)]
    path = write(tmp_path / "a.jsonl", rows)
    assert load(path).format == "prompt_completion"
    data = load(path, format="text")
    assert isinstance(data.train[0].record, Text)
    assert "as data.format says" in data.notes[0]
    assert refusal(path, format="alpaca").code == "wrong_format"
    with pytest.raises(JobError):
        load(path, format="txt")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps([row(i) for i in range(12)])),
        ("a.csv", "prompt,completion\n" + "".join(f"q{i},a{i}\n" for i in range(12))),
        ("a.txt", "\n<|endoftext|>\n".join(f"Text {i}" for i in range(12))),
    ],
)
def test_other_containers_and_unique_ids(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    data = load(str(tmp_path / name))
    examples = [*data.train, *data.valid, *data.test]
    assert len({example.id for example in examples}) == 12


def test_parquet_and_jsonl_give_the_same_data(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"q{i}"},
                {"role": "assistant", "content": "a", **({"weight": 1} if i % 2 else {})},
            ]
        }
        for i in range(12)
    ]
    parquet.write_table(arrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    one = load(write(tmp_path / "a.jsonl", rows))
    assert load(str(tmp_path / "a.parquet")).sha256 == one.sha256


# --- bad rows


def test_bad_rows_are_kept_with_their_reason(tmp_path: Path) -> None:
    rows: list[Any] = [row(i) for i in range(40)]
    rows[4], rows[9] = '{"prompt": ', {"prompt": "x", "completion": ""}
    data = load(write(tmp_path / "a.jsonl", rows))
    broken, empty = data.rejected
    assert (broken.line, broken.file, broken.code) == (5, "a.jsonl", "invalid_json")
    assert broken.row == '{"prompt": '
    assert (empty.line, empty.code, empty.path) == (10, "missing_content", "completion")
    assert empty.row == rows[9]
    assert "a.jsonl: 2 rows rejected (1 invalid_json, 1 missing_content)." in data.notes
    assert len(data.train) + len(data.valid) + len(data.test) == 38


@pytest.mark.parametrize(("num_bad", "stops"), [(10, False), (11, True)])
def test_more_than_a_tenth_stops(tmp_path: Path, num_bad: int, stops: bool) -> None:
    rows: list[Any] = [row(i) for i in range(100)]
    rows[:num_bad] = [{"prompt": "x", "completion": i} for i in range(num_bad)]
    path = write(tmp_path / "a.jsonl", rows)
    if not stops:
        assert len(load(path).rejected) == num_bad
        return
    error = refusal(path)
    assert error.code == "too_many_rejected"
    assert "11 of 100 rows" in error.what
    assert "11 x wrong_type (lines 1, 2, 3, 4, 5, ...)" in error.what
    assert "data.max_rejected_share" in error.fix
    assert len(load(path, max_rejected_share=0.2).rejected) == num_bad


def test_the_three_commonest_reasons_are_shown(tmp_path: Path) -> None:
    bad: list[Any] = ["{", "[]", {"prompt": 1, "completion": "x"}, {"completion": "x"}]
    path = write(tmp_path / "a.jsonl", [row(1), *bad, *bad[:3], "{"])
    what = refusal(path).what
    assert "3 x invalid_json (lines 2, 6, 9)" in what
    assert "2 x row_not_object (lines 3, 7)" in what
    assert "2 x wrong_type (lines 4, 8)" in what
    assert "missing_key" not in what


def test_no_row_can_be_read(tmp_path: Path) -> None:
    error = refusal(write(tmp_path / "a.jsonl", ["x", "y"]))
    assert (error.code, "2 of 2" in error.what) == ("too_many_rejected", True)
    assert "max_rejected_share" not in error.fix


def test_a_file_of_blank_lines(tmp_path: Path) -> None:
    assert refusal(write(tmp_path / "a.jsonl", ["", " "])).code == "empty_file"


def test_the_caller_may_refuse_records(tmp_path: Path) -> None:
    def accepts(record: Record) -> RowError | None:
        assert isinstance(record, Chat)
        if record.answer.content == "no":
            return RowError("No token is trained.", fix="Fix it.", code="no_trained_token")
        return None

    rows = [row(i, "no" if i == 3 else "yes") for i in range(20)]
    section = DataSection(train=write(tmp_path / "a.jsonl", rows))
    data = load_dataset(section, 0, accepts)
    assert [(r.line, r.code, r.row) for r in data.rejected] == [(4, "no_trained_token", rows[3])]


@pytest.mark.parametrize(("num_rows", "enough"), [(9, False), (10, True)])
def test_at_least_ten_rows(tmp_path: Path, num_rows: int, enough: bool) -> None:
    path = write(tmp_path / "a.jsonl", [row(i) for i in range(num_rows)])
    if enough:
        data = load(path)
        assert [len(part) for part in (data.train, data.valid, data.test)] == [7, 1, 2]
        return
    error = refusal(path)
    assert error.code == "invalid_n_examples"
    assert "9 usable rows" in error.what


def test_one_prompt_only(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [row(1, str(i)) for i in range(30)])
    assert refusal(path).code == "too_few_prompts"


def test_load_file_judges_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", [row(1), "x", "y"])
    found = load_file(tmp_path / "a.jsonl")
    assert (len(found.examples), len(found.rejected), found.num_rows) == (1, 2, 3)


# --- the user's own valid and test files


def test_own_files_are_honoured_and_overlaps_leave_train(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [row(i) for i in range(30)])
    valid = write(tmp_path / "valid.jsonl", [row(i) for i in (5, 100, 101, 200)])
    test = write(tmp_path / "test.jsonl", [row(i, "no") for i in (7, 8, 200, 201)])
    data = load(train, valid=valid, test=test)
    assert [len(part) for part in (data.train, data.valid, data.test)] == [27, 3, 4]
    assert [(r.code, r.file, r.line) for r in data.rejected] == [
        ("overlaps_test", "valid.jsonl", 4),
        ("overlaps_test", "train.jsonl", 8),
        ("overlaps_test", "train.jsonl", 9),
        ("overlaps_valid", "train.jsonl", 6),
    ]
    assert "test.jsonl:1" in data.rejected[1].what
    assert data.rejected[1].row == row_of(record_of_row(row(7)))
    assert "train.jsonl: 2 rows left out, because what they ask is in test too." in data.notes
    assert "Rows: 27 train, 3 valid, 4 test; your own file for valid and test." in data.notes


def record_of_row(value: dict[str, Any]) -> Record:
    return plugins.load("formats", "prompt_completion")().record(value)


def test_only_a_test_file(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [row(i) for i in range(30)])
    test = write(tmp_path / "test.jsonl", [row(99)])
    data = load(train, test=test)
    assert [len(part) for part in (data.train, data.valid, data.test)] == [27, 3, 1]


def test_only_a_valid_file(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [row(i) for i in range(30)])
    valid = write(tmp_path / "valid.jsonl", [row(0), row(99)])
    data = load(train, valid=valid)
    assert [len(part) for part in (data.train, data.valid, data.test)] == [23, 2, 6]
    assert [r.code for r in data.rejected] == ["overlaps_valid"]


def test_files_of_one_name_have_ids_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "held").mkdir()
    train = write(tmp_path / "data.jsonl", [row(i) for i in range(30)])
    test = write(tmp_path / "held" / "data.jsonl", [row(99)])
    data = load(train, test=test)
    assert data.test[0].id == "test/data.jsonl:1"
    assert data.train[0].id.startswith("train/data.jsonl:")


def test_own_file_in_another_format(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [row(i) for i in range(30)])
    test = write(tmp_path / "test.jsonl", [{"instruction": "a", "output": "b"}])
    data = load(train, test=test)
    assert data.format == "prompt_completion"
    assert "test.jsonl is read as Alpaca: its only row has instruction and output." in data.notes


def test_own_file_of_another_kind(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [row(i) for i in range(30)])
    test = write(tmp_path / "test.jsonl", [{"text": "a"}])
    assert refusal(train, test=test).code == "different_kinds"


def test_the_same_file_twice(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [row(i) for i in range(30)])
    assert refusal(train, test=str(tmp_path / "." / "train.jsonl")).code == "same_file"


def test_a_copy_of_train_as_test(tmp_path: Path) -> None:
    rows = [row(i) for i in range(30)]
    train, test = write(tmp_path / "train.jsonl", rows), write(tmp_path / "test.jsonl", rows)
    error = refusal(train, test=test)
    assert error.code == "invalid_n_examples"
    assert "30 are also in valid or test" in error.why


def test_valid_that_is_all_in_test(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [row(i) for i in range(30)])
    valid = write(tmp_path / "valid.jsonl", [row(99)])
    test = write(tmp_path / "test.jsonl", [row(99)])
    assert "data.valid has 0 usable rows" in refusal(train, valid=valid, test=test).what


def test_bad_own_file_is_named(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [row(i) for i in range(30)])
    test = write(tmp_path / "test.jsonl", [row(99), "x"])
    assert refusal(train, test=test).what.startswith("test.jsonl: 1 of 2 rows")
    with pytest.raises(DataError, match=r"no file .*tset\.jsonl"):
        load(train, test=str(tmp_path / "tset.jsonl"))


# --- freezing

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
objects = st.dictionaries(
    texts,
    st.recursive(leaves | texts, lambda inner: st.lists(inner, max_size=3), max_leaves=4),
    max_size=3,
)
calls = st.builds(ToolCall, texts, objects, texts)
messages = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    texts,
    st.lists(calls, max_size=2).map(tuple),
    texts,
    texts,
    st.sampled_from([0, 1]),
)
turns = st.lists(messages, max_size=4).map(tuple)
tools = st.lists(objects, max_size=2).map(tuple)
records = (
    st.builds(Chat, turns, tools)
    | st.builds(Text, texts)
    | st.builds(Preference, turns, messages, messages, tools)
)
examples = st.lists(st.builds(Example, texts, st.integers(1), records), max_size=4).map(tuple)
rejections = st.lists(
    st.builds(
        Rejection, st.integers(1), texts, texts, texts, texts, texts, st.none() | texts | objects
    ),
    max_size=3,
).map(tuple)
datasets = st.builds(
    Dataset,
    examples,
    examples,
    examples,
    rejections,
    texts,
    texts,
    texts,
    st.lists(texts, max_size=2).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(datasets)
def test_what_is_frozen_thaws_equal(tmp_path_factory: Any, dataset: Dataset) -> None:
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    freeze(dataset, folder)
    assert thaw(folder) == dataset


@given(records)
def test_records_survive_their_row(record: Record) -> None:
    assert record_of(json.loads(json.dumps(row_of(record)))) == record


def test_frozen_chats_are_openai_chat_rows(tmp_path: Path) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"é": 1}'}}
    chats = [
        {
            "messages": [
                {"role": "user", "content": f"q{i}"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "content": "1", "tool_call_id": "c"},
                {"role": "assistant", "content": "no", "weight": 0},
                {"role": "assistant", "content": "yes"},
            ],
            "tools": [{"type": "function", "function": {"name": "f"}}],
        }
        for i in range(20)
    ]
    data = load(write(tmp_path / "a.jsonl", chats))
    folder = RunFolder(tmp_path / "run")
    freeze(data, folder)
    again = load_file(folder.split("train"))
    assert [e.record for e in again.examples] == [e.record for e in data.train]
    lines = [json.loads(line) for line in folder.split("train").read_text().splitlines()]
    assert [{k: v for k, v in line.items() if k not in ("id", "line")} for line in lines] == [
        chats[e.line - 1] for e in data.train
    ]


def test_the_run_folder_holds_the_rejected_rows(tmp_path: Path) -> None:
    rows = [*[row(i) for i in range(30)], "{"]
    folder = RunFolder(tmp_path / "run")
    data = load(write(tmp_path / "a.jsonl", rows))
    freeze(data, folder)
    (line,) = folder.split("rejected").read_text().splitlines()
    assert json.loads(line) == {
        "line": 31,
        "file": "a.jsonl",
        "code": "invalid_json",
        "path": "",
        "what": data.rejected[0].what,
        "fix": data.rejected[0].fix,
        "row": "{",
    }
    assert sorted(path.name for path in folder.data.iterdir()) == [
        "dataset.json",
        "rejected.jsonl",
        "test.jsonl",
        "train.jsonl",
        "valid.jsonl",
    ]


def frozen(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    freeze(load(write(tmp_path / "a.jsonl", [row(i) for i in range(20)])), folder)
    return folder


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    folder = frozen(tmp_path)
    with folder.split("test").open("a") as file:
        file.write(" ")
    with pytest.raises(RunError, match=r"test\.jsonl has changed") as caught:
        thaw(folder)
    assert caught.value.code == "frozen_data_changed"


@pytest.mark.parametrize("name", ["dataset.json", "valid.jsonl"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = frozen(tmp_path)
    (folder.data / name).unlink()
    with pytest.raises(RunError, match=name) as caught:
        thaw(folder)
    assert caught.value.code == "no_frozen_data"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    data = thaw(frozen(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError) as caught:
        freeze(data, RunFolder(tmp_path / "file"))
    assert caught.value.code == "disk"


# --- real data

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.parametrize("path", sorted(SHARED.glob("*/train.jsonl")), ids=lambda p: p.parent.name)
def test_real_files_load_without_a_rejected_row(tmp_path: Path, path: Path) -> None:
    data = load(
        str(path), valid=str(path.with_name("valid.jsonl")), test=str(path.with_name("test.jsonl"))
    )
    assert [r for r in data.rejected if not r.code.startswith("overlaps_")] == []
    freeze(data, RunFolder(tmp_path))
    assert thaw(RunFolder(tmp_path)) == data
