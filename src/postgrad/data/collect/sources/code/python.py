"""The functions of a Python file, as they stand in its text."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from postgrad.errors import RowError

MOST_CHARACTERS = 6000
"""Of one function: about 1,500 tokens, so that question and answer fit into the 2,048 that are
trained at most by default. Longer ones would be cut in the middle."""
LEAST_DOC_WORDS = 3
""""Return the name." says no more than `name` does, and would teach that documentation may."""

_STUBS = (ast.Pass, ast.Raise)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Written:
    """A function or method, dedented.

    Attributes:
        name: as it is called: `slugify`, `Cart.add`.
        node: its tree.
        line: where it begins, decorators included.
        signature: the lines before the docstring.
        doc: the docstring, dedented; "" without one.
        source: all of it.
        bare: all of it but the docstring.
        is_stub: it does nothing, so it can't be asked for.
    """

    name: str
    node: Function
    line: int
    signature: str
    doc: str
    source: str
    bare: str
    is_stub: bool


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file: its tree and its lines."""

    tree: ast.Module
    lines: tuple[str, ...]


def parse_module(data: bytes) -> Module:
    """A Python file, parsed.

    Raises:
        RowError: it is not Python of this version, or its encoding is unknown.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file of others, nobody here can mend them
            tree = ast.parse(text)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        raise RowError(
            f"It is no Python that this version reads ({type(error).__name__}: {error}).",
            code="not_python",
        ) from None
    return Module(tree, tuple(text.split("\n")))


def functions(module: Module) -> Iterator[Written]:
    """The functions and methods at the top of a module and of its classes, but for overloads."""
    for node in module.tree.body:
        if isinstance(node, Function):
            yield from _written(module, node, node.name)
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Function):
                    yield from _written(module, inner, f"{node.name}.{inner.name}")


def _written(module: Module, node: Function, name: str) -> Iterator[Written]:
    if any(ast.unparse(each) in ("overload", "typing.overload") for each in node.decorator_list):
        return
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    lines = module.lines[first - 1 : node.end_lineno]
    body, doc = node.body, ast.get_docstring(node, clean=False)
    starts = body[0].lineno - first
    after = starts
    if doc is not None:
        after, body = (body[0].end_lineno or 0) - first + 1, body[1:]
        while after < len(lines) and not lines[after].strip():
            after += 1
    if starts <= node.lineno - first or (body and body[0].lineno - first < after):
        return  # two statements on one line: the text can't be cut between lines
    yield Written(
        name=name,
        node=node,
        line=first,
        signature=textwrap.dedent("\n".join(lines[:starts])).rstrip(),
        doc=inspect.cleandoc(doc or "").strip(),
        source=textwrap.dedent("\n".join(lines)).rstrip(),
        bare=textwrap.dedent("\n".join((*lines[:starts], *lines[after:]))).rstrip(),
        is_stub=all(_is_stub(statement) for statement in body),
    )


def _is_stub(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return True
    return isinstance(statement, _STUBS)
