"""The project speaks of itself alone: no machine of ours, no forgotten task, no package mirror."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
KINDS = {
    *(".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".jinja", ".css", ".js", ".sh"),
    "",
}
NOT_OURS = {"LICENSE", Path(__file__).name}
BUILT = {"__pycache__", "build", "dist", "runs", "node_modules"}

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
ISSUE = re.compile(r"https://\S+/issues/\d+")
MACHINE_PATH = re.compile(r"(?<![\w.~:/\-])/(home|root|Users|work|opt|mnt|srv|workspace)/\w")
# A page about one release is a source; an address to install from belongs in pip's own settings.
REGISTRY = re.compile(
    r"pypi\.org(?!/project/)|pythonhosted\.org|npmjs\.(org|com)|yarnpkg\.com"
    r"|download\.pytorch\.org|anaconda\.org|/simple/?[\s\"']|--(extra-)?index-url[ =]"
)


def lines() -> Iterator[tuple[str, str]]:
    """(place, line) of every text file of the repository."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts[:-1])
        if hidden or set(parts) & BUILT or any(part.endswith(".egg-info") for part in parts):
            continue
        if path.suffix not in KINDS or path.name in NOT_OURS or not path.is_file():
            continue
        for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
            yield f"{path.relative_to(ROOT)}:{number}", line


LINES = list(lines())


def test_what_is_left_to_do_has_an_issue() -> None:
    assert [
        f"{place} {line.strip()}"
        for place, line in LINES
        if UNFINISHED.search(line) and not ISSUE.search(line)
    ] == []


def test_no_path_of_one_machine() -> None:
    assert [f"{place} {line.strip()}" for place, line in LINES if MACHINE_PATH.search(line)] == []


def test_no_package_registry() -> None:
    assert [f"{place} {line.strip()}" for place, line in LINES if REGISTRY.search(line)] == []
