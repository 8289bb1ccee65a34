"""The objects of a JSON file one by one, however long it is.

A file holds objects on lines, a list of them, or pages as APIs give them (`{"data": [...]}`), one
or several after the other.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from postgrad.data import strict_json
from postgrad.data.fields import is_list, is_object
from postgrad.data.read import read_rows
from postgrad.errors import DataError, RowError, SetupError

_OPENING, _CLOSING = ("start_map", "start_array"), ("end_map", "end_array")
_TOO_DEEP = RowError(
    "It is nested too deep, or has too long a number.",
    fix="Write the inner part as a string.",
    code="too_deep",
)
LINE_ENDINGS = (".jsonl", ".ndjson")


def json_objects(path: Path) -> Iterator[tuple[str, Mapping[str, Any] | RowError]]:
    """(place, object) of each object of a file; in place of one that can't be used, its error.

    Raises:
        DataError: the file can't be read, or is broken so that the rest of it can't be.
        SetupError: the package that reads long JSON is missing.
    """
    if path.suffix.lower() in LINE_ENDINGS:
        for row in read_rows(path):
            if row.error is not None:
                yield str(row.line), row.error
            elif row.row is not None:
                for value in _items(row.row):
                    yield str(row.line), _checked(value)
        return
    streamed = (item for value in _streamed(path) for item in _items(value))
    for number, value in enumerate(streamed, 1):
        yield f"object {number}", _checked(value)


def _items(value: Any) -> list[Any]:
    """What a page holds; anything else is itself."""
    data = value.get("data") if is_object(value) else None
    return data if is_list(data) else [value]


def _streamed(path: Path) -> Iterator[Any]:
    try:
        library: Any = importlib.import_module("ijson")
    except ModuleNotFoundError as error:
        raise SetupError(
            "The package ijson, which reads long JSON files, is not installed.",
            fix="Install it with: pip install 'postgrad[collect]'",
            code="missing_package",
        ) from error
    try:
        with path.open("rb") as file:
            yield from _built(
                library, library.basic_parse(file, multiple_values=True, use_float=True)
            )
    except (library.JSONError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is no JSON, or is cut off: {str(error).splitlines()[0]}",
            fix="Export it again, or write one object on each line of a .jsonl file.",
            code="invalid_json",
        ) from None
    except OSError as error:
        raise DataError(
            f"{path} can't be read: {error.strerror or error}.",
            fix="See that you may read it.",
            code="unreadable_file",
        ) from None


def _built(library: Any, events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    """Values out of a stream of events: items of a list, items of a page, or what else is at the
    top. A page is given item by item, and never held as a whole."""
    depth, key, level = 0, "", 0
    kinds = ["", ""]
    builder: Any = None
    for event, value in events:
        opens, closes = event in _OPENING, event in _CLOSING
        if opens and depth < len(kinds):
            kinds[depth] = event
        in_list = depth == 1 and kinds[0] == "start_array"
        in_page = depth == 2 and kinds == ["start_map", "start_array"] and key == "data"
        if depth == 1 and event == "map_key":
            key = value
        if opens and builder is None and (depth == 0 or in_list or in_page):
            if event == "start_map" or depth:
                builder, level = library.ObjectBuilder(), depth
        elif in_list and not closes and builder is None:
            yield value
        if depth == 1 and level == 0 and key == "data" and event == "start_array":
            builder = None  # a page: what it says of itself is not needed
        depth += opens - closes
        if builder is _TOO_DEEP or (builder is not None and depth - level > strict_json.MAX_DEPTH):
            builder = _TOO_DEEP
        elif builder is not None:
            builder.event(event, value)
        if closes and builder is not None and depth == level:
            yield builder if builder is _TOO_DEEP else builder.value
            builder = None


def _checked(value: Any) -> Mapping[str, Any] | RowError:
    """The object as strict JSON: not too deep, without NaN or halves of characters."""
    if isinstance(value, RowError):
        return value
    try:
        found = strict_json.loads(json.dumps(value, ensure_ascii=False))
    except RowError as error:
        return error
    except (ValueError, RecursionError):
        return _TOO_DEEP
    if is_object(found):
        return found
    return RowError("It is no JSON object.", code="row_not_object")
