"""A backend that runs a step in this very process: no start of a worker, and it can be killed at
any event. For tests of what a step leaves; that of processes is tested with the local backend."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.run import RunFolder


class Killed(BaseException):
    """Ends a step as a kill does: no line of the step's own can catch it."""


class Here:
    name = "here"
    cache: ClassVar[Path]
    kill_at: ClassVar[int | None] = None
    """Die instead of emitting this event, counted from 0."""
    stop_at: ClassVar[int | None] = None
    """Ask the step to stop from this event on."""
    environment: ClassVar[dict[str, str]] = {}
    """What the worker's environment would hold."""

    def run(
        self, step: str, folder: Path, request: Mapping[str, Any]
    ) -> Generator[Event, None, None]:
        run = RunFolder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        run.request.write_text(json.dumps(dict(request)), encoding="utf-8")
        events: list[Event] = []
        with run.events.open("a", encoding="utf-8") as file:

            def emit(event: Event) -> None:
                if self.kill_at is not None and len(events) == self.kill_at:
                    raise Killed
                events.append(Event.parse(event.line()))
                file.write(event.line() + "\n")
                file.flush()  # the step reads its own events

            def should_stop() -> bool:
                return self.stop_at is not None and len(events) > self.stop_at

            context = StepContext(folder, emit, should_stop, self.cache, True, self.environment)
            result = plugins.load("steps", step)(context, request)
        yield from events
        yield Event("result", {"value": result})
