"""Files made to do harm, through the public door: a clear error, soon, in bounded memory.

Seconds are those of the processor, which other work on the machine does not change.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from postgrad import verbs
from postgrad.data import doctor, files
from postgrad.data.files import load_file
from postgrad.data.rows import estimate, rows_of
from postgrad.errors import DataError, exit_code

GOOD = b'{"prompt": "Is it vegan?", "completion": "The Marinara is."}\n'
NUM_GOOD = 20
MOST_MEGABYTES = 450
"""Of resident memory: what Python and its libraries take (50), and the longest line some times."""


def write(tmp_path: Path, content: bytes, name: str = "rows.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def with_bad_line(tmp_path: Path, line: bytes) -> Path:
    return write(tmp_path, GOOD * NUM_GOOD + line + b"\n" + GOOD)


def only_rejection(path: Path) -> files.Rejection:
    """The one row that is refused, behind the good ones; what is said of it is whole and short."""
    found = load_file(path)
    assert len(found.examples) == NUM_GOOD + 1
    [rejection] = found.rejected
    assert rejection.line == NUM_GOOD + 1
    assert rejection.what
    assert rejection.fix
    assert len(rejection.what) + len(rejection.path) + len(rejection.fix) < 4_000
    return rejection


def refusal(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        load_file(path)
    error = caught.value
    assert path.name in error.what
    assert error.fix
    assert len(str(error)) < 4_000
    return error


# --- A line ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (b"[" * 10_000 + b"]" * 10_000, "too_deep", "64 deep"),
        (b'{"a": ' * 10_000 + b"1" + b"}" * 10_000, "too_deep", "64 deep"),
        (b'{"prompt": "a", "prompt": "b"}', "duplicate_key", "'prompt' occurs twice"),
        (b'{"' + b"k" * 10**6 + b'": 1, "' + b"k" * 10**6 + b'": 2}', "duplicate_key", "twice"),
        (b'{"prompt": NaN}', "not_a_number", "NaN"),
        (b'{"prompt": -Infinity}', "not_a_number", "Infinity"),
        (b'{"prompt": 1e999999}', "not_a_number", "1e999999"),
        (b'{"prompt": ' + b"9" * 10_000 + b"}", "number_too_long", "4300 digits"),
        (b'{"prompt": ' + b"9" * 10_000 + b".5}", "not_a_number", "99999"),
        (b'{"prompt": 1e' + b"9" * 10**6 + b"}", "not_a_number", "1e999"),
        (b'{"prompt": "\\ud83d", "completion": "x"}', "lone_surrogate", "half a character"),
        (b'{"\\udc00": "x"}', "lone_surrogate", "half a character"),
        (b'{"a": [' + b"[]," * 300_000 + b"[]]}", "missing_key", "'prompt'"),
        (b'{"a": "\\ud83d\\ude00", "b": [' + b"[]," * 300_000 + b"[]]}", "missing_key", "'prompt'"),
        (json.dumps(dict.fromkeys(map(str, range(300_000)))).encode(), "missing_key", "'prompt'"),
        (b'{"' + b"k" * 10**7 + b'": 1}', "missing_key", "'prompt'"),
        (b'{"prompt": ' + b'"a' * 1, "invalid_json", "not JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_hostile_line(tmp_path: Path, line: bytes, code: str, said: str) -> None:
    rejection = only_rejection(with_bad_line(tmp_path, line))
    assert rejection.code == code
    assert said in rejection.what


def test_nesting_is_counted_to_the_level(tmp_path: Path) -> None:
    def codes(value: str) -> list[str]:
        path = write(
            tmp_path, GOOD + f'{{"prompt": "a", "completion": "b", "x": {value}}}'.encode()
        )
        return [rejection.code for rejection in load_file(path).rejected]

    assert codes("[" * 63 + "]" * 63) == []
    assert codes("[" * 64 + "1" + "]" * 64) == ["too_deep"]
    assert codes("[" * 63 + "1" + "]" * 63 + ', "y": {}') == []
    assert codes("[" * 64 + "]" * 64) == ["too_deep"]
    assert codes('"' + "[" * 100 + '"') == []


def test_where_half_a_character_is_inside_a_row(tmp_path: Path) -> None:
    row = '{"a": {"b": [1, {"": "\\ud83d\\ude00"}, ["x", "\\udc00"]]}}'
    rejection = only_rejection(with_bad_line(tmp_path, row.encode()))
    assert (rejection.code, rejection.path) == ("lone_surrogate", "a.b[2][1]")


# --- A file ------------------------------------------------------------------------------------


def a_million_rows_of_nothing(path: Path) -> None:
    path.write_bytes(b"x\n" * 10**6)


def a_list_of_a_million_lists(path: Path) -> None:
    path.write_bytes(b"[" + b"[]," * 10**6 + b"[]]")


def good_rows_and_then_nothing(path: Path) -> None:
    path.write_bytes(GOOD * 60 + b"x\n" * 200_000)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (a_million_rows_of_nothing, "a.jsonl"),
        (a_list_of_a_million_lists, "a.json"),
        (good_rows_and_then_nothing, "a.jsonl"),
    ],
)
def test_rows_of_nothing_are_given_up(
    tmp_path: Path, make: Callable[[Path], None], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_REJECTED", 1_000)
    make(tmp_path / name)
    error = refusal(tmp_path / name)
    assert error.code == "too_many_rejected"
    assert "line" in error.what


def test_many_bad_rows_among_good_ones_are_no_reason_to_give_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_REJECTED", 100)
    found = load_file(write(tmp_path, (GOOD + b"x\n" * 5) * 200))
    assert (len(found.examples), len(found.rejected)) == (200, 1000)


def zipped(content: bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", content)


@pytest.mark.parametrize(
    "name", ["rows.jsonl", "rows.csv", "rows.json", "rows.txt", "rows.parquet"]
)
def test_bombs_are_not_unpacked(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, gzip.compress(b"\0" * 10_000_000), name)
    assert refusal(path).code == "wrong_container"
    assert "gzip" in refusal(path).what
    zipped(b"0" * 10_000_000, path)
    assert refusal(path).code == "wrong_container"
    assert "zip" in refusal(path).what


@pytest.mark.parametrize(
    ("content", "name", "code", "said"),
    [
        (GOOD * 20 + b"\0" * 100 + b"\n" + GOOD, "a.jsonl", "nul_bytes", "line 21, byte 1220"),
        ((GOOD * 20).decode().encode("utf-16"), "a.jsonl", "wrong_encoding", "UTF-16"),
        (GOOD * 20 + b'{"a": "\xed\xa0\x80"}', "a.jsonl", "wrong_encoding", "line 21"),
        (b"[" * 10_000 + b"]" * 10_000, "a.json", "invalid_json", "64 deep"),
        (b'prompt,completion\na,b\na,"open\n' + b"a,b\n" * 10**5, "a.csv", "wrong_quotes",
         "line 3"),
        (b"prompt,completion\ra,b\rc,d\r", "a.csv", "wrong_line_ends", "line 1"),
        (b"prompt,completion\na," + b"x" * 40_000_000 + b"\n", "a.csv", "line_too_long", "line 2"),
        (b"prompt,prompt\na,b\n", "a.csv", "duplicate_column", "'prompt'"),
        ((b"c" + b",d" * 10**6) + b"\n" + b"," * 10**6, "a.csv", "duplicate_column", "'d'"),
        (",".join(map(str, range(10**6))).encode() + b"\n1" + b",1" * (10**6 - 1), "a.csv",
         "unknown_format", "keys"),
    ],
)  # fmt: skip
def test_a_hostile_file(tmp_path: Path, content: bytes, name: str, code: str, said: str) -> None:
    error = refusal(write(tmp_path, content, name))
    assert error.code == code
    assert said in error.what


def test_what_is_only_large_is_read(tmp_path: Path) -> None:
    """A cell of 10 MB and a million columns are odd, but no fault."""
    path = write(tmp_path, b'prompt,completion\na,"' + b"x" * 10_000_000 + b'"\n', "a.csv")
    [example] = load_file(path).examples
    assert len(example.record.answer.content) == 10_000_000  # type: ignore[union-attr]
    columns = ",".join(map(str, range(10**6)))
    path = write(tmp_path, f"prompt,completion,{columns}\na,b{',' * 10**6}\n".encode(), "a.csv")
    assert len(load_file(path).examples) == 1


def test_a_stray_return_costs_its_row_only(tmp_path: Path) -> None:
    path = write(tmp_path, b"prompt,completion\na,b\nc\r,d\ne,f\n", "a.csv")
    [rejection] = load_file(path).rejected
    assert (rejection.line, rejection.code) == (3, "wrong_quotes")
    assert "carriage return" in rejection.what


# --- What is no file ---------------------------------------------------------------------------


def folder(path: Path) -> None:
    path.mkdir()


def circle(path: Path) -> None:
    path.symlink_to(path.name)


def nowhere(path: Path) -> None:
    path.symlink_to("no such file")


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def empty_device(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".json", ".txt", ".parquet"])
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (folder, "folder_given"),
        (os.mkfifo, "not_a_file"),
        (endless, "not_a_file"),
        (empty_device, "not_a_file"),
        (circle, "file_not_found"),
        (nowhere, "file_not_found"),
    ],
)
def test_what_is_no_file(
    tmp_path: Path, make: Callable[[Path], None], code: str, suffix: str
) -> None:
    path = tmp_path / f"rows{suffix}"
    make(path)
    assert refusal(path).code == code


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_file(tmp_path / ("n" * 300 + ".jsonl"))
    assert caught.value.code == "unreadable_file"


@pytest.mark.parametrize("name", ["circle.jsonl", "pipe.jsonl", "n" * 300 + ".jsonl"])
def test_the_same_of_a_job(tmp_path: Path, name: str) -> None:
    circle(tmp_path / "circle.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    path = tmp_path / name
    job = verbs.load_job(path, {"data.test": str(path.with_name("other.jsonl"))})
    with pytest.raises(DataError) as caught:
        files.read_files(job.data)
    assert exit_code(caught.value) == 1


# --- Through the command line, measured --------------------------------------------------------


MEASURED = textwrap.dedent(
    """
    import json, resource, subprocess, sys
    done = subprocess.run(
        [sys.executable, "-m", "postgrad", "data", "check", *sys.argv[1:], "--json"],
        capture_output=True, text=True,
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({
        "code": done.returncode, "told": json.loads(done.stdout),
        "megabytes": used.ru_maxrss // 1024, "seconds": used.ru_utime + used.ru_stime,
    }))
    """
)


def checked(path: Path, *options: str) -> dict[str, Any]:
    """What `postgrad data check FILE --json` says, its exit code, and the most that any of its
    processes took."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path), *options],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
    )
    found = json.loads(done.stdout)
    assert found["megabytes"] < MOST_MEGABYTES
    assert found["seconds"] < 20
    return found


