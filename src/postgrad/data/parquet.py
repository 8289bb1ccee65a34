"""Rows of a Parquet file, as plain JSON values.

A Parquet file can stand for far more than its bytes: it is compressed, and writes a value that
repeats only once. Texts are therefore read as Arrow's dictionaries, which keep that form, and
measured before they are unpacked.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from postgrad.data.strict_json import MAX_DEPTH
from postgrad.errors import DataError, RowError, SetupError

BATCH_ROWS = 1024
BATCH_BYTES = 32 * 1024 * 1024
"""Unpacked at once; as Python's objects a few times that."""

MOST_UNPACKED_BYTES, MOST_TIMES = 256 * 1024 * 1024, 1000
"""A file that unpacks to more than both this and a thousand times its size is made to fill memory:
deflate, the usual compression, can do no more than 1032 to 1 (zlib, Technical Details)."""

VALUE_BYTES = 8
"""Counted for each value beside the bytes of its text, also where it is null."""

# pyarrow lets errors of Python's own out too: of text that is none, of numbers out of range
UNREADABLE = (ValueError, OverflowError, TypeError)


def parquet_rows(
    path: Path, most_row_bytes: int, told: Callable[[float], None]
) -> Iterator[dict[str, Any] | RowError]:
    """The rows of a file, or what is wrong with one. Fields that are null are left out, at every
    depth: Arrow gives each struct all the fields that any row has.

    Args:
        path: the file.
        most_row_bytes: larger rows are errors.
        told: hears which share of the rows has been read.

    Raises:
        DataError: not a Parquet file, a damaged one, or one that unpacks to far too much.
        SetupError: pyarrow is not installed.
    """
    try:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise SetupError(
            f"{path} is a Parquet file, and the package pyarrow is not installed.",
            fix="Install it with: pip install pyarrow",
            code="missing_package",
        ) from error
    most_bytes = max(MOST_UNPACKED_BYTES, MOST_TIMES * path.stat().st_size)
    done = unpacked = 0
    where = ""
    try:
        with parquet.ParquetFile(path) as file:
            texts = _text_columns(file, path, most_bytes)
        with parquet.ParquetFile(path, read_dictionary=texts) as file:
            where = _span(file, 0)
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                sizes = sum(map(_sizes, batch.columns), np.zeros(batch.num_rows, np.int64))
                unpacked += int(sizes.sum())
                if unpacked > most_bytes:
                    raise _unpacks_to_too_much(path)
                yield from _rows(batch, sizes, most_row_bytes)
                done += batch.num_rows
                where = _span(file, done)
                told(done / max(1, file.metadata.num_rows))
    except DataError:
        raise
    except (arrow.ArrowException, OSError, *UNREADABLE) as error:
        raise DataError(
            f"{path} can't be read as Parquet{where}: {_cause(error)}",
            fix="Write it again, for example with pandas: frame.to_parquet(...).",
            code="invalid_parquet",
        ) from error


def _span(file: Any, done: int) -> str:
    """Where the rows are that are read next."""
    last = min(done + BATCH_ROWS, file.metadata.num_rows)
    return f" in rows {done + 1} to {last}" if last > done else ""


def _text_columns(file: Any, path: Path, most_bytes: int) -> list[str]:
    """The columns of text, by their path in the file.

    Raises:
        DataError: the file unpacks to far too much, or its columns are nested too deep.
    """
    groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
    # not the sizes of single columns: pyarrow 26 aborts the process where these are damaged
    unpacked = sum(group.total_byte_size for group in groups)
    if unpacked > most_bytes:
        raise _unpacks_to_too_much(path)
    columns = [file.schema.column(place) for place in range(len(file.schema))]
    if any(column.path.count(".") >= 2 * MAX_DEPTH for column in columns):
        # a list is two steps of a path
        raise DataError(
            f"{path} nests its columns more than {MAX_DEPTH} deep.",
            fix="Write the inner part as a string of JSON.",
            code="too_deep",
        )
    return [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.logical_type.type in ("STRING", "NONE")
    ]


