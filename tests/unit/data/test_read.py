"""Files into rows: containers, encodings, and what is said about each fault."""

from __future__ import annotations

import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.data import read
from postgrad.data.read import SourceRow, read_rows
from postgrad.errors import DataError, SetupError

ROW = {"prompt": "Où est 🍕?", "completion": "Ici.\nLà."}
LINE = json.dumps(ROW, ensure_ascii=False)


def write(tmp_path: Path, content: bytes | str, name: str = "train.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(path: Path) -> list[Any]:
    found = list(read_rows(path))
    assert all(row.error is None for row in found), found
    return [row.row for row in found]


def only_error(path: Path) -> SourceRow:
    bad = [row for row in read_rows(path) if row.error]
    assert len(bad) == 1
    return bad[0]


def refusal(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        list(read_rows(path))
    assert str(path) in caught.value.what
    assert caught.value.fix
    return caught.value


# --- encodings and line ends


@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_bom_and_line_ends_make_no_difference(
    tmp_path: Path, bom: bytes, end: str, last: bool
) -> None:
    text = end.join([LINE, "", LINE]) + (end if last else "")
    found = list(read_rows(write(tmp_path, bom + text.encode())))
    assert [(row.line, row.row) for row in found] == [(1, ROW), (3, ROW)]


def test_bom_in_the_middle_of_joined_files(tmp_path: Path) -> None:
    assert rows(write(tmp_path, f"\ufeff{LINE}\n\ufeff{LINE}\n")) == [ROW, ROW]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "UTF-16BE"),
        ("utf-32", "UTF-32"),
        ("utf-32-le", "UTF-32LE"),
        ("utf-32-be", "UTF-32BE"),
    ],
)
@pytest.mark.parametrize("name", ["train.jsonl", "my data.csv", "book.txt", "rows.json"])
def test_wide_encodings_are_named_with_the_command(
    tmp_path: Path, encoding: str, named: str, name: str
) -> None:
    path = write(tmp_path, (LINE + "\n").encode(encoding), name)
    error = refusal(path)
    assert error.code == "wrong_encoding"
    assert named[:6] in error.what
    assert error.fix.startswith(f"iconv -f {named} -t UTF-8 ")
    assert (f"'{path}'" if " " in name else str(path)) in error.fix


def test_utf_16_with_another_script(tmp_path: Path) -> None:
    text = json.dumps({"text": "Привет, мир! " * 20}, ensure_ascii=False)
    assert "UTF-16" in refusal(write(tmp_path, text.encode("utf-16-le"))).what


@pytest.mark.parametrize("name", ["train.jsonl", "train.csv", "train.txt", "train.json"])
def test_nul_bytes_are_named_with_their_place(tmp_path: Path, name: str) -> None:
    content = f"{LINE}\n{LINE[:5]}\0\n".encode()
    error = refusal(write(tmp_path, content, name))
    assert error.code == "nul_bytes"
    assert f"line 2, byte {content.index(0)}" in error.what
    assert "tr -d" in error.fix


@pytest.mark.parametrize("name", ["train.jsonl", "train.csv", "train.txt", "train.json"])
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
def test_other_encodings_are_named_with_the_byte(tmp_path: Path, name: str, bom: bytes) -> None:
    content = bom + b'{"text": "ok"}\n{"text": "caf\xe9"}\n'
    error = refusal(write(tmp_path, content, name))
    assert error.code == "wrong_encoding"
    assert f"0xe9 at line 2, byte {content.index(0xE9)}" in error.what
    assert "WINDOWS-1252" in error.fix


def test_a_file_of_zero_bytes_is_not_taken_for_an_encoding(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, b"\0" * 100)).code == "nul_bytes"


# --- files that are none


def test_missing_file_gives_the_nearest_name(tmp_path: Path) -> None:
    write(tmp_path, LINE, "train.jsonl")
    error = refusal(tmp_path / "trian.jsonl")
    assert error.code == "file_not_found"
    assert str(tmp_path / "train.jsonl") in error.fix


def test_missing_folder_is_said(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none" / "train.jsonl").what


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, LINE, "train.jsonl")
    error = refusal(tmp_path)
    assert error.code == "folder_given"
    assert "train.jsonl" in error.fix


def test_an_empty_file(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, "")).code == "empty_file"


