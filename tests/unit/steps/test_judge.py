"""A judge behind a URL, played by the test: fair, biased, and out of order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from answered_run import TASK, Played, answered_run, better, played, rows
from here_backend import Here
from postgrad import plugins, verbs
from postgrad.core.events import Event
from postgrad.core.report import Figure, ProbeReport, Report
from postgrad.core.run import RunFolder
from postgrad.errors import Interrupted, JobError, RunError, SetupError
from postgrad.steps import chat_url
from postgrad.steps import judge as judging


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setitem(plugins.TABLES["backends"], "here", "here_backend:Here")
    monkeypatch.setattr(chat_url, "WAITS_SECONDS", (0.01, 0.01))
    monkeypatch.setattr(judging, "LOOK_SECONDS", 0.02)
    plugins.load.cache_clear()
    Here.cache = tmp_path / "cache"
    yield
    Here.stop_at, Here.environment = None, {}
    plugins.load.cache_clear()


def judged(run: RunFolder, it: Played, **changes: object) -> Report:
    settings = {f"judge.{key}": value for key, value in changes.items()}
    return verbs.judge(run.path, it.url, "a-judge", changes=settings).report


def figure(found: ProbeReport, name: str) -> Figure:
    return next(each for each in found.figures if each.name == name)


def lines(run: RunFolder) -> list[dict[str, object]]:
    [path] = run.judgements.glob("*.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_fair_judge(tmp_path: Path) -> None:
    told: list[Event] = []
    same = [("Same?", "x", "same", "same ")]
    run = answered_run(tmp_path / "run", rows(20) + rows(4, "good", "bad")[:2] + same)
    with played(better) as it:
        found = verbs.judge(run.path, it.url, "a-judge", on_event=told.append).report
        assert len(it.requests) == 2 * 22  # both orders; what is the same is not sent
        verbs.judge(run.path, it.url, "a-judge")
        assert len(it.requests) == 2 * 22  # nothing is asked twice
    [preference] = found.preferences
    [comparison] = preference.comparisons
    assert (comparison.fixed, comparison.broken, comparison.n) == (20, 2, 23)
    assert preference.outcome == "changed"
    assert "a-judge preferred the tuned model's answer in 20 of 23 pairs" in preference.text
    assert figure(preference, "flip_rate").value == 0
    assert figure(preference, "first_share").value == 0.5
    for source in ("2306.05685", "2404.04475", "2404.13076"):
        assert any(source in note for note in preference.notes)
    # the judge informs; the metric decides
    assert found.primary.metric == TASK.primary
    assert found.verdict == "no_proof"
    said = next(event["text"] for event in told if event.kind == "note")
    assert it.url in said
    assert "which is on this machine" in said
    assert "22 test questions" in said
    head, *replies = lines(run)
    assert head["judge"]["model"] == "a-judge"  # type: ignore[index]
    assert {each["first"] for each in replies} == {"base", "tuned"}
    assert all("VERDICT" in str(each["reply"]) for each in replies)
    assert "Which answers are preferred" in run.report_html.read_text("utf-8")
    assert "2404.13076" in run.report_html.read_text("utf-8")


def test_what_it_is_asked(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(1))
    Here.environment = {"HOUSE_KEY": "secret-key"}
    with played(better) as it:
        judged(run, it, key_env="HOUSE_KEY", criteria="Politeness.", reference=False)
        judged(run, it)
    asked = it.requests[0]["messages"]
    assert "Politeness." in asked[0]["content"]
    assert "system: Be kind." in asked[1]["content"]
    assert "wanted 0" not in asked[1]["content"]
    assert "wanted 0" in it.requests[2]["messages"][1]["content"]
    assert it.headers[0]["Authorization"] == "Bearer secret-key"
    assert "Authorization" not in it.headers[2]
    assert len(list(run.judgements.glob("*.jsonl"))) == 2  # other words, another judge
    for path in run.path.rglob("*"):
        assert path.is_dir() or "secret-key" not in path.read_text("utf-8")


def test_who_always_takes_the_first_has_said_nothing(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(30))
    with played(lambda a, b: "VERDICT: A") as it:
        [found] = judged(run, it).preferences
    assert (found.comparisons[0].fixed, found.comparisons[0].broken) == (0, 0)
    assert figure(found, "flip_rate").value == 1
    assert figure(found, "first_share").value == 1
    assert figure(found, "win_share").value == 0.5


def test_who_counts_characters_prefers_nobody_at_equal_length(tmp_path: Path) -> None:
    table = [
        (f"Q{i}?", "x", "b" * (50 + 7 * (i % 5)), "t" * (50 + (37 if i % 4 else -31) + i % 9))
        for i in range(60)
    ]
    run = answered_run(tmp_path / "run", table)
    with played(lambda a, b: f"VERDICT: {'A' if len(a) > len(b) else 'B'}") as it:
        [found] = judged(run, it).preferences
    assert figure(found, "win_share").value > 0.65
    assert figure(found, "length_controlled_win_share").value == pytest.approx(0.5, abs=0.05)


def test_who_does_not_choose_is_not_counted(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(8))

    def says(a: str, b: str) -> str:
        return "I would rather not say." if a.endswith(("1", "2")) else better(a, b)

    with played(says) as it:
        [found] = judged(run, it).preferences
        num_asked = len(it.requests)
        judged(run, it)
        assert len(it.requests) - num_asked == 4  # only what gave no choice is asked again
    assert found.comparisons[0].n == 6
    assert any("2 of 8 pairs are not counted" in note for note in found.notes)


def test_what_passes_by_itself_is_tried_again(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(2))
    bad: list[object] = [500, (429, {"Retry-After": "0"}, b""), (200, {}, b"<html>"), 503]

    def says(a: str, b: str) -> object:
        return bad.pop() if len(it.requests) % 3 and bad else better(a, b)

    with played(says) as it:
        assert judged(run, it, at_once=1).preferences[0].comparisons[0].n == 2
    assert len(it.requests) == 4 + 4


def test_a_parameter_that_it_does_not_know_is_left_out(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(1))
    refusal = (400, {}, b'{"error": "Unsupported parameter: max_tokens"}')
    with played(better) as it:
        it.says = lambda a, b: refusal if "max_tokens" in it.requests[-1] else better(a, b)
        judged(run, it, at_once=1)
    assert "max_tokens" not in it.requests[-1]
    assert it.requests[-1]["temperature"] == 0


@pytest.mark.parametrize(
    ("says", "code", "word"),
    [
        (500, "judge_silent", "gives no answer: HTTP 500"),
        ((200, {}, b"[]"), "judge_silent", "no chat completion"),
        (401, "judge_key", "refuses: HTTP 401"),
        (404, "judge_failed", "HTTP 404"),
        (400, "judge_failed", "refuses every question"),
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), "judge_failed", "HTTP 302"),
    ],
)
def test_who_never_answers(tmp_path: Path, says: object, code: str, word: str) -> None:
    run = answered_run(tmp_path / "run", rows(6))
    before = run.report_json.read_text("utf-8")
    Here.environment = {"HOUSE_KEY": "secret-key"}
    with played(lambda a, b: says) as it, pytest.raises(SetupError, match=word) as caught:
        judged(run, it, at_once=1, key_env="HOUSE_KEY")
    assert caught.value.code == code
    assert "secret-key" not in str(caught.value)
    assert run.report_json.read_text("utf-8") == before


def test_a_reply_that_does_not_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_url, "TIMEOUT_SECONDS", 0.05)
    run = answered_run(tmp_path / "run", rows(1))
    with played(better) as it:
        it.sleeps = 0.3
        with pytest.raises(SetupError, match="gives no answer") as caught:
            judged(run, it, at_once=1)
    assert caught.value.code == "judge_silent"


def test_one_question_that_it_refuses(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(6))
    with played(lambda a, b: 413 if a.endswith("3") else better(a, b)) as it:
        [found] = judged(run, it).preferences
    assert found.comparisons[0].n == 5
    assert any("HTTP 413" in str(each.get("problem")) for each in lines(run))


def test_a_stop_loses_nothing(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(20))
    with played(better) as it:
        Here.stop_at = 8
        with pytest.raises(Interrupted):
            judged(run, it, at_once=2)
        num_stored = len(lines(run)) - 1
        assert num_stored == len(it.requests)
        assert 5 <= num_stored < 40
        Here.stop_at = None
        found = judged(run, it)
        assert len(it.requests) == 40
    assert found.preferences[0].comparisons[0].n == 20


def test_a_limit_is_a_random_part(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(20))
    with played(better) as it:
        found = judged(run, it, limit=5)
    assert len(it.requests) == 10
    assert found.preferences[0].comparisons[0].n == 5


def test_what_can_not_be_asked(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(1))
    for url in ("localhost:8000", "ftp://house/v1", "http://me:pass@house/v1", "http://h/?key=1"):
        with pytest.raises(JobError, match="URL"):
            verbs.judge(run.path, url, "a-judge")
    with pytest.raises(JobError, match="no name"):
        verbs.judge(run.path, "http://localhost:1/v1")
    with pytest.raises(SetupError, match="MISSING_KEY is empty"):
        verbs.judge(run.path, "http://localhost:1", "m", changes={"judge.key_env": "MISSING_KEY"})
    with pytest.raises(JobError, match=r"training\.seed can't be changed"):
        verbs.judge(run.path, "http://localhost:1", "m", changes={"training.seed": 1})
    with pytest.raises(RunError):
        verbs.judge(tmp_path, "http://localhost:1", "m")
