"""What a plan tells of memory, time and money, and how the run then compares with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from desk import SETTINGS, Desk, Finished, write_chats
from postgrad import verbs
from postgrad.errors import JobError
from postgrad.reports.costs import cost_lines, estimate_lines

KEYS = {
    "training_seconds",
    "evaluation_seconds",
    "probing_seconds",
    "seconds",
    "memory_bytes",
}
Plan = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def plan_here(workers_here: None, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """`postgrad.plan` in this process, without asking simpler ways; the same plan is made once."""
    data = write_chats(tmp_path_factory.mktemp("plan") / "colours.jsonl")

    @cache
    def plan(*, trial: bool = True, **changes: object) -> dict[str, Any]:
        values = SETTINGS | {"base.model": str(base)}
        values |= {key.replace("__", "."): value for key, value in changes.items()}
        return verbs.plan(data, advise=False, trial=trial, changes=values)

    return plan


def test_every_figure_has_its_interval(plan_here: Plan) -> None:
    plan = plan_here(evaluation__effort="quick")
    estimate = plan["estimate"]
    assert set(estimate["intervals"]) == KEYS
    for key in KEYS:
        low, high = estimate["intervals"][key]
        assert 0 < low < estimate[key] < high
    assert estimate["uncounted"] == []  # every probe can be counted without a model
    parts = ("training_seconds", "evaluation_seconds", "probing_seconds")
    assert estimate["seconds"] == pytest.approx(sum(estimate[part] for part in parts))
    assert len(estimate["trial"]["seconds"]) == 3
    assert json.loads(json.dumps(plan)) == plan


def test_memory_by_part(plan_here: Plan) -> None:
    lora, full = (plan_here(method__name=name)["estimate"]["memory"] for name in ("lora", "full"))
    assert lora["weights"] == full["weights"] == full["gradients"]
    assert lora["adapter"] == lora["gradients"] == lora["optimizer"] / 2
    assert full["adapter"] == 0
    assert full["optimizer"] == 2 * full["weights"]
    for memory in (lora, full):
        assert min(memory[name] for name in ("activations", "head", "framework", "answering")) > 0


def test_effort_decides_what_lies_beside_the_test(plan_here: Plan) -> None:
    none = plan_here(trial=False)["estimate"]  # so do the settings
    quick, full = (
        plan_here(trial=False, evaluation__effort=effort)["estimate"]
        for effort in ("quick", "full")
    )
    assert none["probing_seconds"] == 0
    assert 0 < quick["probing_seconds"] < full["probing_seconds"]
    assert none["trial"] is None


def test_other_trainings_count_here_and_elsewhere(plan_here: Plan) -> None:
    one, three = (plan_here(trial=False, evaluation__seeds=seeds) for seeds in (1, 3))
    assert one["estimate"]["again_seconds"] == 0
    told = three["estimate"]
    assert told["again_seconds"] > 2 * told["training_seconds"]  # each validates too
    parts = ("training_seconds", "evaluation_seconds", "probing_seconds", "again_seconds")
    assert told["seconds"] == pytest.approx(sum(told[part] for part in parts))
    here, *elsewhere = three["costs"]["machines"]
    assert here["seconds"]["value"] == pytest.approx(told["seconds"])
    for alone, together in zip(one["costs"]["machines"][1:], elsewhere, strict=True):
        assert together["seconds"]["value"] > alone["seconds"]["value"]


def test_machines_and_prices(plan_here: Plan, tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(
        "electricity: 0.5\nmachines:\n  - {name: ours, like: h100, per_hour: 36000}\n"
    )
    costs = plan_here(backend__prices=str(tmp_path / "prices.yaml"), trial=False)["costs"]
    names = [machine["name"] for machine in costs["machines"]]
    assert names == ["this", "laptop", "desktop", "l4", "h100", "ours"]
    ours = costs["machines"][-1]
    assert ours["money"]["value"] == pytest.approx(10 * ours["seconds"]["value"])
    assert costs["from_scratch"]["tokens"] == 20 * costs["from_scratch"]["parameters"]
    assert costs["from_scratch"]["source"] == "arXiv:2203.15556"
    assert all(machine["source"] for machine in costs["machines"])
    with pytest.raises(JobError, match="price list"):
        plan_here(backend__prices=str(tmp_path / "none.yaml"))


def test_on_the_screen(plan_here: Plan) -> None:
    plan = plan_here(evaluation__effort="quick")
    said = "\n".join([*estimate_lines(plan["estimate"]), *cost_lines(plan["costs"])])
    for text in ("weights ", "beside it about", "Checked with three training steps", "kWh"):
        assert text in said
    assert "from scratch" in said
    alone = "\n".join(estimate_lines(plan_here(trial=False)["estimate"]))
    assert "Counted only" in alone


def test_what_would_not_fit_is_not_tried(plan_here: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postgrad.steps.plan.memory_available_bytes", lambda: 1000)
    assert plan_here(training__epochs=1)["estimate"]["trial"] is None
    monkeypatch.undo()
    assert plan_here(method__name="lora")["estimate"]["trial"] is not None


def test_the_report_tells_our_own_error(finished: Finished) -> None:
    run = verbs.report(finished.folder)
    training = run.report.training
    told = training.estimate
    assert told is not None
    assert told.seconds_error == pytest.approx(told.seconds / training.seconds - 1)
    assert told.memory_error == pytest.approx(told.memory_bytes / training.peak_memory_bytes - 1)
    assert told.seconds_interval[0] < told.seconds < told.seconds_interval[1]
    assert "estimated: " in (run.folder / "report.html").read_text(encoding="utf-8")
    assert "estimated: " in (run.folder / "report.md").read_text(encoding="utf-8")


def test_no_trial_on_the_command_line(desk: Desk, workers_here: None) -> None:
    said = desk.call_here("plan", "colours.jsonl", *desk.train_options(), "--no-trial")
    assert "Counted only" in said
    assert "What it costs" in said
