"""Cleaning: what is mended, what stays, and the way back to the same bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad import verbs
from postgrad.data import decisions
from postgrad.data.decisions import Decision
from postgrad.errors import DataError, JobError


def row(question: str, answer: str) -> str:
    return json.dumps({"prompt": question, "completion": answer}, ensure_ascii=False)


TOPICS = (
    "the library of the old town opens at nine every day",
    "a ferry crosses the bay twice before noon in winter",
    "our baker sells rye bread with caraway on Thursdays",
    "the museum shows maps of rivers that no longer flow",
    "children under six ride the tram for nothing at all",
    "a bicycle may be taken on the train after ten o'clock",
    "the market behind the church closes early in the rain",
    "swimming in the quarry is forbidden until late in May",
    "the doctor sees patients without an appointment today",
    "letters are collected from the red box at five sharp",
    "two musicians play under the bridge on warm evenings",
    "the garden of herbs belongs to the school next door",
)
LINES = [row(f"Is it true that {topic}?", f"Yes: {topic}.") for topic in TOPICS]


def write(path: Path, lines: list[str], end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def read_log(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_defects_go_and_all_else_stays_byte_for_byte(tmp_path: Path) -> None:
    odd = '{ "prompt":"Who may ride the tram?" ,"completion" : "All may, \\u00e9ven dogs."}'
    private = row("Whom do I ask?", "Ask ana@posteo.net, she knows. 1.50 € each.")
    source = write(tmp_path / "a.jsonl", [*LINES, odd, "{broken", private, LINES[2]], "\r\n")
    original = source.read_bytes()
    found = verbs.clean(source, tmp_path / "b.jsonl")
    assert (found["left_out"], found["changed"]) == (2, 1)
    assert found["by_code"] == {"broken_row": 1, "personal_email": 1, "exact_duplicate": 1}
    mended = private.replace("ana@posteo.net", "[EMAIL_1]")
    assert (tmp_path / "b.jsonl").read_bytes() == "".join(
        line + "\r\n" for line in (*LINES, odd, mended)
    ).encode()
    log = read_log(Path(found["log"]))[1:]
    assert [(each["line"], each["codes"]) for each in log] == [
        (14, ["broken_row"]),
        (15, ["personal_email"]),
        (16, ["exact_duplicate"]),
    ]
    source.unlink()
    assert verbs.restore(tmp_path / "b.jsonl")["path"] == str(source)
    assert source.read_bytes() == original


def test_rows_that_masking_makes_alike_are_found_in_the_next_round(tmp_path: Path) -> None:
    twins = [row("Who is it?", f"It is ana@posteo.net{end}") for end in (".", ". ")]
    source = write(tmp_path / "a.jsonl", [*LINES, twins[0], twins[1]])
    found = verbs.clean(source, tmp_path / "b.jsonl", without=["exact_duplicate"])
    assert found["rows"] == {"before": 14, "after": 14}
    found = verbs.clean(source, tmp_path / "c.jsonl")
    assert found["rows"] == {"before": 14, "after": 13}


@pytest.mark.parametrize("ending", [".json", ".csv"])
def test_other_kinds_of_files_become_rows_and_come_back(tmp_path: Path, ending: str) -> None:
    source = tmp_path / f"a{ending}"
    rows = [json.loads(line) for line in (*LINES, LINES[0])]
    if ending == ".json":
        source.write_text(json.dumps(rows, indent=1))
    else:
        body = "".join(f'"{each["prompt"]}","{each["completion"]}"\n' for each in rows)
        source.write_text(f"prompt,completion\n{body}")
    original = source.read_bytes()
    found = verbs.clean(source, tmp_path / "b.jsonl")
    assert found["left_out"] == 1
    kept = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text("utf-8").splitlines()]
    assert kept == rows[:-1]
    source.unlink()
    verbs.restore(tmp_path / "b.jsonl")
    assert source.read_bytes() == original


def test_only_what_was_asked_for(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [*LINES, "{broken", LINES[0]])
    found = verbs.clean(source, tmp_path / "b.jsonl", only=["broken_row"])
    assert found["by_code"] == {"broken_row": 1}


def test_what_is_only_worth_a_look_is_left_unless_asked_for(tmp_path: Path) -> None:
    named = row("Who is there, please?", "My name is Ana Wolf, and I live upstairs.")
    source = write(tmp_path / "a.jsonl", [*LINES, named])
    assert verbs.clean(source, tmp_path / "b.jsonl")["changed"] == 0
    verbs.clean(source, tmp_path / "c.jsonl", only=["personal_name"])
    assert "My name is [NAME_1], and" in (tmp_path / "c.jsonl").read_text("utf-8")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", LINES)
    (tmp_path / "b.jsonl").write_text("mine")
    with pytest.raises(DataError, match="already there"):
        verbs.clean(source, tmp_path / "b.jsonl")
    assert (tmp_path / "b.jsonl").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]


@pytest.mark.parametrize(
    ("codes", "said"),
    [(["exact_duplicat"], "Did you mean exact_duplicate"), (["unknown_facts"], "no finding named")],
)
def test_an_unknown_finding_is_an_error(tmp_path: Path, codes: list[str], said: str) -> None:
    source = write(tmp_path / "a.jsonl", LINES)
    with pytest.raises(JobError, match=said):
        verbs.clean(source, tmp_path / "b.jsonl", only=codes)


def test_a_file_of_defects_alone_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ["{broken"] * 12)
    with pytest.raises(DataError):
        verbs.clean(source, tmp_path / "b.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize("change", ["cleaned", "log", "no log"])
def test_a_changed_file_is_not_restored(tmp_path: Path, change: str) -> None:
    source = write(tmp_path / "a.jsonl", [*LINES, "{broken"])
    found = verbs.clean(source, tmp_path / "b.jsonl")
    source.unlink()
    log = Path(found["log"])
    if change == "cleaned":
        write(tmp_path / "b.jsonl", LINES[1:])
    elif change == "log":
        log.write_text(log.read_text("utf-8").replace("{broken", "{token!"), "utf-8")
    else:
        log.unlink()
    with pytest.raises(DataError):
        verbs.restore(tmp_path / "b.jsonl")
    assert not source.exists()


LINE = st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"") + b"\n")


@settings(deadline=None)
@given(st.lists(st.tuples(LINE, st.none() | LINE | st.just("same")), min_size=1), st.booleans())
def test_the_log_gives_back_any_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[tuple[bytes, Any]],
    is_cut: bool,
) -> None:
    folder = tmp_path_factory.mktemp("log")
    before = b"".join(line for line, _ in lines)
    if is_cut and lines[-1][1] == "same":  # the last line of a file may have no end
        before = before[:-1]
    cleaned = folder / "draft"
    after = [line if new == "same" else new for line, new in lines if new is not None]
    content = b"".join(after)
    if is_cut and lines[-1][1] == "same":
        content = content[:-1]
    cleaned.write_bytes(content)
    notes = [
        Decision(number, ("odd",), "Because.", line, new)
        for number, (line, new) in enumerate(lines, 1)
        if new != "same"
    ]
    digest = hashlib.sha256(before).hexdigest()
    output = folder / "b.jsonl"
    decisions.write(output, cleaned, notes, name="a.jsonl", sha256=digest, original=None)
    found = decisions.restore(output, None)
    assert found.path.read_bytes() == before
