"""Progress: how far a part of a step is, said now and then. Where that is said, it can stop."""

from __future__ import annotations

import time

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.steps.stop import stop_if_asked

SAID_SECONDS = 0.2
"""Between two events: a bar that moves five times a second looks alive."""


class Progress:
    """Parts of a step, one after the other."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._stage, self._total, self._unit = "", 0, ""
        self._furthest = 0
        self._said_at = 0.0

    def begin(self, stage: str, total: int, unit: str) -> None:
        """A part begins. `total` 0: nobody knows how long it is.

        Raises:
            Interrupted: the step was asked to stop.
        """
        self._stage, self._total, self._unit = stage, total, unit
        self._furthest = 0
        self._say(0)

    def told(self, done: int) -> None:
        """The part is so far; who goes over the same things again is no further.

        Raises:
            Interrupted: the step was asked to stop.
        """
        if time.monotonic() - self._said_at > SAID_SECONDS:
            # that all is done is said by the next part, which begins
            most = self._total - 1 if self._total else done
            self._furthest = max(self._furthest, min(done, most))
            self._say(self._furthest)

    def _say(self, done: int) -> None:
        stop_if_asked(self._context)
        self._said_at = time.monotonic()
        fields = {"stage": self._stage, "done": done, "total": self._total, "unit": self._unit}
        self._context.emit(Event("progress", fields))

    def reading(self, file: str, share: float) -> None:
        """So much of a file has been read.

        Raises:
            Interrupted: the step was asked to stop.
        """
        stage = f"reading {file}"
        if stage != self._stage:
            self.begin(stage, 100, "%")
        self.told(int(100 * share))
