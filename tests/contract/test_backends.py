"""Every backend runs a step in its own process and tells the truth about how it ended.

The steps are another package's: an entry point in a folder on the worker's path, as pip would
install it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import Backend
from postgrad.core.run import RunFolder
from postgrad.errors import DataError, InternalError, Interrupted, RunError, SetupError

STEPS = """
import os, signal, time

from postgrad.core.events import Event
from postgrad.errors import DataError, Interrupted


def count(context, request):
    print("to the log, not among the events")
    for number in range(request["upto"]):
        context.emit(Event("progress", {"stage": "Counting", "done": number, "text": "zwölf\\n"}))
    return {"process": os.getpid(), "folder": str(context.folder)}


def refuse(context, request):
    context.emit(Event("note", {"text": "before the error"}))
    raise DataError("No rows.", why="The file is empty.", fix="Add rows.", code="made_up")


def stumble(context, request):
    return 1 / 0


def vanish(context, request):
    print("last words", flush=True)
    os._exit(7)


def die(context, request):
    os.kill(os.getpid(), signal.SIGKILL)


def wait(context, request):
    context.emit(Event("note", {"text": str(os.getpid())}))
    while not context.should_stop():
        time.sleep(0.01)
    raise Interrupted("Saved.", code="stopped")
"""
NAMES = ("count", "refuse", "stumble", "vanish", "die", "wait")

pytestmark = [
    pytest.mark.parametrize("name", plugins.names("backends")),
    pytest.mark.timeout(60),
]


@pytest.fixture(autouse=True)
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    information = package / "outside-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    points = "".join(f"test_{step} = postgrad_outside:{step}\n" for step in NAMES)
    (information / "entry_points.txt").write_text(f"[postgrad.steps]\n{points}")
    (package / "postgrad_outside.py").write_text(STEPS)
    monkeypatch.setenv("PYTHONPATH", str(package))


def backend(name: str) -> Backend:
    return plugins.load("backends", name)()


def run(name: str, step: str, folder: Path, **request: Any) -> list[Event]:
    return list(backend(name).run(f"test_{step}", folder, request))


def is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_says_what_it_is(name: str) -> None:
    assert backend(name).name == name


def test_events_arrive_in_order_and_the_result_last(name: str, tmp_path: Path) -> None:
    events = run(name, "count", tmp_path / "run", upto=500)
    assert [event.kind for event in events] == ["progress"] * 500 + ["result"]
    assert [event["done"] for event in events[:-1]] == list(range(500))
    assert events[0]["text"] == "zwölf\n"
    assert events[-1]["value"]["folder"] == str(tmp_path / "run")
    assert not is_alive(events[-1]["value"]["process"])


def test_what_happened_stays_in_the_folder(name: str, tmp_path: Path) -> None:
    events = run(name, "count", tmp_path / "run", upto=3)
    events += run(name, "count", tmp_path / "run", upto=2)  # only its own events, not the old ones
    assert len(events) == 4 + 3
    lines = RunFolder(tmp_path / "run").events.read_text("utf-8").splitlines()
    assert [Event.parse(line) for line in lines] == events


def test_an_error_comes_back_as_itself(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        run(name, "refuse", tmp_path / "run")
    assert type(caught.value) is DataError
    assert caught.value.code == "made_up"
    assert str(caught.value) == "No rows.\nThe file is empty.\nAdd rows."


def test_an_error_of_ours_says_where(name: str, tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="ZeroDivisionError") as caught:
        run(name, "stumble", tmp_path / "run")
    assert caught.value.code == "unexpected"
    assert "postgrad_outside.py" in caught.value.why


def test_an_unknown_step_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no step named") as caught:
        run(name, "", tmp_path / "run")
    assert getattr(caught.value, "code", "") == "unknown_step"


def test_a_worker_that_ends_without_a_word_is_noticed(name: str, tmp_path: Path) -> None:
    with pytest.raises(InternalError) as caught:
        run(name, "vanish", tmp_path / "run")
    assert caught.value.code == "worker_died"
    assert "last words" in caught.value.why


def test_a_worker_that_is_killed_is_noticed(name: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        run(name, "die", tmp_path / "run")
    assert caught.value.code == "killed"
    assert "--resume" in caught.value.fix


def test_ctrl_c_asks_the_step_to_save_and_stop(name: str, tmp_path: Path) -> None:
    events = backend(name).run("test_wait", tmp_path / "run", {})
    process = int(next(events)["text"])
    with pytest.raises(Interrupted) as caught:
        events.throw(KeyboardInterrupt())
    assert caught.value.what == "Saved."
    assert not is_alive(process)


def test_no_worker_outlives_its_reader(name: str, tmp_path: Path) -> None:
    events = backend(name).run("test_wait", tmp_path / "run", {})
    process = int(next(events)["text"])
    events.close()
    assert not is_alive(process)


def test_one_folder_has_one_worker(name: str, tmp_path: Path) -> None:
    events = backend(name).run("test_wait", tmp_path / "run", {})
    next(events)
    with pytest.raises(RunError) as caught:
        run(name, "count", tmp_path / "run", upto=1)
    assert caught.value.code == "run_busy"
    events.close()
    assert len(run(name, "count", tmp_path / "run", upto=1)) == 2


def test_a_folder_that_cannot_be_written_is_the_users_to_mend(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError) as caught:
        run(name, "count", tmp_path / "file" / "run", upto=1)
    assert caught.value.code == "disk"
