"""What the base said to bundled items is not asked again, and is the same to the last bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desk import write_chats
from here_backend import Here
from postgrad import verbs
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.evals.probes.battery import Battery

EARLIER = "in an earlier run, on "
Asked = list[str]


@pytest.fixture
def run(train_here: Callable[..., verbs.Run], tmp_path: Path) -> RunFolder:
    data = write_chats(tmp_path / "colours.jsonl")
    settings = {"evaluation__effort": "quick", "evaluation__probes": ["battery", "skills"]}
    return RunFolder(train_here(data, "run", **settings).folder)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, run: RunFolder) -> Asked:
    """Who is asked the battery, once the run is finished."""
    found: Asked = []
    ask = Battery.ask

    def watched(self: Battery, sitting: Any) -> Any:
        found.append(sitting.who)
        return ask(self, sitting)

    monkeypatch.setattr(Battery, "ask", watched)
    return found


def kept() -> Path:
    [file] = (Here.cache / "readings").iterdir()
    return file


def notes(report: Report) -> list[str]:
    return [note for probe in report.probes for note in probe.notes if EARLIER in note]


def test_a_second_sitting_takes_what_is_kept(run: RunFolder, asked: Asked) -> None:
    first = run.probe("battery", "base").read_bytes()
    report = verbs.evaluate(run.path).report
    assert asked == ["tuned"]
    assert run.probe("battery", "base").read_bytes() == first
    [note] = notes(report)
    assert json.loads(kept().read_text())["on"] in note
    assert EARLIER in run.report_html.read_text()

    report = verbs.evaluate(run.path, anew=True).report
    assert asked == ["tuned", "base", "tuned"]
    assert run.probe("battery", "base").read_bytes() == first
    assert not notes(report)


def test_what_is_damaged_is_not_believed(run: RunFolder, asked: Asked) -> None:
    right = kept().read_text()
    changed = json.loads(right)
    changed["readings"][0]["values"]["score"] += 1e-9
    for damage in (json.dumps(changed), "", "{}", '{"sha256": 3, "readings": null}'):
        kept().write_text(damage)
        asked.clear()
        assert not notes(verbs.evaluate(run.path).report)
        assert asked == ["base", "tuned"]
        assert json.loads(kept().read_text())["readings"] == json.loads(right)["readings"]


def test_another_machine_or_effort_reads_for_itself(
    run: RunFolder, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postgrad.steps.machine.processor", lambda: "another")
    verbs.evaluate(run.path)
    assert asked == ["base", "tuned"]
    assert len(list((Here.cache / "readings").iterdir())) == 2
