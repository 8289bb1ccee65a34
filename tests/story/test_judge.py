"""A verdict never waits for a judge: training with one that is not there, and asking one later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from answered_run import played
from desk import write_chats
from postgrad import verbs
from postgrad.errors import JobError
from postgrad.steps import chat_url


def test_a_judge_that_is_not_there(
    train_here: Callable[..., verbs.Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_url, "WAITS_SECONDS", (0.01,))
    data = write_chats(tmp_path / "colours.jsonl")
    gone = "http://127.0.0.1:9/v1"
    run = train_here(data, "run", judge__url=gone, judge__model="a-judge")
    assert run.report.verdict == "better"
    assert run.report.preferences == []
    [warning] = [text for text in run.report.warnings if "judge" in text]
    assert warning.startswith(f"The judge at {gone}/chat/completions gives no answer")

    with played(lambda a, b: "VERDICT: A" if a in ("warm", "cold") else "VERDICT: B") as it:
        found = verbs.judge(run.folder, it.url).report  # its name is in the job
    assert found.verdict == "better"
    assert [each.title for each in found.preferences] == ["a-judge as a judge"]
    assert not any("judge" in text for text in found.warnings)

    with pytest.raises(JobError, match="no name"):  # before anything is spent
        train_here(data, "other", judge__url=gone)
