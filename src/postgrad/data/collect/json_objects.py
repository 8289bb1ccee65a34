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
            yield from _built(library, library.parse(file, multiple_values=True, use_float=True))
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


def _built(library: Any, events: Iterator[tuple[str, str, Any]]) -> Iterator[Any]:
    """Values out of a stream of events: items of a list, items of a page, or what else is at the
    top. A page is given item by item, and never held as a whole."""
    top: Any = None
    item: Any = None
    inside = ""
    for prefix, event, value in events:
        if item is not None:
            item.event(event, value)
            if prefix == inside and event == "end_map":
                yield item.value
                item = None
        elif prefix in ("item", "data.item") and event == "start_map":
            item, inside = library.ObjectBuilder(), prefix
            item.event(event, value)
        elif prefix == "item" and event in ("string", "number", "boolean", "null"):
            yield value
        elif prefix == "data" and event == "start_array":
            top = None
        elif prefix == "" and event == "start_map":
            top = library.ObjectBuilder()
            top.event(event, value)
        elif top is not None:
            top.event(event, value)
            if prefix == "" and event == "end_map":
                yield top.value
                top = None


def _checked(value: Any) -> Mapping[str, Any] | RowError:
    """The object as strict JSON: not too deep, without NaN or halves of characters."""
    try:
        found = strict_json.loads(json.dumps(value, ensure_ascii=False))
    except RowError as error:
        return error
    except (ValueError, RecursionError):
        return RowError("It is nested too deep, or has too long a number.", code="too_deep")
    if is_object(found):
        return found
    return RowError("It is no JSON object.", code="row_not_object")
