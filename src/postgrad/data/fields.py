"""Typed access to the fields of a row: a value of a wrong type becomes a RowError with its path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

from postgrad.errors import RowError


def json_type(value: object) -> str:
    """The type of a value, in the words of JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if is_list(value) else "an object"


def shown(value: object, limit: int = 60) -> str:
    """A value as short JSON, for a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def wrong_type(value: object, path: str, wanted: str, fix: str = "") -> RowError:
    """The error for a value that is not what it must be."""
    return RowError(
        f"{path} is {json_type(value)} ({shown(value)}), and must be {wanted}.",
        path=path,
        fix=fix or f"Write {path} as {wanted}.",
        code="wrong_type",
    )


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a list (or a tuple, from callers in Python)."""
    return isinstance(value, list | tuple)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is an object."""
    return isinstance(value, Mapping)


def object_at(value: object, path: str) -> Mapping[str, Any]:
    """The value, if it is an object.

    Raises:
        RowError: it is not.
    """
    if not is_object(value):
        raise wrong_type(value, path, "an object")
    return value


def list_at(value: object, path: str) -> list[Any]:
    """The value, if it is a list.

    Raises:
        RowError: it is not.
    """
    if not is_list(value):
        raise wrong_type(value, path, "a list")
    return list(value)


def text_at(value: object, path: str) -> str:
    """The value, if it is a string.

    Raises:
        RowError: it is not.
    """
    if not isinstance(value, str):
        number = isinstance(value, int | float)
        raise wrong_type(value, path, "a string", f'Write "{value}".' if number else "")
    return value


def required_text(row: Mapping[str, Any], key: str) -> str:
    """A string that must be there and hold more than white space.

    Raises:
        RowError: it is missing, no string, or blank.
    """
    if row.get(key) is None:
        raise missing_key(row, key)
    return filled(text_at(row[key], key), key)


def optional_text(row: Mapping[str, Any], key: str) -> str:
    """A string that may be left out, null or blank, all of which give the empty string.

    Raises:
        RowError: it is there and no string.
    """
    value = row.get(key)
    text = "" if value is None else text_at(value, key)
    return text if text.strip() else ""


def filled(text: str, path: str) -> str:
    """The text, if it holds more than white space.

    Raises:
        RowError: it does not.
    """
    if not text.strip():
        raise RowError(
            f"{path} is empty.",
            path=path,
            why="There is nothing in it to learn from." if path else "",
            fix=f"Fill {path}, or remove the row.",
            code="missing_content",
        )
    return text


def missing_key(row: Mapping[str, Any], key: str) -> RowError:
    """The error for a key that a row must have."""
    keys = ", ".join(str(name) for name in row) or "none"
    return RowError(
        f"The key {key!r} is missing (the row's keys: {keys}).",
        path=key,
        fix=f"Add {key!r}, or remove the row.",
        code="missing_key",
    )
