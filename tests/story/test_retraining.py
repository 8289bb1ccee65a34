"""Training again inside a run: the learning curve and several seeds, whole or stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desk import write_chats
from here_backend import Here
from postgrad import verbs
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.errors import Interrupted, JobError
from postgrad.reports.write import read_report

Train = Callable[..., verbs.Run]


def points(report: Report) -> list[tuple[int, float]]:
    assert report.learning_curve is not None
    return [(point.rows, point.loss) for point in report.learning_curve.points]


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def place_of(stage: str, folder: Path) -> int:
    """The third event of the progress of a stage."""
    places = [at for at, event in enumerate(events(folder)) if event.get("stage") == stage]
    return places[2]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_chats(tmp_path / "colours.jsonl", 100)


def test_a_curve_after_the_run_and_after_a_stop(
    train_here: Train, data: Path, tmp_path: Path
) -> None:
    run = train_here(data, "run", training__epochs=1)
    other = shutil.copytree(run.folder, tmp_path / "other")
    folder = RunFolder(run.folder)
    assert run.report.learning_curve is None
    before = {who: folder.answers(who).read_bytes() for who in ("base", "tuned")}
    found = verbs.evaluate(run.folder, curve=True).report
    assert [rows for rows, _ in points(found)] == [17, 35, 70]
    losses = [loss for _, loss in points(found)]
    assert losses[-1] == run.report.training.best_valid_loss
    assert losses[0] > losses[-1]
    assert found.learning_curve is not None
    assert found.learning_curve.text.startswith("Direction only")
    # all else is as it was, and no adapter of a part is left
    assert found.model_copy(update={"learning_curve": None}) == run.report
    assert {who: folder.answers(who).read_bytes() for who in ("base", "tuned")} == before
    assert {path.suffix for path in folder.curve.iterdir()} == {".json"}
    assert "Would more data help?" in folder.report_html.read_text()
    assert "Would more data help?" in folder.report_markdown.read_text()

    Here.stop_at = place_of("On 35 of 70 rows", run.folder) - len(events(other))
    with pytest.raises(Interrupted) as stop:
        verbs.evaluate(other, curve=True)
    assert "--curve" in stop.value.fix
    stored = [path.name for path in (other / "curve").glob("*.json")]
    assert stored == ["rows-000017.json"]
    assert read_report(other).learning_curve is None
    written = (other / "curve" / stored[0]).stat().st_mtime_ns
    Here.stop_at = None
    assert points(verbs.evaluate(other, curve=True).report) == points(found)
    assert (other / "curve" / stored[0]).stat().st_mtime_ns == written

    # the run's own loss by step stays its own, also when it is reported anew
    again = verbs.evaluate(run.folder).report
    assert again.curves == run.report.curves
    assert again.learning_curve == found.learning_curve


def test_a_part_that_is_the_whole_is_the_run(
    train_here: Train, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the bit: a part starts where the run did and sees its rows as the run would."""
    run = train_here(data, "run", training__epochs=1)
    monkeypatch.setattr("postgrad.steps.retrained.subset_sizes", lambda rows, batch: [20, rows])
    verbs.evaluate(run.folder, curve=True)
    stored = json.loads((run.folder / "curve" / "rows-000070.json").read_text())
    assert stored["loss"] == run.report.training.best_valid_loss
    assert stored["steps"] == run.report.training.steps


def test_several_seeds_and_a_curve_in_one_job(train_here: Train, data: Path) -> None:
    wanted: dict[str, Any] = {"evaluation__seeds": 3, "evaluation__learning_curve": True}
    run = train_here(data, "run", training__epochs=1, training__seed=4, **wanted)
    found = run.report.recipe
    assert found is not None
    assert (found.about, found.seeds) == ("this recipe", [4, 5, 6])
    assert found.scores[0] == run.report.primary.tuned
    assert found.comparison is not None
    assert found.comparison.base == run.report.primary.base
    assert len(points(run.report)) == 3
    folder = RunFolder(run.folder)
    assert {path.name for path in folder.answers("base").parent.iterdir()} == {
        f"{who}.jsonl" for who in ("base", "tuned", "seed-5", "seed-6")
    }
    assert not folder.seeds.exists()
    assert "This recipe" in folder.report_html.read_text()
    assert "over 3 seeds" in folder.report_markdown.read_text()


def test_stopped_among_the_seeds_the_verdict_is_there(train_here: Train, data: Path) -> None:
    wanted = {"training__epochs": 1, "evaluation__seeds": 2}
    whole = train_here(data, "whole", **wanted)
    Here.stop_at = place_of("Training again with seed 1", whole.folder)
    with pytest.raises(Interrupted):
        train_here(data, "run", **wanted)
    folder = data.parent / "run"
    early = read_report(folder)
    assert early.recipe is None
    Here.stop_at = None
    report = verbs.resume(folder).report
    assert report.recipe is not None
    assert report.recipe == whole.report.recipe
    assert report.recipe.about == "this checkpoint"
    assert (report.verdict, report.primary) == (early.verdict, early.primary)


def test_a_curve_needs_validation_rows(train_here: Train, data: Path) -> None:
    with pytest.raises(JobError) as caught:
        train_here(data, "run", data__valid_share=0, evaluation__learning_curve=True)
    assert caught.value.code == "no_valid_rows"
    assert not (data.parent / "run").exists()
