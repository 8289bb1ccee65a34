"""The local backend: a worker process on this machine, followed through its events file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from postgrad.core.events import Event
from postgrad.core.run import RunFolder
from postgrad.errors import InternalError, SetupError, from_dict

POLL_SECONDS = 0.05
"""How often the events file is looked at: quick for an eye, nothing for a processor."""


class Local:
    """Runs a step as `python -m postgrad.worker` with this same Python."""

    name = "local"

    def run(self, step: str, folder: Path, request: Mapping[str, Any]) -> Iterator[Event]:
        """Start the worker and yield its events until it ends.

        Ctrl-C is passed on: the worker saves and ends with its own error. A second one kills it.

        Raises:
            PostgradError: the error that ended the step.
        """
        run = RunFolder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        run.request.write_text(json.dumps(dict(request), ensure_ascii=False))
        run.events.touch()
        with run.events.open("rb") as events, (folder / "worker.log").open("ab") as log:
            events.seek(0, 2)
            worker = subprocess.Popen(
                [sys.executable, "-m", "postgrad.worker", step, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the worker once, through us
            )
            try:
                yield from self._follow(worker, events, folder)
            finally:
                if worker.poll() is None:
                    worker.kill()
                    worker.wait()

    def _follow(
        self, worker: subprocess.Popen[bytes], events: BinaryIO, folder: Path
    ) -> Iterator[Event]:
        rest, interrupted, running = b"", False, True
        while running:
            try:
                running = worker.poll() is None
                *lines, rest = (rest + events.read()).split(b"\n")
                for line in lines:
                    event = Event.parse(line.decode())
                    if event.kind == "error":
                        raise from_dict(dict(event.fields))
                    yield event
                    if event.kind == "result":
                        worker.wait()
                        return
                if running and not lines:
                    time.sleep(POLL_SECONDS)
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                worker.send_signal(signal.SIGINT)
        raise _died(worker.returncode, folder)


def _died(code: int, folder: Path) -> Exception:
    if code == -signal.SIGKILL:
        return SetupError(
            "The worker was killed by the system.",
            why="Most often that means that the memory was full.",
            fix="Lower training.micro_batch_tokens, then go on where it was: add --resume",
            code="killed",
        )
    log = (folder / "worker.log").read_text(errors="replace").strip().splitlines()
    return InternalError(
        f"The worker ended with code {code} and without a word.",
        why="\n".join(log[-5:]),
        fix=f"The whole log is {folder / 'worker.log'}.",
        code="worker_died",
    )
