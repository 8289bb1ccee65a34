"""Rows of a Parquet file, as plain JSON values."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from postgrad.errors import DataError, SetupError


def parquet_rows(path: Path, told: Callable[[float], None]) -> Iterator[dict[str, Any]]:
    """The rows of a file. Fields that are null are left out, at every depth: Arrow gives each
    struct all the fields that any row has. `told` hears which share of them has been read.

    Raises:
        DataError: not a Parquet file, or a damaged one.
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
    try:
        with parquet.ParquetFile(path) as file:
            done = 0
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    yield _plain(row)
                done += batch.num_rows
                told(done / file.metadata.num_rows)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, OSError) as error:
        raise DataError(
            f"{path} can't be read as Parquet: {error}",
            fix="Write it again, for example with pandas: frame.to_parquet(...).",
            code="invalid_parquet",
        ) from error


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
