"""How a verb asks for a step: through a backend, handing on every event."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.job import Job

if TYPE_CHECKING:  # it loads every noun there is
    from postgrad.core.interfaces import Backend

OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """For callers who do not listen."""


def backend_of(job: Job) -> Backend:
    """The backend that a job names."""
    return plugins.load("backends", job.backend.name)()


def run_step(
    job: Job, step: str, folder: Path, request: Mapping[str, Any], on_event: OnEvent
) -> Any:
    """Run a step in a folder; what it returns."""
    events = backend_of(job).run(step, folder, request)
    event = next(events, None)
    while event is not None:
        try:
            on_event(event)
            if event.kind == "result":
                return event["value"]
            event = next(events, None)
        except KeyboardInterrupt as stop:  # while drawing: the worker is to hear of it too
            event = events.throw(stop)
    return None


def scratch_step(
    job: Job, step: str, request: Mapping[str, Any], on_event: OnEvent
) -> dict[str, Any]:
    """Run a step that leaves no run, in a folder of its own; what it returns."""
    with tempfile.TemporaryDirectory(prefix="postgrad-") as folder:
        return run_step(job, step, Path(folder), request, on_event)