@pytest.mark.parametrize("name", ["train.jsonl.gz", "train.jsonl", "train.gz"])
def test_archives_are_named(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, gzip.compress(LINE.encode()), name)
    error = refusal(path)
    assert error.code == "wrong_container"
    assert "gzip" in error.what
    assert error.fix.startswith(f"gunzip -c {path} > ")
    assert error.fix.endswith("train.jsonl")


@pytest.mark.parametrize(
    ("magic", "kind"), [(b"PK\x03\x04", "zip"), (b"PAR1", "Parquet"), (b"BZh9", "bzip2")]
)
def test_other_kinds_are_named(tmp_path: Path, magic: bytes, kind: str) -> None:
    assert kind in refusal(write(tmp_path, magic + b"....", "train.csv")).what


@pytest.mark.parametrize("name", ["train", "train.dat"])
def test_unknown_extension(tmp_path: Path, name: str) -> None:
    error = refusal(write(tmp_path, LINE, name))
    assert error.code == "unknown_extension"
    assert ".jsonl" in error.why


def test_extension_in_capitals(tmp_path: Path) -> None:
    assert rows(write(tmp_path, LINE, "TRAIN.JSONL")) == [ROW]


# --- JSON lines


@pytest.mark.parametrize(
    ("line", "code", "path", "hint"),
    [
        ('{"prompt": "a", "prompt": "b"}', "duplicate_key", "prompt", "Remove"),
        ('{"a": [{"b": 1, "c": 2, "b": 3}]}', "duplicate_key", "b", "Remove"),
        ('{"a": NaN}', "not_a_number", "", "null"),
        ('{"a": -Infinity}', "not_a_number", "", "null"),
        ('{"a": 1e999}', "not_a_number", "", "null"),
        ('{"a": ' + "9" * 5000 + "}", "number_too_long", "", ""),
        ('{"a": [{"b": "\\ud83d"}]}', "lone_surrogate", "a[0].b", "whole character"),
        ('{"\\udc00": 1}', "lone_surrogate", "", "whole character"),
        ('{"a": ' + "[" * 70 + "]" * 70 + "}", "too_deep", "", "Flatten"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "too_deep", "", "Flatten"),
        ("[" * 100_000, "too_deep", "", "Flatten"),
        ('{"a": 1} {"b": 2}', "invalid_json", "", "line of its own"),
        ("{'a': 'b'}", "invalid_json", "", "double quotes"),
        ('{"a": "b', "invalid_json", "", ""),
        ('{"a": "b",', "invalid_json", "", "cut off"),
        ("{", "invalid_json", "", "jq -c ."),
        ("[", "invalid_json", "", "jq -c '.[]'"),
        ("hello", "invalid_json", "", "each line"),
        ('{"a": "tab\there"}', "invalid_json", "", "json.dumps"),
        ("[1, 2]", "row_not_object", "", "{"),
        ('"text"', "row_not_object", "", "{"),
        ("null", "row_not_object", "", "{"),
    ],
)
def test_a_bad_line_is_an_error_of_that_line(
    tmp_path: Path, line: str, code: str, path: str, hint: str
) -> None:
    bad = only_error(write(tmp_path, f"{LINE}\n{line}\n{LINE}\n"))
    assert bad.error
    assert (bad.line, bad.error.code, bad.error.path) == (2, code, path)
    assert hint in bad.error.fix
    assert bad.error.what
    assert bad.raw == line[:10_000]
    assert len(bad.error.what) < 300


def test_whole_surrogate_pairs_and_brackets_in_text_are_fine(tmp_path: Path) -> None:
    line = json.dumps({"a": "🍕" + "[{" * 100})
    assert rows(write(tmp_path, line)) == [{"a": "🍕" + "[{" * 100}]


def test_a_line_beyond_the_cap_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MAX_LINE_BYTES", 1000)
    path = write(tmp_path, f"{LINE}\n{'x' * 5000}\n{LINE}\n")
    bad = only_error(path)
    assert bad.error
    assert (bad.line, bad.error.code) == (2, "line_too_long")
    assert [row.line for row in read_rows(path)] == [1, 2, 3]


def test_line_separators_of_unicode_do_not_end_a_line(tmp_path: Path) -> None:
    row = {"a": "x\u2028y\x85z\x0c"}
    assert rows(write(tmp_path, json.dumps(row, ensure_ascii=False) + "\n" + LINE)) == [row, ROW]


def outcome(path: Path) -> str:
    """`read`, or the code of the file's error; every row has a row or an error, not both."""
    try:
        found = list(read_rows(path))
    except DataError as error:
        return error.code
    assert all((row.row is None) != (row.error is None) for row in found)
    assert all(row.line >= 1 for row in found)
    return "read"


