"""Any two lists of answers, side by side, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desk import Finished, chat


def compared(finished: Finished, *sides: object) -> dict[str, object]:
    return json.loads(finished.desk.call("compare", *sides, "--json"))


def answers(run: Path, who: str) -> list[dict[str, object]]:
    lines = (run / "answers" / f"{who}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_base_against_the_tuned_model_is_the_report(finished: Finished) -> None:
    report = json.loads((finished.folder / "report.json").read_text("utf-8"))
    found = compared(finished, f"{finished.folder}@base", finished.folder)
    assert found["verdict"] == report["verdict"]
    for key in ("n", "base", "tuned", "delta"):
        assert found["primary"][key] == pytest.approx(report["primary"][key])  # type: ignore[index]
    assert found["rows"] == {"compared": report["primary"]["n"], "left_out": 0, "alone": 0}


def test_a_run_against_itself_is_no_proof_of_anything(finished: Finished) -> None:
    found = compared(finished, finished.folder, finished.folder)
    assert found["verdict"] == "no_proof"
    assert found["changes"] == []


def test_old_answers_of_a_hosted_model(finished: Finished, tmp_path: Path) -> None:
    """Exported as chats; half of them are right, the tuned model is better, and the other way."""
    rows = [
        chat(str(each["prompt"][-1]["content"]), str(each["reference"]) if i % 2 else "?")  # type: ignore[index]
        for i, each in enumerate(answers(finished.folder, "tuned"))
    ]
    rows.append(chat("purple 999", "warm"))
    old = tmp_path / "old.jsonl"
    old.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = compared(finished, old, finished.folder)
    assert found["rows"]["alone"] == 1  # type: ignore[index]
    assert found["primary"]["base"] == pytest.approx(0.5, abs=0.05)  # type: ignore[index]
    back = compared(finished, finished.folder, old)
    assert back["primary"]["delta"] == pytest.approx(-found["primary"]["delta"])  # type: ignore[index]
    metrics = [each["metric"] for each in found["secondary"]]  # type: ignore[attr-defined]
    assert "bits_per_byte" not in metrics
    shown = finished.desk.call("compare", old, finished.folder)
    assert "answered by one side only" in shown


def test_questions_that_a_model_was_trained_on_are_left_out(
    finished: Finished, tmp_path: Path
) -> None:
    """A file that also answers training questions gains nothing by it."""
    lines = (finished.folder / "data" / "train.jsonl").read_text("utf-8").splitlines()
    rows = [{"messages": json.loads(line)["messages"]} for line in lines]
    old = tmp_path / "old.jsonl"
    old.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = finished.desk.call("compare", finished.folder, old, code=1)
    assert "no question in common" in shown


def test_two_files_have_no_references(finished: Finished, tmp_path: Path) -> None:
    old = tmp_path / "old.jsonl"
    old.write_text(json.dumps(chat("red 1", "warm")) + "\n")
    assert "at least one run" in finished.desk.call("compare", old, old, code=1)


def test_what_is_no_run(finished: Finished, tmp_path: Path) -> None:
    assert "holds no run" in finished.desk.call("compare", tmp_path, finished.folder, code=1)
