"""Which format a file has, and what is said when none fits."""

from __future__ import annotations

from typing import Any

import pytest

from postgrad import plugins
from postgrad.core.records import Text
from postgrad.data.detect import check_named, detect
from postgrad.errors import DataError, JobError

ROWS: dict[str, dict[str, Any]] = {
    "openai_chat": {"messages": []},
    "prompt_completion": {"prompt": "a", "completion": "b"},
    "alpaca": {"instruction": "a", "input": "", "output": "b", "text": "as in the original"},
    "sharegpt": {"conversations": []},
    "text": {"text": "a"},
}


@pytest.mark.parametrize("name", ROWS)
def test_each_format_is_detected_and_said(name: str) -> None:
    seen = detect([ROWS[name]] * 20, "train.jsonl")
    assert seen.name == name
    assert seen.sentence.startswith("train.jsonl is read as ")
    assert "all of the first 20 rows have" in seen.sentence


def test_the_most_frequent_format_wins() -> None:
    seen = detect([ROWS["text"], *[ROWS["sharegpt"]] * 2])
    assert (seen.name, "2 of the first 3 rows" in seen.sentence) == ("sharegpt", True)


def test_one_row() -> None:
    assert "its only row has text" in detect([{"text": "a"}]).sentence


@pytest.mark.parametrize(
    ("row", "nearest", "fix"),
    [
        (
            {"question": 1, "answer": 2},
            "prompt_completion",
            "question to prompt, answer to completion",
        ),
        ({"Prompt": 1, "completion": 2}, "prompt_completion", "Prompt to prompt"),
        ({"prompt": 1, "category": 2}, "prompt_completion", "Add completion"),
        ({"instruction": 1, "response": 2}, "alpaca", "response to output"),
        ({"conversation": []}, "sharegpt", "conversation to conversations"),
        ({"mesages": []}, "openai_chat", "mesages to messages"),
    ],
)
def test_no_format_gives_the_nearest(row: dict[str, Any], nearest: str, fix: str) -> None:
    with pytest.raises(DataError) as caught:
        detect([row, row], "train.jsonl")
    error = caught.value
    assert error.code == "unknown_format"
    assert all(key in error.what for key in row)
    assert f"nearest format is {nearest}," in error.why
    assert fix in error.fix


def test_no_format_and_none_near() -> None:
    with pytest.raises(DataError) as caught:
        detect([{"a": 1, "b": 2}])
    assert "a, b" in caught.value.what
    assert "prompt_completion (prompt, completion)" in caught.value.why


def test_a_named_format_is_used_if_it_fits() -> None:
    both = {"text": "a", "messages": []}
    assert check_named("text", [both], "f").name == "text"
    with pytest.raises(DataError) as caught:
        check_named("alpaca", [both], "f")
    assert caught.value.code == "wrong_format"
    assert "data.format=openai_chat" in caught.value.fix
    with pytest.raises(JobError):
        check_named("alpacca", [both], "f")


class Lines:
    """A format of another package, without `keys`."""

    name = "lines"
    title = "lines"

    def recognises(self, row: dict[str, Any]) -> bool:
        return "line" in row

    def record(self, row: dict[str, Any]) -> Text:
        return Text(row["line"])


def test_a_plug_in_format_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {**plugins.TABLES["formats"], "lines": f"{__name__}:Lines"}
    monkeypatch.setitem(plugins.TABLES, "formats", table)
    monkeypatch.setitem(
        __import__("sys").modules, __name__, __import__("types").SimpleNamespace(Lines=Lines)
    )
    plugins.load.cache_clear()
    assert detect([{"line": "a"}]).name == "lines"
    plugins.load.cache_clear()


def test_a_plug_in_that_lacks_a_package_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {**plugins.TABLES["formats"], "broken": "no_such_package_at_all:Format"}
    monkeypatch.setitem(plugins.TABLES, "formats", table)
    assert detect([{"text": "a"}]).name == "text"