@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_data_error(tmp_path_factory: Any, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("a.jsonl", "a.json", "a.csv", "a.txt", "a.tsv"):
        assert outcome(write(folder, content, name)) != "invalid_data"


@given(st.text(alphabet='{}[]",:1aNn\\ud8 \n\t-eE.', max_size=80))
def test_any_json_like_text_gives_rows_or_a_data_error(tmp_path_factory: Any, text: str) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    for name in ("a.jsonl", "a.json"):
        assert outcome(write(folder, text, name)) in ("read", "invalid_json", "empty_file")


# --- JSON lists


def test_json_list_has_the_lines_of_its_rows(tmp_path: Path) -> None:
    text = f'\n[\n  {LINE},\n\n  {json.dumps(ROW, indent=2)},\n{LINE}, 7,\n{{"a": NaN}}\n]\n'
    found = list(read_rows(write(tmp_path, text, "train.json")))
    assert [row.line for row in found] == [3, 5, 9, 9, 10]
    assert [row.row for row in found[:3]] == [ROW] * 3
    assert [row.error and row.error.code for row in found[3:]] == ["row_not_object", "not_a_number"]


def test_json_file_with_lines(tmp_path: Path) -> None:
    assert rows(write(tmp_path, f"{LINE}\n{LINE}\n", "train.json")) == [ROW, ROW]


def test_empty_json_list(tmp_path: Path) -> None:
    assert rows(write(tmp_path, "[ ]", "train.json")) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"[{LINE},\n{LINE}", 2),
        (f"[{LINE}\n{LINE}]", 2),
        (f"[{LINE},\n]", 2),
        (f"[\n{LINE}] x", 2),
        ("[", 1),
    ],
)
def test_a_broken_json_list_is_named_by_its_line(tmp_path: Path, text: str, line: int) -> None:
    error = refusal(write(tmp_path, text, "train.json"))
    assert error.code == "invalid_json"
    assert f"line {line}:" in error.what


# --- CSV


def test_csv_with_quotes_and_lines_in_cells(tmp_path: Path) -> None:
    text = 'prompt,completion\r\n"a, ""b""\r\nc",d\r\n\r\ne,f\r\n'
    found = list(read_rows(write(tmp_path, b"\xef\xbb\xbf" + text.encode(), "train.csv")))
    assert [(row.line, row.row) for row in found] == [
        (2, {"prompt": 'a, "b"\nc', "completion": "d"}),
        (5, {"prompt": "e", "completion": "f"}),
    ]


@pytest.mark.parametrize(
    ("name", "mark"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")]
)
def test_csv_delimiters(tmp_path: Path, name: str, mark: str) -> None:
    text = f"prompt{mark}completion\na{mark}b\n"
    assert rows(write(tmp_path, text, name)) == [{"prompt": "a", "completion": "b"}]


def test_csv_unnamed_columns_are_left_out(tmp_path: Path) -> None:
    text = ",prompt, completion ,\n0,a,b,\n"
    assert rows(write(tmp_path, text, "a.csv")) == [{"prompt": "a", "completion": "b"}]


def test_csv_json_cells_are_parsed(tmp_path: Path) -> None:
    text = 'messages,tools,prompt\n"[{""role"": ""user""}]",,"[1]"\n[1,,\n'
    found = list(read_rows(write(tmp_path, text, "a.csv")))
    assert found[0].row == {"messages": [{"role": "user"}], "prompt": "[1]"}
    assert found[1].error
    assert (found[1].line, found[1].error.code, found[1].error.path) == (
        3,
        "invalid_json",
        "messages",
    )


@pytest.mark.parametrize(
    ("bad", "code"),
    [("a", "wrong_cell_count"), ("a,b,c", "wrong_cell_count"), ('"a"b,c', "wrong_quotes")],
)
def test_csv_bad_rows(tmp_path: Path, bad: str, code: str) -> None:
    path = write(tmp_path, f"prompt,completion\nx,y\n{bad}\nx,y\n", "a.csv")
    row = only_error(path)
    assert row.error
    assert (row.line, row.error.code) == (3, code)
    assert len(list(read_rows(path))) == 3


def test_csv_open_quote_is_a_fault_of_the_file(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, 'prompt,completion\nx,y\nx,"y\nx,y\n', "a.csv"))
    assert error.code == "wrong_quotes"
    assert "line 3" in error.what


