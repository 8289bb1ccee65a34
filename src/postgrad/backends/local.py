"""The local backend: a worker process on this machine, followed through its events file."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from postgrad.core.events import Event
from postgrad.core.run import RunFolder
from postgrad.errors import (
    EXIT_DISK_FAILED,
    InternalError,
    Interrupted,
    RunError,
    SetupError,
    from_dict,
)

POLL_SECONDS = 0.05
"""How often the events file is looked at: quick for an eye, nothing for a processor."""


class Local:
    """Runs a step as `python -m postgrad.worker` with this same Python."""

    name = "local"

    def run(
        self, step: str, folder: Path, request: Mapping[str, Any]
    ) -> Generator[Event, None, None]:
        """Start the worker and yield its events until it ends.

        Ctrl-C is passed on: the worker saves and ends with its own error. A second one kills it.

        Raises:
            RunError: another worker is at work in the folder.
            SetupError: the folder can't be written, or the worker was killed.
            PostgradError: the error that ended the step.
        """
        with _opened(folder, request) as events, (folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "postgrad.worker", step, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the worker once, through us
                pass_fds=[events.fileno()],  # the lock is held for as long as the worker lives
            )
            try:
                yield from self._follow(worker, events, folder)
            finally:
                if worker.poll() is None:
                    worker.kill()
                    worker.wait()

    def _follow(
        self, worker: subprocess.Popen[bytes], events: BinaryIO, folder: Path
    ) -> Generator[Event, None, None]:
        rest, interrupted, running = b"", False, True
        waiting: deque[bytes] = deque()
        while running or waiting:
            try:
                if not waiting:
                    running = worker.poll() is None
                    *lines, rest = (rest + events.read()).split(b"\n")
                    waiting.extend(filter(None, lines))
                    if running and not waiting:
                        time.sleep(POLL_SECONDS)
                    continue
                event = Event.parse(waiting.popleft().decode())
                if event.kind == "error":
                    raise from_dict(dict(event.fields))
                yield event
                if event.kind == "result":
                    worker.wait()
                    return
            except KeyboardInterrupt:
                if interrupted:
                    worker.kill()
                    raise Interrupted(
                        "Stopped at once; what came after the last checkpoint is lost.",
                        code="stopped",
                    ) from None
                interrupted = True
                worker.send_signal(signal.SIGINT)
        if interrupted:  # before the worker could listen
            raise Interrupted("Stopped before anything was begun.", code="stopped")
        raise _died(worker.returncode, folder)


def _opened(folder: Path, request: Mapping[str, Any]) -> BinaryIO:
    """The folder made ready for a worker: its events file, locked and read to its end."""
    run = RunFolder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        run.events.touch()
        events = run.events.open("rb")
    except OSError as error:
        raise _not_writable(folder, error) from error
    try:
        fcntl.flock(events, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unfinished = run.request.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(dict(request)))
        unfinished.replace(run.request)
    except BlockingIOError:
        events.close()
        raise RunError(
            f"Another process is at work in {folder}.",
            why="If its command was killed, it saves and ends by itself within seconds.",
            fix="Wait for it to end, then try again.",
            code="run_busy",
        ) from None
    except OSError as error:
        events.close()
        raise _not_writable(folder, error) from error
    events.seek(0, os.SEEK_END)
    return events


def _not_writable(folder: Path, error: OSError) -> SetupError:
    return SetupError(
        f"{folder} can't be written: {error.strerror or error}.",
        fix="Make room there, or choose another place with --out.",
        code="disk",
    )


def _died(code: int, folder: Path) -> Exception:
    if code == -signal.SIGKILL:
        return SetupError(
            "The worker was killed by the system.",
            why="Most often that means that the memory was full.",
            fix="Close other programs and go on with --resume, or start anew with less at once: "
            "--set training.micro_batch_tokens=256",
            code="killed",
        )
    if code == EXIT_DISK_FAILED:
        return SetupError(
            f"The disk of {folder} is full or fails.",
            why="What was finished before is whole.",
            fix="Make room, then go on.",
            code="disk",
        )
    log = (folder / "worker.log").read_text(errors="replace").strip().splitlines()
    return InternalError(
        f"The worker ended with code {code} and without a word.",
        why="\n".join(log[-5:]),
        fix=f"The whole log is {folder / 'worker.log'}.",
        code="worker_died",
    )
