"""The worker and the command that follows it: torn lines, full disks, two at once, Ctrl-C."""

from __future__ import annotations

import errno
import fcntl
import json
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from postgrad import plugins, verbs, worker
from postgrad.backends.local import Local, _died
from postgrad.core.events import Event
from postgrad.core.job import Job
from postgrad.core.run import RunFolder
from postgrad.errors import EXIT_DISK_FAILED, Interrupted, RunError, SetupError
from postgrad.steps.event_log import read_events


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setattr(worker, "NICENESS", 0)
    (tmp_path / "request.json").write_text("{}")
    return RunFolder(tmp_path)


def step_is(monkeypatch: pytest.MonkeyPatch, step: Any) -> None:
    monkeypatch.setattr(plugins, "load", lambda kind, name: step)


@pytest.mark.parametrize("torn", ['{"time": "x", "kind": "no', "", "Fü"])
def test_a_torn_line_swallows_nothing(run: RunFolder, monkeypatch, torn: str) -> None:
    whole = Event("note", {"text": "before"}).line()
    run.events.write_bytes(f"{whole}\n{torn}".encode()[: None if torn != "Fü" else -1])
    step_is(monkeypatch, lambda context, request: 7)
    assert worker.main(["any", str(run.path)]) == 0
    events = read_events(run)
    assert [event.kind for event in events] == ["note", "result"]
    assert run.events.read_bytes().count(b"\n") == (3 if torn else 2)


def test_signs_that_end_lines_elsewhere_stay_in_one_event(run: RunFolder, monkeypatch) -> None:
    odd = "a\u2028b\x85c\udcff\U0001f355"

    def step(context: Any, request: Any) -> None:
        context.emit(Event("note", {"text": odd}))

    step_is(monkeypatch, step)
    worker.main(["any", str(run.path)])
    assert read_events(run)[0]["text"] == odd


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_the_users_to_mend(run: RunFolder, monkeypatch, error: Exception) -> None:
    def step(context: Any, request: Any) -> None:
        raise error

    step_is(monkeypatch, step)
    assert worker.main(["any", str(run.path)]) == 1
    [event] = read_events(run)
    assert event["code"] == "disk"
    assert event["type"] == "SetupError"


def test_a_disk_too_full_for_events(run: RunFolder, monkeypatch) -> None:
    def writer(file: Any) -> Any:
        def emit(event: Event) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        return emit

    monkeypatch.setattr(worker, "_writer", writer)
    step_is(monkeypatch, lambda context, request: 7)
    assert worker.main(["any", str(run.path)]) == EXIT_DISK_FAILED
    told = _died(EXIT_DISK_FAILED, run.path)
    assert isinstance(told, SetupError)
    assert told.code == "disk"


def test_one_worker_at_a_time(run: RunFolder) -> None:
    run.events.touch()
    with run.events.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="Another process is at work") as caught:
            next(Local().run("train", run.path, {"job": "of the second"}))
        assert caught.value.code == "run_busy"
    assert run.request.read_text() == "{}", "the first worker's request was overwritten"


class _Backend:
    """Says that it was interrupted, as a worker that saves would."""

    def run(self, step: str, folder: Path, request: Any) -> Generator[Event, None, None]:
        stopped = False
        while True:
            try:
                yield Event("note", {"stopped": stopped})
                if stopped:
                    raise Interrupted("Stopped after step 3 of 9; it is saved.", code="stopped")
            except KeyboardInterrupt:
                stopped = True


def test_ctrl_c_while_drawing_reaches_the_worker(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(plugins, "load", lambda kind, name: _Backend)
    seen: list[bool] = []

    def draw(event: Event) -> None:
        seen.append(event["stopped"])
        if len(seen) == 3:
            raise KeyboardInterrupt

    job = Job.build({"data": {"train": str(tmp_path / "rows.jsonl")}})
    with pytest.raises(Interrupted) as caught:
        verbs.train(job, out=tmp_path / "my run", on_event=draw)
    assert seen == [False, False, False, True]
    assert caught.value.what == "Stopped after step 3 of 9; it is saved."
    assert caught.value.fix == f"Go on with: postgrad train '{tmp_path}/my run' --resume"


def test_a_run_stopped_at_its_very_beginning(tmp_path: Path, monkeypatch) -> None:
    """Killed before job.yaml was there, the request is what it goes on from."""
    asked: list[Any] = []

    class Backend:
        def run(self, step: str, folder: Path, request: Any) -> Generator[Event, None, None]:
            asked.append((step, folder, request))
            raise Interrupted("enough")
            yield

    monkeypatch.setattr(plugins, "load", lambda kind, name: Backend)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    job = Job.build({"data": {"train": "/rows.jsonl"}, "training": {"seed": 5}})
    run.request.write_text(json.dumps({"job": job.model_dump()}))
    with pytest.raises(Interrupted):
        verbs.resume(run.path)
    assert asked == [("train", run.path, {"job": job.model_dump()})]
    for text in ("", "{", "[]", '{"job": {}}', '{"job": {"dat": 1}}'):
        run.request.write_text(text)
        with pytest.raises((RunError, ValueError)) as caught:
            verbs.resume(run.path)
        assert getattr(caught.value, "fix", "")
