"""The pages are true: Python blocks run, and the commands that they name exist.

Blocks marked ```python notest are shown only: they train, or need a download.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from postgrad.cli.main import ByName, cli

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *(path for name in ("CONTRIBUTING.md", "ARCHITECTURE.md") if (path := ROOT / name).exists()),
    *sorted((ROOT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?:^|[$;&|] *)postgrad +([^\n;&|#]+)", re.MULTILINE)
TARGET = re.compile(r"(?:^|[$;&|] *)make +([a-z][a-z-]*)", re.MULTILINE)


def blocks(path: Path) -> Iterator[tuple[int, str, str, str]]:
    """(line, language, marks, code) of each fenced block."""
    text = path.read_text("utf-8")
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(3))
        yield line, found[1], found[2], found[3]


def commands(path: Path) -> set[str]:
    """What the page's code, in blocks and in spans, has after `postgrad`."""
    text = path.read_text("utf-8")
    code = [body for _, language, _, body in blocks(path) if language != "python"]
    code += SPAN.findall(BLOCK.sub("", text))
    return {found.strip() for piece in code for found in COMMAND.findall(piece)}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_blocks_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order and in one namespace, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "page"}
    for line, language, marks, code in blocks(path):
        if language == "python" and "notest" not in marks:
            exec(compile("\n" * line + code, str(path), "exec"), namespace)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_exist(path: Path) -> None:
    assert [wrong for text in sorted(commands(path)) if (wrong := fault(text))] == []


def fault(text: str) -> str:
    """What is wrong with a command line, read without its values."""
    command: click.Command = cli
    for word in text.split():
        if word.startswith("-"):
            options = {name for item in command.params for name in item.opts} | {"--help", "-h"}
            if word.partition("=")[0] not in options | {"--version"}:
                return f"postgrad {text}: no option {word}"
        elif isinstance(command, click.Group) and word != "...":
            if word not in command.commands:
                return f"postgrad {text}: no command {word}"
            command = command.commands[word]
            command = command.loaded() if isinstance(command, ByName) else command
    return ""


@pytest.mark.parametrize("path", [*PAGES, ROOT / "benchmarks" / "README.md"], ids=str)
def test_make_targets_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    code = [body for _, _, _, body in blocks(path)] + SPAN.findall(BLOCK.sub("", text))
    named = {target for piece in code for target in TARGET.findall(piece)}
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named - there == set()
