"""Public suites through the command line: both harnesses on a run that was trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from desk import COLOURS, Desk, Finished, write_chats
from postgrad import plugins, verbs
from postgrad.core.generation import Generated
from postgrad.core.probe import Reading, Who
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.core.suite import Measure, SuiteResult
from postgrad.engine.answerer import LocalAnswerer
from postgrad.errors import Interrupted
from postgrad.steps.suite_files import store_results
from told_suite import TEXTS, Told

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


def test_a_suite_goes_on_and_stays_in_the_report(
    train_here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = write_chats(tmp_path / "colours.jsonl", 30)
    folder = train_here(rows, "run", training__epochs=1).folder
    _goes_on_where_it_was_stopped(folder, monkeypatch)
    shutil.rmtree(folder / "suites")
    _stays_where_the_test_is_asked_anew(folder)


def _goes_on_where_it_was_stopped(folder: Path, patch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    complete = LocalAnswerer.complete

    def counted(self: LocalAnswerer, beginnings: list[str], **rest: Any) -> list[Generated]:
        asked.extend(beginnings)
        return complete(self, beginnings, **rest)

    patch.setattr(LocalAnswerer, "complete", counted)
    patch.setitem(plugins.TABLES["suites"], "told", "told_suite:Told")
    patch.setattr(Told, "stops", True)
    with pytest.raises(Interrupted) as caught:
        verbs.evaluate(folder, suites=["told:all"])
    assert "what was answered is not asked again" in caught.value.fix
    assert asked == TEXTS[:4]
    asked.clear()
    patch.setattr(Told, "stops", False)
    [told] = verbs.evaluate(folder, suites=["told:all"]).report.suites
    assert asked == [*TEXTS[4:], *TEXTS], "the rest of the base's, and all of the tuned model's"
    assert told.comparisons[0].n == len(TEXTS)
    assert not list((folder / "suites").glob("answers.*"))


def _stays_where_the_test_is_asked_anew(folder: Path) -> None:
    """`postgrad eval RUN` asks the test again and no suite; what these said stays in the report."""
    results: dict[Who, list[SuiteResult]] = {
        who: [_result(right)] for who, right in (("base", 3), ("tuned", 9))
    }
    store_results(RunFolder(folder), results)
    [told] = verbs.evaluate(folder).report.suites
    assert (told.name, told.comparisons[0].n) == ("inspect.told", 12)
    assert told.comparisons[0].delta == 0.5
    assert "Public suites" in (folder / "report.html").read_text(encoding="utf-8")


def _result(right: int) -> SuiteResult:
    readings = [
        Reading(f"item-{at}", f"item-{at}", {"match": float(at < right)}, f"Question {at}?")
        for at in range(12)
    ]
    measures = (Measure("match", "match"),)
    return SuiteResult("inspect", "told", "inspect-ai", {}, measures, tuple(readings))


def test_an_unknown_suite_is_said(run: tuple[Desk, Path]) -> None:
    printed = run[0].call("eval", "run", "--suite", "lm-evil:piqa", code=1)
    assert "Did you mean lm_eval?" in printed


def test_a_run_without_report_is_finished_first(desk: Desk) -> None:
    printed = desk.call("eval", "nowhere", "--suite", "lm-eval:piqa", code=1)
    assert "holds no run" in printed
