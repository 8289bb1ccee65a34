"""The worker: runs one step in its own process.

    python -m postgrad.worker STEP FOLDER

Reads FOLDER/request.json, appends events to FOLDER/events.jsonl, and ends with a `result` or an
`error` event. Ctrl-C and SIGTERM ask the step to save and stop; so does the death of the process
that started it. This is the only way across the wall between the light side and the models.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.run import RunFolder
from postgrad.errors import EXIT_DISK_FAILED, InternalError, PostgradError, SetupError, exit_code
from postgrad.models.cache import default_cache_root

NICENESS = 5
"""Training gives way to whatever else the machine is used for."""

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG)


def main(arguments: list[str]) -> int:
    """Run a step; returns the exit code of the process."""
    try:
        return _run(arguments[0], RunFolder(Path(arguments[1])))
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        traceback.print_exc()
        return EXIT_DISK_FAILED


def _run(step: str, folder: RunFolder) -> int:
    request = json.loads(folder.request.read_text())
    with folder.events.open("ab+") as file:
        _end_torn_line(file)
        emit = _writer(file)
        context = StepContext(
            folder=folder.path,
            emit=emit,
            should_stop=_stop_signal(),
            cache=default_cache_root(os.environ),
            offline=os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0"),
            environment=os.environ,
        )
        try:
            os.nice(NICENESS)
            result = plugins.load("steps", step)(context, request)
        except PostgradError as error:
            emit(Event("error", error.as_dict()))
            return exit_code(error)
        except Exception as error:
            traceback.print_exc()
            told = _unexpected(error)
            emit(Event("error", told.as_dict()))
            return exit_code(told)
        emit(Event("result", {"value": result}))
        return 0


def _end_torn_line(file: BinaryIO) -> None:
    """A kill may have torn the last line: the next event must not become part of it."""
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")


def _writer(file: BinaryIO) -> Callable[[Event], None]:
    """Each event is one write of one line, so that a kill can tear at most the last line."""

    def emit(event: Event) -> None:
        # a file name may hold half a character: backslashreplace makes it JSON's own escape
        file.write(event.line().encode(errors="backslashreplace") + b"\n")
        file.flush()

    return emit


def _stop_signal() -> Callable[[], bool]:
    asked: list[int] = []
    parent = os.getppid()

    def remember(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    signal.signal(signal.SIGINT, remember)
    signal.signal(signal.SIGTERM, remember)
    return lambda: bool(asked) or os.getppid() != parent


def _unexpected(error: Exception) -> PostgradError:
    # safetensors and tokenizers raise classes of their own, with the system's text inside
    if getattr(error, "errno", 0) in _DISK_ERRORS or "No space left" in str(error):
        return SetupError(
            f"The disk is full or fails: {error}.",
            why="What was finished before is whole.",
            fix="Make room or choose another disk, then go on.",
            code="disk",
        )
    if isinstance(error, MemoryError):
        what = "The machine has no memory left."
    else:
        what = f"{type(error).__name__}: {error}"
    where: Any = traceback.extract_tb(error.__traceback__)[-1]
    return InternalError(
        what,
        why=f"An error of postgrad itself, in {Path(where.filename).name} line {where.lineno}.",
        fix="The whole trace is in worker.log in the run folder. Please report it.",
        code="unexpected",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
