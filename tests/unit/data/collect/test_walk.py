"""Folders: in order, without loops, and nothing passed over in silence."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from collecting import write
from postgrad.core.collecting import Skipped
from postgrad.data.collect.walk import Found, count, survey, walk


def told(root: Path) -> dict[str, str]:
    """Every item by its place: its reason, or "" for a file that is given."""
    return {each.source: each.code if isinstance(each, Skipped) else "" for each in walk(root, "x")}


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    write(tmp_path, {"b.md": "", "a/z.md": "", "a/b/c.md": "", "ä.md": ""})
    assert [each.source for each in walk(tmp_path, "x")] == [
        "x/a/b/c.md",
        "x/a/z.md",
        "x/b.md",
        "x/ä.md",
    ]
    assert count(tmp_path) == 4


def test_links_are_told_and_loops_have_an_end(tmp_path: Path) -> None:
    write(tmp_path, {"a/one.md": ""})
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "again.md").symlink_to(tmp_path / "a" / "one.md")
    (tmp_path / "dead.md").symlink_to(tmp_path / "nowhere")
    assert told(tmp_path) == {
        "x/a/loop": "link",
        "x/a/one.md": "",
        "x/again.md": "link",
        "x/dead.md": "link",
    }


def test_what_is_not_for_reading_is_told(tmp_path: Path) -> None:
    write(tmp_path, {".git/config": "", "~$letter.docx": "", "__MACOSX/a.md": "", "a.md": ""})
    os.mkfifo(tmp_path / "pipe.txt")
    assert told(tmp_path) == {
        "x/.git": "hidden",
        "x/__MACOSX": "hidden",
        "x/a.md": "",
        "x/pipe.txt": "no_file",
        "x/~$letter.docx": "hidden",
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"shut/a.md": "", "open.md": ""})
    (tmp_path / "shut").chmod(0)
    try:
        assert told(tmp_path) == {"x/open.md": "", "x/shut": "unreadable"}
    finally:
        (tmp_path / "shut").chmod(0o700)


def test_a_deep_folder(tmp_path: Path) -> None:
    """Deeper than Python's recursion and than the system's longest path."""
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=place)
        inner = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    write(tmp_path, {"z.md": ""})
    found = told(tmp_path)
    subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # Python's own removal recurses
    assert found.popitem() == ("x/z.md", "")
    assert set(found.values()) <= {"unreadable"}


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    [found] = walk(tmp_path, "x")
    assert isinstance(found, Found)
    assert found.source == "x/caf\\xe9.md"
    assert found.path.read_text() == "x"


def test_a_survey_does_not_count_code_of_others(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "node_modules/b.js": "", "docs/c.MD": ""})
    assert survey(tmp_path) == {".py": 1, ".md": 1}
