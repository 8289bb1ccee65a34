"""Stop: how a step ends when it is asked to."""

from __future__ import annotations

from postgrad.core.interfaces import StepContext
from postgrad.errors import Interrupted


def stop_if_asked(context: StepContext) -> None:
    """End the step if it has been asked to.

    Raises:
        Interrupted: it has; what earlier parts of the step wrote is whole.
    """
    if context.should_stop():
        raise Interrupted("Stopped; what was done is saved.", code="stopped")
