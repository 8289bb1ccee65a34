"""What does not fit into memory: a table in a file, for items that belong together but lie apart.

SQLite sorts and finds on disk within a few megabytes of memory, however many rows there are.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from postgrad.errors import SetupError


@contextmanager
def table(folder: Path, *statements: str) -> Generator[sqlite3.Connection]:
    """A database in a file of its own, made with the statements; gone afterwards."""
    path = folder / "spill.sqlite"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # nobody needs it after a crash, so nothing waits for the disk; sorting goes to the disk
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE"):
            connection.execute(f"PRAGMA {pragma}")
        for statement in statements:
            connection.execute(statement)
        connection.execute("BEGIN")
        yield connection
    except sqlite3.OperationalError as error:
        raise SetupError(
            f"{folder} could not be written: {error}.",
            why="What belongs together but lies apart is sorted there.",
            fix=f"Make room there; see: df -h {shlex.quote(str(folder))}",
            code="disk",
        ) from error
    finally:
        connection.close()
        path.unlink(missing_ok=True)
