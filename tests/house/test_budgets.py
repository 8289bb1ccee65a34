"""The budgets: what keeps a house of many rooms from rotting. There is no list of exceptions."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

from postgrad import plugins
from postgrad.cli.main import ByName, cli

SOURCE = Path(__file__).parents[2] / "src" / "postgrad"
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8"), str(path)) for path in FILES}

MOST_FILE_LINES = 500
MOST_FUNCTION_LINES = 80
CATCH_ALLS = {"utils", "util", "common", "misc", "helpers", "helper", "manager", "extras"}
LOADS_BY_NAME = {"plugins.py", "worker.py"}
FINDS_BY_NAME = {"plugins.py", "__init__.py", "cli/main.py"}
"""Who may call `plugins.find`: the tables, the package's names, and its commands."""
HEAVY = {
    *("torch", "transformers", "tokenizers", "safetensors", "huggingface_hub"),
    *("numpy", "scipy", "pyarrow", "jinja2", "rich"),
}
SLOW = {"asyncio", "email.message", "http.client", "importlib.metadata"}
"""Of the standard library: each added 30 ms or more to a process on two cores of an EPYC."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def place(path: Path, node: ast.stmt | ast.expr) -> str:
    return f"{path.relative_to(SOURCE)}:{node.lineno}"


def functions() -> Iterator[tuple[Path, Function]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield path, node


def test_no_file_is_too_long() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text().splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > MOST_FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{place(path, node)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path, node in functions()
    }
    assert {name: length for name, length in lengths.items() if length > MOST_FUNCTION_LINES} == {}


def test_no_room_for_everything() -> None:
    """A module that is named after nothing collects everything."""
    parts = {part for path in FILES for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert parts & CATCH_ALLS == set()


def test_no_import_circle() -> None:
    """Take away what imports nothing that is left, again and again: only circles stay."""
    graph = grimp.build_graph("postgrad", exclude_type_checking_imports=True, cache_dir=None)
    for command in cli.commands.values():
        assert isinstance(command, ByName)
        module, _, _ = command.target.partition(":")
        assert module in graph.modules
        graph.add_import(importer="postgrad.cli.main", imported=module)
    left = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    while free := {module for module, imported in left.items() if not imported & left.keys()}:
        left = {module: imported for module, imported in left.items() if module not in free}
    assert sorted(left) == []


def test_no_hidden_imports() -> None:
    """Our own modules are imported at the top, where the import contracts and readers see them."""
    hidden = [
        place(path, inner)
        for path, node in functions()
        if path.name not in LOADS_BY_NAME or path.parent != SOURCE
        for inner in ast.walk(node)
        if imports_ours(inner)
    ]
    by_name = [
        place(path, node)
        for path, tree in TREES.items()
        if path.relative_to(SOURCE).as_posix() not in FINDS_BY_NAME
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "plugins.find"
    ]
    assert hidden + by_name == []


def imports_ours(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] == "postgrad" for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or (node.module or "").partition(".")[0] == "postgrad"
    if isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
        name = node.args[0] if node.args else None
        outside = isinstance(name, ast.Constant) and not str(name.value).startswith("postgrad")
        return not outside
    return False


def test_names_of_plug_ins_are_looked_up_not_compared() -> None:
    """`if name == "lora": ... elif name == "full": ...` belongs in a table."""
    chains = {
        f"{place(path, node)} {node.name}": sorted(found)
        for path, node in functions()
        for kind in ("methods", "objectives", "formats", "scorers", "backends")
        if len(found := compared(node) & set(plugins.TABLES[kind])) > 1
    }
    assert chains == {}


def compared(function: Function) -> set[str]:
    """The strings that a function compares something with."""
    found: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            sides = [node.value]
        else:
            continue
        found |= {side.value for side in sides if isinstance(side, ast.Constant)}
    return {value for value in found if isinstance(value, str)}


PACKAGE = {"postgrad", "postgrad.errors", "postgrad.plugins"}
COMMANDS = {"click", "postgrad.cli", "postgrad.cli.main", *PACKAGE}
CALL = "import sys; from postgrad.cli.main import main; sys.argv = ['postgrad', *{}]; main()"


def test_the_package_loads_its_names_when_they_are_asked_for() -> None:
    """What is promised in seconds is held in modules, which are the same on every machine."""
    assert loaded("import postgrad; dir(postgrad); postgrad.UserError") == PACKAGE


@pytest.mark.parametrize("words", [["--help"], [], ["--version"], ["tran"], ["tran", "--json"]])
def test_the_list_of_commands_loads_none_of_them(words: list[str]) -> None:
    assert loaded(CALL.format(words)) == COMMANDS


def test_completing_a_command_loads_none_of_them() -> None:
    typed = {"COMP_WORDS": "postgrad tr", "COMP_CWORD": "1", "_POSTGRAD_COMPLETE": "bash_complete"}
    assert loaded(CALL.format([]), **typed) == COMMANDS


def test_no_verb_and_no_command_loads_anything_heavy() -> None:
    code = (
        "import postgrad; from postgrad.cli.main import cli\n"
        "[getattr(postgrad, name) for name in postgrad.__all__]\n"
        "[command.loaded() for command in cli.commands.values()]"
    )
    found = loaded(code)
    assert {"postgrad.verbs.runs", "postgrad.cli.train"} < found
    assert found & HEAVY == set()


def loaded(code: str, **environment: str) -> set[str]:
    """What a fresh Python loads to run this: our modules, others' packages, and what is slow of
    the standard library."""
    before = "import atexit, sys; there = {*sys.modules}; atexit.register(lambda: print(*"
    before += "sys.modules.keys() - there, file=sys.stderr))\n"
    done = subprocess.run(
        [sys.executable, "-c", before + code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    modules = set(done.stderr.splitlines()[-1].split())
    ours = {module for module in modules if module.partition(".")[0] == "postgrad"}
    others = {module.partition(".")[0] for module in modules - ours} - sys.stdlib_module_names
    return ours | others | (modules & SLOW)
