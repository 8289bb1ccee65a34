"""What a person sees while something is at work: a bar on a terminal, a plain line elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from postgrad.cli import screen as module
from postgrad.cli.screen import Screen
from postgrad.core.events import Event


class Clock:
    """A time that passes when it is told to."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def progress(done: int, total: int, unit: str = "answers", stage: str = "Asking") -> Event:
    return Event("progress", {"stage": stage, "done": done, "total": total, "unit": unit})


def drawn(*, is_terminal: bool) -> tuple[Screen, io.StringIO]:
    file = io.StringIO()
    console = Console(file=file, force_terminal=is_terminal, width=120, color_system=None)
    return Screen(console), file


def test_without_a_terminal_progress_is_a_line_now_and_then(clock: Clock) -> None:
    screen, file = drawn(is_terminal=False)
    with screen:
        for done in range(31):
            screen.show(progress(done, 30))
            clock.now += 1
    said = file.getvalue().splitlines()
    assert said == [
        "  Asking: 11/30  answers, 1.0 answers/s",
        "  Asking: 22/30  answers, 1.0 answers/s",
        "  Asking: 30/30  answers, 1.0 answers/s",
    ]
    assert "\x1b" not in file.getvalue()


def test_what_ends_at_once_says_nothing_on_its_way(clock: Clock) -> None:
    screen, file = drawn(is_terminal=False)
    with screen:
        for done in range(15):
            screen.show(progress(done, 16, "", "checking: leaks"))
        screen.show(Event("stage", {"title": "Next"}))
    assert file.getvalue() == "Next\n"


def test_on_a_terminal_a_bar_has_the_rate_and_the_time_left(clock: Clock) -> None:
    screen, file = drawn(is_terminal=True)
    with screen:
        for done in range(6):
            screen.show(progress(done, 10))
            clock.now += 2
    assert "5/10" in file.getvalue()
    assert "0.5 answers/s" in file.getvalue()


def test_what_took_no_time_has_no_rate(clock: Clock) -> None:
    screen, file = drawn(is_terminal=False)
    with screen:
        screen.show(progress(1, 31))
        clock.now += 0.001
        screen.show(progress(31, 31))
    assert file.getvalue() == "  Asking: 31/31  answers\n"


def test_a_download_is_told_in_megabytes(clock: Clock) -> None:
    screen, file = drawn(is_terminal=False)
    with screen:
        screen.show(progress(0, 92_871_040, "bytes", "base model: download"))
        clock.now += 20
        screen.show(progress(46_000_000, 92_871_040, "bytes", "base model: download"))
    assert file.getvalue() == "  base model: download: 46/93  MB, 2.3 MB/s\n"


def test_quiet_is_quiet(clock: Clock) -> None:
    file = io.StringIO()
    with Screen(Console(file=file), quiet=True) as screen:
        screen.show(Event("stage", {"title": "Training"}))
        screen.show(progress(10, 10))
    assert file.getvalue() == ""
