"""Progress: said now and then, never backwards, and the place where a step stops."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.job import DataSection
from postgrad.data.files import read_files
from postgrad.data.rows import STEP_ROWS, estimate
from postgrad.errors import Interrupted
from postgrad.steps import progress
from postgrad.steps.diagnosis import diagnose
from postgrad.steps.progress import Progress

SETTINGS = DataSection(train="rows.jsonl")


class Listener:
    """Keeps what is said, and asks to stop after so many events."""

    def __init__(self, folder: Path, stop_after: int = 10**9) -> None:
        self.events: list[Event] = []
        self.context = StepContext(
            folder, self.events.append, lambda: len(self.events) >= stop_after, folder
        )

    def said(self) -> list[tuple[str, int, int, str]]:
        keys = ("stage", "done", "total", "unit")
        return [tuple(event[key] for key in keys) for event in self.events]  # type: ignore[misc]


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is said."""
    monkeypatch.setattr(progress, "SAID_SECONDS", -1.0)


def test_it_is_said_at_most_five_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(0, 0.01)  # each look at it is a hundredth of a second later
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    listener = Listener(tmp_path)
    told = Progress(listener.context)
    told.begin("counting", 1000, "rows")
    for done in range(1000):
        told.told(done)
    assert 30 <= len(listener.events) <= 1000 * 0.01 / 0.2 + 2


@pytest.mark.usefixtures("often")
def test_it_never_goes_back_and_never_says_all(tmp_path: Path) -> None:
    listener = Listener(tmp_path)
    told = Progress(listener.context)
    told.begin("counting", 100, "rows")
    for done in (40, 80, 120, 10, 50):
        told.told(done)
    assert [done for _, done, _, _ in listener.said()] == [0, 40, 80, 99, 99, 99]


def test_whoever_is_asked_to_stop_stops_where_it_is_said(tmp_path: Path) -> None:
    told = Progress(Listener(tmp_path, stop_after=1).context)
    told.begin("counting", 100, "rows")
    with pytest.raises(Interrupted):
        told.begin("more", 100, "rows")


@pytest.mark.usefixtures("often")
def test_reading_counting_and_each_rule_say_how_far_they_are(tmp_path: Path) -> None:
    count = 3 * STEP_ROWS
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "Is it vegan?", "completion": "It is."}\n' * count)
    listener = Listener(tmp_path)
    told = Progress(listener.context).reading
    files = read_files(DataSection(train=str(path)), told=told)
    diagnose(listener.context, SETTINGS, files, None, estimate, ["markup", "near_duplicates"])
    said = listener.said()
    reading = [done for stage, done, _, unit in said if stage == "reading rows.jsonl" and unit]
    assert reading[0] == 0
    assert len(reading) > 100
    for stage in (
        "counting tokens",
        "checking 1 of 3: each row by itself",
        "checking 3 of 3: nearly the same row again",
    ):
        done = [
            each
            for name, each, total, unit in said
            if (name, total, unit) == (stage, count, "rows")
        ]
        assert done[0] == 0, stage
        assert len({*done}) >= count // STEP_ROWS, stage
        assert done == sorted(done)


@pytest.mark.usefixtures("often")
def test_a_check_stops_in_the_middle_of_a_rule(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "Is it vegan?", "completion": "It is."}\n' * 3 * STEP_ROWS)
    files = read_files(DataSection(train=str(path)))
    listener = Listener(tmp_path, stop_after=7)
    with pytest.raises(Interrupted):
        diagnose(listener.context, SETTINGS, files, None, estimate, ["markup"])
    assert listener.said()[-1][0].startswith("checking 1 of 2")