def test_a_line_of_a_hundred_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with path.open("wb") as file:
        file.write(GOOD * NUM_GOOD)
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + GOOD)
    found = checked(path, "--only", "broken_rows")
    assert found["code"] == 0
    [rejection] = found["told"]["rejected"]
    assert (rejection["line"], rejection["code"]) == (NUM_GOOD + 1, "line_too_long")
    assert "32 MiB" in rejection["what"]
    assert rejection["fix"]


def test_a_parquet_bomb(tmp_path: Path) -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    text = arrow.array(["x" * 1_000_000])
    column = arrow.DictionaryArray.from_arrays(arrow.array([0] * 100_000), text)
    path = tmp_path / "rows.parquet"  # a hundred gigabytes of text
    parquet.write_table(arrow.table({"text": column}), path)
    assert path.stat().st_size < 100_000
    found = checked(path)
    assert found["code"] == 1
    assert found["told"]["error"]["code"] == "unpacks_to_too_much"
    assert found["told"]["error"]["fix"]


def test_a_chat_of_very_many_turns_full_of_signs(tmp_path: Path) -> None:
    """Rules look at each turn once: what is asked beside it is put together once for the row."""
    said = "b [Your Name] <p> &amp; <|im_end|> TBD `x` Sorry, as an AI I can't. donâ€™t, so and the"
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": said}] * 2_000
    path = write(tmp_path, json.dumps({"messages": turns}).encode())
    rows = rows_of({"train": load_file(path)}, estimate, {})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    found = doctor.examine(rows, doctor.rules())
    assert {"placeholder", "markup_remains", "template_remains"} <= {f.code for f in found.findings}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10


def test_what_is_said_of_a_row_is_short(tmp_path: Path) -> None:
    row = {"prompt": "Say x.", "completion": "x" * 5_000_000}
    path = write(tmp_path, json.dumps(row).encode())
    found = doctor.examine(rows_of({"train": load_file(path)}, estimate, {}), doctor.rules())
    assert found.findings
    assert len(json.dumps(found.as_dict())) < 50_000