def _sizes(array: Any) -> np.ndarray:
    """The bytes that each value of an Arrow array unpacks to: int64."""
    kind = str(array.type)
    if hasattr(array, "dictionary"):
        lengths = _lengths(array.dictionary)
        places = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return (lengths[places] if len(lengths) else 0) + np.full(len(array), VALUE_BYTES)
    if kind.startswith(("string", "large_string", "binary", "large_binary")):
        return _lengths(array) + VALUE_BYTES
    if kind.startswith("struct"):
        return sum(map(_sizes, array.flatten()), np.full(len(array), VALUE_BYTES))
    if kind.startswith("map"):
        inner = np.concatenate(([0], np.cumsum(_sizes(array.keys) + _sizes(array.items))))
        offsets = array.offsets.to_numpy()
        return inner[offsets[1:]] - inner[offsets[:-1]] + VALUE_BYTES
    if kind.startswith(("list", "large_list", "fixed_size_list")):
        inner = np.concatenate(([0], np.cumsum(_sizes(array.flatten()))))
        counts = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        ends = np.cumsum(counts)
        return inner[ends] - inner[ends - counts] + VALUE_BYTES
    return np.full(len(array), VALUE_BYTES)


def _lengths(array: Any) -> np.ndarray:
    """Bytes of each text: int64."""
    compute: Any = importlib.import_module("pyarrow.compute")
    found = compute.binary_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    return found.astype(np.int64)


def _rows(
    batch: Any, sizes: np.ndarray, most_row_bytes: int
) -> Iterator[dict[str, Any] | RowError]:
    """The rows of a batch, of which only a part is unpacked at a time."""
    start = 0
    while start < batch.num_rows:
        unpacked = np.cumsum(sizes[start:])
        count = max(1, int(np.searchsorted(unpacked, BATCH_BYTES)))
        if count == 1 and sizes[start] > most_row_bytes:
            yield RowError(
                f"The row is longer than {most_row_bytes // 2**20} MiB.",
                fix="Split the row.",
                code="line_too_long",
            )
        else:
            yield from _unpacked(batch.slice(start, count))
        start += count


def _unpacked(batch: Any) -> Iterator[dict[str, Any] | RowError]:
    try:
        rows = batch.to_pylist()
    except UNREADABLE as error:
        if batch.num_rows > 1:
            for number in range(batch.num_rows):
                yield from _unpacked(batch.slice(number, 1))
            return
        plainer = _without_times(batch)
        if plainer is not batch:
            yield from _unpacked(plainer)
            return
        column = _unreadable_column(batch)
        yield RowError(
            f"The row's value in the column {column} can't be read: {_cause(error)}.",
            path=column,
            why="It is damaged, or no text, date or number that Python knows.",
            fix="Write the row again, with texts in UTF-8.",
            code="unreadable_value",
        )
        return
    for row in rows:
        yield _plain(row)


def _unreadable_column(row: Any) -> str:
    """The first column of a batch of one row with a value that is none."""
    for name, column in zip(row.schema.names, row.columns, strict=True):
        try:
            column.to_pylist()
        except UNREADABLE:
            return name
    return ""


def _without_times(batch: Any) -> Any:
    """The batch with numbers for points in time, some of which Python's own can't hold."""
    for place, column in enumerate(batch.columns):
        if str(column.type).startswith(("timestamp", "time", "date", "duration")):
            width = 32 if str(column.type).startswith(("time32", "date32")) else 64
            batch = batch.set_column(place, batch.schema.names[place], column.cast(f"int{width}"))
    return batch


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        plain = {str(key): _plain(inner) for key, inner in items}
        return {key: inner for key, inner in plain.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value)  # dates, decimals


def _unpacks_to_too_much(path: Path) -> DataError:
    return DataError(
        f"{path} unpacks to more than {MOST_TIMES:,} times its size.",
        why="Files are made so to fill a memory; no examples repeat themselves so often.",
        fix="Write the file again from its source, with each row once.",
        code="unpacks_to_too_much",
    )


def _cause(error: BaseException) -> str:
    """What another library's error says, in few words."""
    if isinstance(error, UnicodeDecodeError):
        return f"{error.object[:40]!r} is no text in UTF-8"
    return " ".join(str(error).split())[:200]
