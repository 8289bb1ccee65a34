"""The events of a run, read back."""

from __future__ import annotations

from collections.abc import Sequence

from postgrad.core.events import Event
from postgrad.core.run import RunFolder

JUDGE_FAILED = "judge_failed"
"""Code of the warning that a judge could not be asked."""

JUDGE_STAGE = "judge"
"""Where a judge is asked; what failed there before is out of date."""


def read_events(run: RunFolder) -> list[Event]:
    """The events of a run; a line torn by a kill is passed over."""
    events: list[Event] = []
    for line in run.events.read_bytes().split(b"\n"):
        try:
            events.append(Event.parse(line.decode()))
        except (ValueError, KeyError):
            continue
    return events


def warnings_of(events: Sequence[Event]) -> list[str]:
    """Each warning once: a resumed run that does a step again warns again. That the judge failed
    is only said of the last time that it was asked."""
    found: dict[str, str] = {}
    for event in events:
        if event.kind == "warning":
            found[event["text"]] = event.fields.get("code", "")
        elif event.kind == "stage" and event["name"] == JUDGE_STAGE:
            found = {text: code for text, code in found.items() if code != JUDGE_FAILED}
    return list(found)
