"""Public suites through the command line: both harnesses on a run that was trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from desk import COLOURS, Desk, Finished
from postgrad.core.report import Report

TASK = """
task: colours
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{colour}} 7"
doc_to_choice: [warm, cold]
doc_to_target: "{{answer}}"
target_delimiter: ""
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
metadata: {version: 1.0}
"""
PYTHON = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import match
from inspect_ai.solver import generate

ROWS = [Sample(input=f"{c} {i}", target=a, id=f"{c}{i}") for c, a in %r.items() for i in range(3)]

@task
def told(): return Task(dataset=ROWS, solver=generate(), scorer=match("exact"))
"""


@pytest.fixture(scope="module")
def run(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> tuple[Desk, Path]:
    """A copy of a finished run, with tasks beside it."""
    folder = tmp_path_factory.mktemp("suites")
    shutil.copytree(finished.folder, folder / "run")
    (folder / "cache").symlink_to(finished.desk.folder / "cache")
    (folder / "tasks").mkdir()
    items = [{"colour": colour, "answer": answer} for colour, answer in COLOURS.items()] * 5
    lines = [json.dumps(item) + "\n" for item in items]
    (folder / "tasks" / "items.jsonl").write_text("".join(lines))
    (folder / "tasks" / "colours.yaml").write_text(TASK)
    (folder / "tasks" / "told.py").write_text(PYTHON % COLOURS)
    return Desk(folder, finished.desk.base), folder / "run"


def test_both_harnesses_add_to_the_report(run: tuple[Desk, Path]) -> None:
    pytest.importorskip("lm_eval", reason="needs lm-eval: pip install 'postgrad[suites]'")
    pytest.importorskip("inspect_ai", reason="needs inspect-ai: pip install 'postgrad[suites]'")
    desk, folder = run
    before = Report.model_validate_json((folder / "report.json").read_text())
    printed = desk.call(
        *("eval", "run", "--json"),
        *("--suite", "lm-eval:tasks/colours.yaml", "--suite", "inspect:tasks/told.py"),
    )
    report = Report.model_validate(json.loads(printed)["report"])
    assert report.model_copy(update={"suites": []}) == before, "nothing else is asked or changed"
    chosen, told = sorted(report.suites, key=lambda task: task.name, reverse=True)
    assert (chosen.name, told.name) == ("lm_eval.colours", "inspect.told")
    assert {task.section for task in report.suites} == {"suites"}
    assert (chosen.comparisons[0].n, told.comparisons[0].n) == (20, 12)
    # four colours are what this model was trained on: it knows them now
    assert told.comparisons[0].tuned > told.comparisons[0].base
    assert "Holm-adjusted over 2" in told.comparisons[0].test
    lines = (folder / "suites" / "lm_eval.colours.tuned.jsonl").read_text().splitlines()
    stored = [json.loads(line) for line in lines]
    assert sum(it["values"]["acc"] for it in stored) / 20 == chosen.comparisons[0].tuned
    assert stored[0]["detail"]["doc"] == {"colour": "red", "answer": "warm"}
    for page in ("report.md", "report.html"):
        assert "Public suites" in (folder / page).read_text()


def test_an_unknown_suite_is_said(run: tuple[Desk, Path]) -> None:
    printed = run[0].call("eval", "run", "--suite", "lm-evil:piqa", code=1)
    assert "Did you mean lm_eval?" in printed


def test_a_run_without_report_is_finished_first(desk: Desk) -> None:
    printed = desk.call("eval", "nowhere", "--suite", "lm-eval:piqa", code=1)
    assert "holds no run" in printed
