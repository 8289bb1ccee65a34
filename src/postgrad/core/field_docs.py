"""What the fields of a model mean: the strings under them, read from the source when asked for.

pydantic can read them at import (`use_attribute_docstrings`), but then every start pays for it.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


@cache
def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring of each field that the class itself declares and describes."""
    [source] = ast.parse(inspect.getsource(model)).body
    assert isinstance(source, ast.ClassDef)
    found: dict[str, str] = {}
    for node, following in pairwise(source.body):
        if isinstance(node, ast.AnnAssign) and isinstance(following, ast.Expr):
            text = following.value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                found[ast.unparse(node.target)] = inspect.cleandoc(text.value)
    return found
