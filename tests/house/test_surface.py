"""The surface: what people and programs rely on changes on purpose, never by accident."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import postgrad
from postgrad import plugins, verbs
from postgrad.cli.main import ByName, cli

SOURCE = Path(__file__).parents[2] / "src" / "postgrad"
ROWS = [(kind, name) for kind, table in plugins.TABLES.items() for name in table]

COMMANDS = {
    "postgrad demo": ["--json", "--out"],
    "postgrad models list": ["--json"],
    "postgrad models pull": ["NAME", "--json"],
    "postgrad models show": ["NAME", "--json"],
    "postgrad data check": [
        "FILE|JOB",
        "--base",
        "--html",
        "--json",
        "--method",
        "--only",
        "--set",
        "--strict",
    ],
    "postgrad data collect": ["SOURCE...", "--json", "--output", "--set", "-o"],
    "postgrad data clean": [
        "FILE|JOB",
        "--base",
        "--except",
        "--json",
        "--only",
        "--output",
        "--set",
        "-o",
    ],
    "postgrad data restore": ["OUT", "--json", "--output", "-o"],
    "postgrad plan": [
        "FILE|JOB",
        "--base",
        "--json",
        "--method",
        "--no-trial",
        "--output",
        "--set",
        "-o",
    ],
    "postgrad train": [
        "FILE|JOB|RUN",
        "--base",
        "--json",
        "--method",
        "--out",
        "--resume",
        "--set",
        "--strict",
    ],
    "postgrad eval": [
        *("RUN", "--anew", "--curve", "--json", "--judge", "--judge-model"),
        *("--quick", "--set", "--strict", "--suite"),
    ],
    "postgrad review": ["RUN", "--import", "--json", "--page"],
    "postgrad report": ["RUN", "--json", "--open"],
    "postgrad compare": ["RUN|FILE", "RUN|FILE", "--json"],
    "postgrad next": [
        "RUN",
        "--diff",
        "--json",
        "--output",
        "--set",
        "--take",
        "--tree",
        "-o",
    ],
    "postgrad chat": ["RUN", "--base-only", "--json", "--system"],
    "postgrad doctor": ["--json"],
}


def test_all_is_sorted_and_complete() -> None:
    """What editors are told is what programs get."""
    tree = ast.parse((SOURCE / "__init__.py").read_text("utf-8"))
    told = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("postgrad.")
        for alias in node.names
    }
    assert postgrad.__all__ == sorted(told)
    for name, module in told.items():
        assert getattr(postgrad, name) is getattr(importlib.import_module(str(module)), name)
    assert set(dir(postgrad)) == {*told, "__version__"}


def test_no_module_has_the_name_of_a_verb() -> None:
    """Importing it would put it where the verb was."""
    for package in (postgrad, verbs):
        modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
        assert modules & set(package.__all__) == set()


def test_a_name_that_is_not_there_is_refused_as_of_any_module() -> None:
    assert not hasattr(postgrad, "trian")
    assert not hasattr(postgrad, "load_job")  # of the verbs, and not public


@pytest.mark.parametrize(("kind", "name"), ROWS)
def test_every_row_of_every_table_loads(kind: str, name: str) -> None:
    assert callable(plugins.load(kind, name))


def test_the_command_line_is_the_one_that_is_written_here() -> None:
    """A new option? First ask whether it could be a key of the job, set with --set."""
    assert dict(commands(cli, "postgrad")) == COMMANDS
    assert list(cli.commands) == list(dict.fromkeys(path.split()[1] for path in COMMANDS))


def commands(command: click.Command, path: str) -> Iterator[tuple[str, list[str]]]:
    """Each command with its arguments, as they are shown, and its options."""
    if isinstance(command, ByName):
        command = command.loaded()
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}")
        return
    arguments = [item for item in command.params if isinstance(item, click.Argument)]
    options = [item for item in command.params if isinstance(item, click.Option)]
    shown = [(item.metavar or item.name or "").upper() for item in arguments]
    yield path, shown + sorted(name for item in options for name in item.opts)


@pytest.mark.parametrize("shown", cli.commands.values(), ids=str)
def test_the_list_says_of_a_command_what_the_command_says(shown: click.Command) -> None:
    assert isinstance(shown, ByName)
    real = shown.loaded()
    assert (shown.name, shown.hidden, shown.deprecated) == (real.name, False, False)
    for width in range(20, 121, 20):
        assert shown.get_short_help_str(width) == real.get_short_help_str(width)


def test_every_command_prints_json_for_programs() -> None:
    assert [path for path, shown in COMMANDS.items() if "--json" not in shown] == []


def test_what_is_public_is_described() -> None:
    """Every module, and every public function and class at the top of one. Every public method,
    but for a property, a single statement, and what a protocol or a library already describes."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    told = {"forward", "backward", "list_commands"}  # of torch and click
    told |= {name for tree in trees.values() for name in of_protocols(tree)}
    silent: list[str] = []
    for path, tree in trees.items():
        where = str(path.relative_to(SOURCE))
        if not ast.get_docstring(tree):
            silent.append(where)
        for node in public(tree.body):
            if not ast.get_docstring(node):
                silent.append(f"{where} {node.name}")
            for method in public(node.body) if isinstance(node, ast.ClassDef) else ():
                if not (ast.get_docstring(method) or method.name in told or is_plain(method)):
                    silent.append(f"{where} {node.name}.{method.name}")
    assert silent == []


def public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def of_protocols(tree: ast.Module) -> Iterator[str]:
    """Names of the methods that a protocol of a module describes."""
    for node in public(tree.body):
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases):
            yield from (item.name for item in public(node.body) if ast.get_docstring(item))


def is_plain(method: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether its name and its one statement say it all."""
    decorators = {ast.unparse(decorator) for decorator in method.decorator_list}
    return len(method.body) == 1 or bool(decorators & {"property", "cached_property"})
