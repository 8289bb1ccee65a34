"""The worker: runs one step in its own process.

    python -m postgrad.worker STEP FOLDER

Reads FOLDER/request.json, appends events to FOLDER/events.jsonl, and ends with a `result` or an
`error` event. Ctrl-C and SIGTERM ask the step to save and stop; so does the death of the process
that started it. This is the only way across the wall between the light side and the models.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.run import RunFolder
from postgrad.errors import InternalError, PostgradError, exit_code
from postgrad.models.cache import default_cache_root

NICENESS = 5
"""Training gives way to whatever else the machine is used for."""


def main(arguments: list[str]) -> int:
    """Run a step; returns the exit code of the process."""
    step, folder = arguments[0], RunFolder(Path(arguments[1]))
    request = json.loads(folder.request.read_text())
    with folder.events.open("a", encoding="utf-8") as file:
        emit = _writer(file)
        context = StepContext(
            folder=folder.path,
            emit=emit,
            should_stop=_stop_signal(),
            cache=default_cache_root(os.environ),
            offline=os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0"),
        )
        try:
            os.nice(NICENESS)
            result = plugins.load("steps", step)(context, request)
        except PostgradError as error:
            emit(Event("error", error.as_dict()))
            return exit_code(error)
        except Exception as error:
            emit(Event("error", _unexpected(error).as_dict()))
            traceback.print_exc()
            return 2
        emit(Event("result", {"value": result}))
        return 0


def _writer(file: TextIO) -> Callable[[Event], None]:
    """Each event is one write of one line, so that a kill can tear at most the last line."""

    def emit(event: Event) -> None:
        file.write(event.line() + "\n")
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
