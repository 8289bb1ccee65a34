"""Stopped, killed, torn: a run goes on to the same bits, whatever happened."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from desk import Desk, Finished, questions, write_chats
from here_backend import Here, Killed
from postgrad import verbs
from postgrad.core.events import Event
from postgrad.core.job import Job
from postgrad.core.job_file import parse_job
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.errors import Interrupted, RunError

HELD_SECONDS = 0.5


def adapter(folder: Path) -> bytes:
    return (RunFolder(folder).adapter / "adapter_model.safetensors").read_bytes()


def outcome(folder: Path) -> dict[str, object]:
    """All of a finished run but its times and its speed."""
    run = RunFolder(folder)
    report = json.loads(run.report_json.read_text())
    for name in ("seconds", "tokens_per_second", "peak_memory_bytes", "estimate"):
        del report["training"][name]
    for name in ("created", "reproduce"):
        del report[name]
    for name in ("base", "tuned"):
        report[name] = run.answers(name).read_text()
    return {**report, "adapter": adapter(folder)}


def wait_for(path: Path, num_lines: int, process, timeout: float = 60) -> None:
    end = time.monotonic() + timeout
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= num_lines:
            return
        time.sleep(0.005)


def num_steps(path: Path) -> int:
    return path.read_bytes().count(b'"kind": "step"')


def interrupted(desk: Desk, name: str) -> str:
    """What a training said that was stopped by Ctrl-C among its steps. They take a third of a
    second in all, so the worker is held until the command has heard of it. Where even this process
    was not woken in time, the run is done, and another one is stopped."""
    run = RunFolder(desk.folder / name)
    for _ in range(5):
        shutil.rmtree(run.path, ignore_errors=True)
        process = desk.start("train", "colours.jsonl", *desk.train_options(), "--out", name)
        end = time.monotonic() + 60
        while not (run.events.exists() and num_steps(run.events)) and time.monotonic() < end:
            time.sleep(0.002)
        workers = psutil.Process(process.pid).children()
        for worker in workers:
            worker.suspend()
        process.send_signal(signal.SIGINT)
        time.sleep(HELD_SECONDS)
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.resume()
        _, said = process.communicate(timeout=60)
        if process.returncode:
            break
    assert process.returncode == 1
    return said


def test_ctrl_c_saves_and_says_how_to_go_on(finished: Finished, desk: Desk) -> None:
    run = RunFolder(desk.folder / "my run")
    said = interrupted(desk, "my run")
    assert "Stopped after step" in said
    assert "it is saved" in said
    assert "Go on with: postgrad train 'my run' --resume" in said
    assert "Traceback" not in said
    step = int(said.split("Stopped after step ")[1].split()[0])
    assert (run.checkpoints / f"step-{step:06d}" / "manifest.json").exists()
    assert "my run' --resume" in desk.call("report", "my run", code=1)
    assert "my run' --resume" in desk.call("eval", "my run", code=1)

    with run.events.open("ab") as file:  # and the last line was torn by a loss of power
        file.write('{"time": "2026-01-01T00:00:00", "kind": "note", "text": "Fü'.encode()[:-1])
    printed = desk.call("train", "my run", "--resume", "--strict")
    assert f"Resumed after step {step}." in printed
    assert "BETTER" in printed
    assert adapter(run.path) == adapter(finished.folder)

    lines = run.events.read_bytes().split(b"\n")
    torn = []
    for line in lines[:-1]:
        try:
            Event.parse(line.decode())
        except ValueError:
            torn.append(line)
    assert len(torn) == 1
    steps = [json.loads(line)["step"] for line in lines if b'"kind": "step"' in line]
    assert steps == list(range(1, len(steps) + 1)), "a step was lost or done twice"
    report = Report.model_validate_json(run.report_json.read_text())
    settings = Report.model_validate_json((finished.folder / "report.json").read_text()).settings
    assert [setting.source for setting in report.settings] == [s.source for s in settings]
    assert not report.warnings


def kill_until_done(desk: Desk, name: str, kills: int, seed: int) -> int:
    """Start or resume a run again and again, each time killing its worker; the kills done."""
    draw = random.Random(seed)
    run = RunFolder(desk.folder / name)
    done = 0
    arguments = ["train", "colours.jsonl", *desk.train_options(), "--out", name]
    while done < kills:
        process = desk.start(*arguments)
        lines = run.events.read_bytes().count(b"\n") if run.events.exists() else 0
        wait_for(run.events, lines + draw.randrange(1, 40), process)
        time.sleep(draw.random() * 0.02)
        with contextlib.suppress(psutil.NoSuchProcess):  # it may have come to its end
            for worker in psutil.Process(process.pid).children():
                worker.kill()
        _, said = process.communicate(timeout=60)
        if process.returncode == 0:
            break
        assert process.returncode == 1, said
        assert "The worker was killed" in said
        assert "--resume" in said
        done += 1
        arguments = ["train", name, "--resume"]
    desk.call("train", name, "--resume")
    print(f"{done} kills")
    return done


def test_sigkill_and_resume_give_the_same_bits(finished: Finished, desk: Desk) -> None:
    assert kill_until_done(desk, "run", 3, seed=1) >= 2
    assert adapter(desk.folder / "run") == adapter(finished.folder)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_sigkills(finished: Finished, desk: Desk, seed: int) -> None:
    assert kill_until_done(desk, "run", 8, seed) >= 2
    assert adapter(desk.folder / "run") == adapter(finished.folder)


@pytest.mark.full
def test_a_killed_command_leaves_a_worker_that_saves_and_ends(
    finished: Finished, desk: Desk
) -> None:
    run = RunFolder(desk.folder / "run")
    options = desk.train_options(training__epochs=2000)
    process = desk.start("train", "colours.jsonl", *options, "--out", "run")
    wait_for(run.events, 40, process)
    [worker] = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    if worker.is_running():  # while it saves, nobody else may go on with the run
        said = desk.start("train", "run", "--resume").communicate()[1]
        assert "Another process is at work in run." in said or "Stopped" not in said
    worker.wait(30)
    assert Event.parse(run.events.read_text().split("\n")[-2])["type"] == "Interrupted"


def test_killed_at_any_event(train_here, tmp_path: Path) -> None:
    """Every seventh event of a whole run: it goes on to the same report."""
    assert sweep(train_here, tmp_path, every=7) >= 7


@pytest.mark.full
def test_killed_at_every_event(train_here, tmp_path: Path) -> None:
    assert sweep(train_here, tmp_path, every=1) > 40


def sweep(train_here, tmp_path: Path, every: int) -> int:
    data = tmp_path / "colours.jsonl"
    write_chats(data, 40)
    options = {"training.epochs": 3, "training.checkpoint_seconds": 1e9}
    whole = train_here(data, "whole", **options)
    wanted = outcome(whole.folder)
    num_events = len((whole.folder / "events.jsonl").read_text().split("\n")) - 1
    kills = 0
    for number in range(0, num_events, every):
        Here.kill_at = number
        with pytest.raises(Killed):
            train_here(data, f"run-{number}", **options)
        kills += 1
        Here.kill_at = None
        again = verbs.resume(tmp_path / f"run-{number}")
        assert outcome(again.folder) == wanted, f"killed at event {number}"
    print(f"{kills} kills, {kills} equal reports")
    return kills


def test_stopped_at_any_event(train_here, tmp_path: Path) -> None:
    """Asked to stop anywhere, a run ends soon, says how to go on, and does."""
    data = write_chats(tmp_path / "colours.jsonl", 40)
    options = {"training.epochs": 3, "training.checkpoint_seconds": 1e9}
    wanted = outcome(train_here(data, "whole", **options).folder)
    for number in range(0, 45, 9):  # then the tuned model has answered, and it only has to compare
        folder = tmp_path / f"run-{number}"
        Here.stop_at = number
        with pytest.raises(Interrupted) as caught:
            train_here(data, folder.name, **options)
        assert caught.value.fix == f"Go on with: postgrad train {folder} --resume"
        Here.stop_at = None
        assert outcome(verbs.resume(folder).folder) == wanted


def test_stopped_while_texts_are_read(train_here, tmp_path: Path) -> None:
    """Plain text has no answers to count: reading is all that the test is."""
    data = tmp_path / "texts.jsonl"
    rows = [{"text": f"Once {q} was {a}. " * 3} for q, a in questions(60)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = {"training.micro_batch_tokens": 64, "training.epochs": 1}
    whole = train_here(data, "whole", **options)
    events = RunFolder(whole.folder).events.read_text().splitlines()
    read = [event for line in events if (event := Event.parse(line)).kind == "progress"]
    done = [event["done"] for event in read if event["unit"] == "texts"]
    assert len(done) > 4
    assert done[-1] == whole.report.primary.n
    Here.stop_at = next(i for i, line in enumerate(events) if '"unit": "texts"' in line)
    with pytest.raises(Interrupted):
        train_here(data, "run", **options)
    Here.stop_at = None
    assert outcome(verbs.resume(tmp_path / "run").folder) == outcome(whole.folder)


def test_evaluation_killed_midway(train_here, tmp_path: Path) -> None:
    run = train_here(write_chats(tmp_path / "colours.jsonl"), "run")
    wanted = outcome(run.folder)
    for number in range(6):
        Here.kill_at = number
        with pytest.raises(Killed):
            verbs.evaluate(run.folder)
        Here.kill_at = None
        assert outcome(verbs.report(run.folder).folder) == wanted
    assert outcome(verbs.evaluate(run.folder).folder) == wanted


def test_a_run_whose_answers_are_damaged_asks_again(train_here, tmp_path: Path) -> None:
    run = RunFolder(train_here(write_chats(tmp_path / "colours.jsonl"), "run").folder)
    wanted = outcome(run.path)
    run.report_json.unlink()
    run.answers("base").write_bytes(run.answers("base").read_bytes()[:-30])
    again = verbs.resume(run.path)
    assert "are asked for again" in again.report.warnings[0]
    assert {**outcome(run.path), "warnings": []} == wanted


def test_a_changed_data_file_does_not_change_the_run(train_here, tmp_path: Path) -> None:
    data = write_chats(tmp_path / "colours.jsonl")
    wanted = outcome(train_here(data, "whole").folder)
    Here.kill_at = 40
    with pytest.raises(Killed):
        train_here(data, "run")
    Here.kill_at = None
    data.write_text("changed")
    assert outcome(verbs.resume(tmp_path / "run").folder) == wanted
    frozen = tmp_path / "run" / "data" / "train.jsonl"
    frozen.write_text(frozen.read_text().replace("warm", "worm"))
    (tmp_path / "run" / "report.json").unlink()
    with pytest.raises(RunError, match="has changed since"):
        verbs.resume(tmp_path / "run")


def test_a_run_keeps_to_its_base(train_here, tmp_path: Path, base: Path) -> None:
    """An adapter on other weights would be judged, and would answer, as nobody trained it."""
    own = shutil.copytree(base, tmp_path / "own")
    data = write_chats(tmp_path / "colours.jsonl")
    run = RunFolder(train_here(data, "run", base__model=str(own)).folder)
    wanted = outcome(run.path)
    run.report_json.unlink()
    config = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps({**config, "rms_norm_eps": 0.1}))
    for again in (verbs.resume, verbs.evaluate):
        with pytest.raises(RunError, match="has changed since") as caught:
            again(run.path)
        assert caught.value.code == "base_changed"
    (own / "config.json").write_text(json.dumps(config))
    assert outcome(verbs.resume(run.path).folder) == wanted


def test_a_model_of_the_hub_is_pinned_to_its_commit(train_here, tmp_path: Path, base: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = tmp_path / "cache" / "hub" / "models--o--tiny"
    shutil.copytree(base, place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
    data = write_chats(tmp_path / "colours.jsonl")
    run = train_here(data, "run", base__model="hf:o/tiny")
    assert run.report.base.model == f"hf:o/tiny@{commit}"
    job = Job.build(parse_job(RunFolder(run.folder).job.read_text()))
    assert job.base.model == f"hf:o/tiny@{commit}"
    (place / "refs" / "main").write_text(commit[::-1])  # the branch went on
    assert verbs.evaluate(run.folder).report.primary == run.report.primary


def test_goes_on_elsewhere_with_a_warning(train_here, tmp_path: Path) -> None:
    run = RunFolder(train_here(write_chats(tmp_path / "colours.jsonl"), "run").folder)
    run.report_json.unlink()
    seen = json.loads(run.environment.read_text())
    run.environment.write_text(json.dumps({**seen, "processor": "Another One"}))
    [warning] = verbs.resume(run.path).report.warnings
    assert "began with processor Another One" in warning
