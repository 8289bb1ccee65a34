"""docs/data.md is true: its rows load, and its tables name every code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from postgrad import plugins
from postgrad.core.collecting import CollectSettings, Columns
from postgrad.data.detect import detect

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "data.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```json\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
READERS = ("render.py", "pack.py")  # the template's own codes are another page's


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_rows_of_the_page_load(example: str) -> None:
    row = json.loads(example)
    name = detect([row]).name
    assert plugins.load("formats", name)().record(row)
    heading = PAGE[: PAGE.index(example)].rpartition("\n### ")[2].partition("\n")[0]
    assert heading == name


def test_the_page_has_an_example_of_every_format() -> None:
    assert {detect([json.loads(example)]).name for example in EXAMPLES} == set(
        plugins.TABLES["formats"]
    )


def test_the_tables_of_the_page_name_every_code() -> None:
    sources = [
        path.read_text("utf-8")
        for path in (ROOT / "src" / "postgrad" / "data").rglob("*.py")
        if path.name not in READERS and not {"cleaning", "collect"} & set(path.parts)
    ]
    codes = {code for text in sources for code in re.findall(r'\bcode="(\w+)"', text)}
    codes |= {"invalid_tools", "overlaps_test", "overlaps_valid"}
    rows = "\n".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    assert codes - set(re.findall(r"`(\w+)`", rows)) == set()


def test_the_page_about_collecting_names_every_setting_and_kind() -> None:
    page = (ROOT / "docs" / "collect.md").read_text("utf-8")
    for key in CollectSettings.model_fields.keys() - {"columns"}:
        assert f"| `{key}` |" in page
    for key in Columns.model_fields:
        assert f"`.{key}`" in page or f"`columns.{key}`" in page
    for kind in plugins.names("collectors"):
        assert f"| `{kind}` |" in page


def test_the_page_about_collecting_names_every_code() -> None:
    page = (ROOT / "docs" / "collect.md").read_text("utf-8")
    told = set(re.findall(r"`(\w+)`", page)) | set(re.findall(r"`(\w+)`", PAGE))
    sources = (ROOT / "src" / "postgrad" / "data" / "collect").rglob("*.py")
    given = r'\bcode="(\w+)"|\bSkipped\(\s*[\w.]+,\s*"(\w+)"|\bRemoved\(\s*"(\w+)"'
    codes = {
        code
        for path in sources
        for found in re.findall(given, path.read_text("utf-8"))
        for code in filter(None, found)
    }
    assert {"vendored", "front_matter", "no_file", "unknown_house"} <= codes
    assert codes - told - {"stopped"} == set()
