"""Which function of a repository a test tests, as far as the test's own text tells."""

from __future__ import annotations

import ast
import sqlite3
from dataclasses import dataclass

from postgrad.data.collect.sources.code.python import Module, Written

STATEMENTS = (
    "CREATE TABLE functions (name TEXT, module TEXT, path TEXT, source TEXT)",
    "CREATE INDEX by_name ON functions (name)",
)
MOST_NAMESAKES = 50
"""Functions of one name that are looked at; `main` may be there in every file."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A function of the repository: its name, the path of its file, its text."""

    name: str
    path: str
    source: str


def remember(spill: sqlite3.Connection, path: str, written: Written) -> None:
    """Keep a function, to be found by the tests."""
    if "." not in written.name:  # of a method, a test rarely says whose it is
        spill.execute(
            "INSERT INTO functions VALUES (?, ?, ?, ?)",
            (written.name, dotted(path), path, written.source),
        )


def tested_by(spill: sqlite3.Connection, module: Module, test: Written) -> Tested | None:
    """The function that a test tests: the only one of the repository that it calls, or the only one
    of these that its name names. None where that is not clear."""
    called = _called(module, test)
    found = [each for name, source in called if (each := _find(spill, name, source))]
    named = [each for each in found if each.name.strip("_") in test.name]
    for each in (found, named):
        if len({(one.name, one.path) for one in each}) == 1:
            return each[0]
    return None


def dotted(path: str) -> str:
    """The name of a file as a module: shop/text.py is shop.text."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _called(module: Module, test: Written) -> list[tuple[str, str]]:
    """(name, module) of what a test calls and its file imports."""
    imported: dict[str, tuple[str, str]] = {}
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imported[alias.asname or alias.name] = (node.module or "", alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imported[alias.asname or alias.name] = (alias.name, "")
    called: list[tuple[str, str]] = []
    for node in ast.walk(test.node):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in imported:
            source, name = imported[node.func.id]
            called.append((name, source))
        elif isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if owner in imported:
                source = ".".join(part for part in imported[owner] if part)
                called.append((node.func.attr, source))
    return called


def _find(spill: sqlite3.Connection, name: str, module: str) -> Tested | None:
    """The function of that name in that module, or anywhere below it if the module only passes it
    on; None if there is none, or more than one."""
    rows = spill.execute(
        f"SELECT name, path, source, module FROM functions WHERE name = ? LIMIT {MOST_NAMESAKES}",
        (name,),
    ).fetchall()
    inside = [row for row in rows if f".{row[3]}".endswith(f".{module}")]
    below = [row for row in rows if f".{module}." in f".{row[3]}."]
    found = inside or below
    return Tested(*found[0][:3]) if len(found) == 1 else None