def test_csv_column_twice(tmp_path: Path) -> None:
    assert "'prompt'" in refusal(write(tmp_path, "prompt,prompt\na,b\n", "a.csv")).what


def test_csv_cells_beyond_pythons_limit(tmp_path: Path) -> None:
    path = write(tmp_path, f"text\n{'x' * 200_000}\n", "a.csv")
    assert len(rows(path)[0]["text"]) == 200_000


# --- Parquet


def test_parquet_drops_what_arrow_adds(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.Table.from_pylist(
        [
            {
                "messages": [
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "Ho", "weight": 1},
                ],
                "tools": '[{"name": "f"}]',
                "score": float("nan"),
                "blob": b"x",
            },
            {"messages": None, "tools": ""},
        ]
    )
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path)
    found = list(read_rows(path))
    assert [row.line for row in found] == [1, 2]
    assert found[0].row == {
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Ho", "weight": 1},
        ],
        "tools": [{"name": "f"}],
        "blob": "x",
    }
    assert found[1].row == {}


def test_broken_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    assert refusal(write(tmp_path, b"PAR1 no", "a.parquet")).code == "invalid_parquet"


def of_bytes(tmp_path: Path, columns: dict[str, list[str]], old: bytes, new: bytes) -> Path:
    """A Parquet file in which some bytes were replaced by as many others."""
    arrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table(columns), path, compression="none", store_schema=False)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def test_parquet_text_that_is_not_utf8(tmp_path: Path) -> None:
    columns = {"prompt": ["Hi", "Hey", "Ho"], "completion": ["One", "Two", "Three"]}
    found = only_error(of_bytes(tmp_path, columns, b"Two", b"T\xffo"))
    assert found.line == 2
    assert found.error is not None
    assert (found.error.code, found.error.path) == ("unreadable_value", "completion")
    assert "the column completion" in found.error.what
    assert r"b'T\xffo'" in found.error.what


def test_parquet_column_name_that_is_not_utf8(tmp_path: Path) -> None:
    error = refusal(of_bytes(tmp_path, {"prompt": ["Hi"]}, b"prompt", b"prom\xfft"))
    assert error.code == "invalid_parquet"
    assert r"b'prom\xfft'" in error.what


def test_parquet_that_is_damaged_later(tmp_path: Path) -> None:
    texts = [f"{number:05d}" for number in range(3000)]
    arrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"text": texts}), path, row_group_size=1024)
    content = bytearray(path.read_bytes())
    second = parquet.ParquetFile(path).metadata.row_group(1).column(0).dictionary_page_offset
    content[second : second + 40] = b"\xff" * 40
    path.write_bytes(content)
    assert "in rows 1025 to 2048" in refusal(path).what


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(SetupError) as caught:
        list(read_rows(write(tmp_path, b"PAR1", "a.parquet")))
    assert "pip install pyarrow" in caught.value.fix


# --- plain text


def test_text_documents_between_separators(tmp_path: Path) -> None:
    text = "one\n\nstill one\n<|endoftext|>\n\n  two\n<|endoftext|>\n\n\fthree\n"
    found = list(read_rows(write(tmp_path, text, "a.txt")))
    assert [(row.line, row.row) for row in found] == [
        (1, {"text": "one\n\nstill one"}),
        (6, {"text": "  two"}),
        (9, {"text": "three"}),
    ]


def test_text_paragraphs_are_put_together(tmp_path: Path) -> None:
    paragraphs = [f"{number} " + "word " * 100 + "end." for number in range(20)]
    found = rows(write(tmp_path, "\r\n\r\n".join(paragraphs), "a.md"))
    assert "\n\n".join(row["text"] for row in found) == "\n\n".join(paragraphs)
    assert all(1000 < len(row["text"]) <= 2000 for row in found[:-1])


@given(st.text(alphabet="ab \n", max_size=400), st.integers(5, 60))
def test_text_loses_nothing_but_white_space(tmp_path_factory: Any, text: str, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("postgrad.data.text_files.PART_CHARACTERS", limit)
        path = write(tmp_path_factory.mktemp("text"), text or " ", "a.txt")
        found = list(read_rows(path))
    parts = [str((row.row or {})["text"]) for row in found]
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < len(part) <= limit and part.strip() for part in parts)
    lines = text.split("\n")
    assert all(
        part.split("\n")[0] in lines[row.line - 1] for row, part in zip(found, parts, strict=True)
    )
