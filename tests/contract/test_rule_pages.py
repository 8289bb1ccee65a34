"""docs/cleaning is true: the rows of each page load, and give the finding that it describes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from postgrad import plugins
from postgrad.core.interfaces import AskingRule
from postgrad.core.job import DataSection
from postgrad.core.records import Chat
from postgrad.data import doctor, general
from postgrad.data.files import read_files
from postgrad.data.rows import estimate, rows_of

PAGES = Path(__file__).parents[2] / "docs" / "cleaning"
NAMES = plugins.names("rules")

PARCEL = "What does it cost to send a parcel of two kilos to Norway, please?"
BESIDE: dict[str, list[dict[str, str]]] = {
    "labels": [
        {"prompt": f"Any question, number {n}", "completion": "Please see our website."}
        for n in range(500)
    ],
    "lengths": [
        {"prompt": f"Explain number {n}. " * (1 + n % 3), "completion": "It is so. " * (4 + n % 7)}
        for n in range(120)
    ],
}
"""What the text of a page says stands beside its row."""

OF_OTHER_ROWS = {"topics", "wrong_labels"}
"""What these pages show is odd only among hundreds of rows of one kind: test_labels_and_topics."""


def example(name: str) -> list[dict[str, Any]]:
    page = (PAGES / f"{name}.md").read_text("utf-8")
    [block] = re.findall(r"^```json\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    return [json.loads(line) for line in block.split("\n")]


def others(like: dict[str, Any]) -> list[dict[str, Any]]:
    """Ordinary rows with the keys of this one."""
    found: list[dict[str, Any]] = []
    for record in general.rows():
        if not isinstance(record, Chat):
            continue
        asked, said = record.messages[-2].content, record.messages[-1].content
        turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
        row = {"messages": turns} if "messages" in like else {"prompt": asked, "completion": said}
        found.append(row)
    return found


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return str(path)


def asked_without_a_model(name: str) -> bool:
    rule = plugins.load("rules", name)()
    return name not in OF_OTHER_ROWS and not isinstance(rule, AskingRule) and name != "toxicity"


@pytest.mark.parametrize("name", [name for name in NAMES if asked_without_a_model(name)])
def test_the_example_of_a_page_is_found(name: str, tmp_path: Path) -> None:
    rows = example(name)
    before = BESIDE.get(name) or others(rows[0])
    train = written(tmp_path / "train.jsonl", before + rows)
    test = [{"prompt": PARCEL, "completion": "It depends."}]
    test_file = written(tmp_path / "test.jsonl", test) if name == "leaks" else None
    files = read_files(DataSection(train=train, test=test_file))
    found = doctor.examine(rows_of(files, estimate, {}), doctor.rules([name]))
    if name in ("labels", "data_size"):  # these are about all rows together
        assert found.findings
        return
    lines = {line for each in found.findings for line in each.by_file.get("train.jsonl", [])}
    assert len(before) + len(rows) in lines  # of two that belong together, the second


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_page_loads(name: str, tmp_path: Path) -> None:
    rows = example(name)
    train = written(tmp_path / "train.jsonl", others(rows[0]) + rows)
    rejected = read_files(DataSection(train=train))["train"].rejected
    assert len(rejected) == (len(rows) if name == "broken_rows" else 0)


def test_the_first_page_names_every_page() -> None:
    named = set(re.findall(r"\[(\w+)\]\(\1\.md\)", (PAGES / "README.md").read_text("utf-8")))
    there = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert named == there
    assert set(NAMES) <= there
