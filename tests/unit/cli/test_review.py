"""A person marks pairs, in the terminal and on the page; enough marks decide the verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from answered_run import Row, answered_run, better, played, rows
from here_backend import Here
from html_page import Page
from postgrad import plugins, verbs
from postgrad.cli.main import cli
from postgrad.core.run import RunFolder
from postgrad.errors import DataError, JobError, RunError
from postgrad.reports import read_report


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setitem(plugins.TABLES["backends"], "here", "here_backend:Here")
    plugins.load.cache_clear()
    Here.cache = tmp_path / "cache"
    yield
    plugins.load.cache_clear()


WORDS = ("Pizza and salad tonight", "Opening hours on Sunday", "Refund for a cold parcel")


def call(*arguments: object, typed: str = "") -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], input=typed)


def told(result: Result) -> str:
    return result.output.replace("\u00a0", " ")


def prefer(run: RunFolder, word: str, count: int | None = None) -> None:
    """Mark pairs as somebody would who always wants the answer with this word in it."""
    it = verbs.review(run.path)
    for pair in it.waiting[:count]:
        it.mark(pair.key, "a" if word in pair.a else "b")


def test_a_sitting_goes_on_where_it_stopped(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(8))
    first = call("review", run.path, typed="a\nx\nt\nq\n")
    assert first.exit_code == 0
    assert "Pair 1 of 8" in told(first)
    assert "Pair 3 of 8" in told(first)
    assert "Question" in told(first)
    assert "Please press one of these keys" in told(first)
    assert "2 pairs marked, 6 left." in told(first)
    assert "6 more marks until they decide" in told(first)
    assert not re.search(r"\b(base|tuned)\b", first.output.lower())
    stored = [json.loads(line) for line in run.review.read_text("utf-8").splitlines()]
    assert [line["mark"] for line in stored] == ["a", "tie"]
    second = call("review", run.path, typed="b\n")  # and the input ends
    assert "Pair 3 of 8" in told(second)
    assert "Pair 1 of 8" not in told(second)
    assert "3 pairs marked, 5 left." in told(second)


def test_a_torn_line_costs_one_mark(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(4))
    prefer(run, "good", 2)
    content = run.review.read_bytes()
    run.review.write_bytes(content[:-9])
    assert len(verbs.review(run.path).marks.found) == 1
    prefer(run, "good", 1)
    assert len(verbs.review(run.path).marks.found) == 2


def test_the_order_is_fair_and_stays(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(60))
    shown, again = verbs.review(run.path).waiting, verbs.review(run.path).waiting
    assert shown == again
    tuned_first = sum("good" in pair.a for pair in shown)
    assert 18 <= tuned_first <= 42  # 60 fair coins: outside with a chance of 0.2 %
    numbers = [int(pair.a.split()[1]) for pair in shown]
    assert numbers != sorted(numbers)


def test_enough_marks_decide(tmp_path: Path) -> None:
    """The metric sees nothing; the person sees that every answer of the tuned model is better."""
    run = answered_run(tmp_path / "run", rows(60))
    assert read_report(run.path).verdict == "no_proof"
    prefer(run, "good", 49)
    few = verbs.report(run.path).report
    assert few.primary.metric == "exact_match"
    assert any("1 more marks are needed" in note for note in few.preferences[0].notes)
    prefer(run, "good", 1)
    found = verbs.report(run.path).report
    assert found.primary.metric == "person_preference"
    assert found.primary.test == "exact sign test"
    assert (found.primary.n, found.primary.fixed, found.primary.broken) == (50, 50, 0)
    assert found.verdict == "better"
    assert "preferred by a person, who did not know which was which" in found.headline
    assert found.secondary[0].metric == "exact_match"
    assert found.automatic.metric == "exact_match"
    assert found.reasons[0].startswith("A person's marks decide: 50 pairs")
    page = run.report_html.read_text("utf-8")
    assert "prefers the tuned model" in Page(page).text
    assert "The tuned model's answer 50 times" in Page(page).text
    again = verbs.report(run.path).report
    assert again == found
    prefer(run, "bad", 3)  # after the result was shown
    late = verbs.report(run.path).report
    assert any(
        note.startswith("3 marks were made after a result") for note in late.preferences[0].notes
    )


def test_a_small_test_is_enough_once_all_of_it_is_marked(tmp_path: Path) -> None:
    same: list[Row] = [("Same?", "x", "same", "same")] * 3
    run = answered_run(tmp_path / "run", [*rows(9), *same])
    shown = call("review", run.path, typed="s\n" + "t\n" * 8)
    assert "Pair 9 of 9" in told(shown)
    assert "NO PROOF" in told(shown)  # it ends, so it is told
    found = read_report(run.path)
    assert found.primary.metric == "person_preference"
    assert (found.primary.n, found.primary.fixed) == (11, 0)
    notes = " ".join(found.preferences[0].notes)
    assert "3 pairs with the same answer twice" in notes
    assert "1 pairs were skipped" in notes


def test_rows_that_belong_together_are_drawn_together(tmp_path: Path) -> None:
    """Twelve answers to three questions, each asked four times: three things are known, not 12."""
    table = [(f"{word} again?", "x", f"bad {n}", f"good {n}") for n in range(4) for word in WORDS]
    run = answered_run(tmp_path / "run", table)
    prefer(run, "good")
    found = verbs.report(run.path).report
    assert (found.primary.n, found.primary.fixed, found.primary.clusters) == (12, 12, 3)
    assert found.verdict == "no_proof"


def test_five_marks_decide_nothing(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(5))
    prefer(run, "good")
    assert verbs.report(run.path).report.primary.metric == "exact_match"


def test_marks_of_old_answers_do_not_count(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(10))
    prefer(run, "good")
    assert verbs.report(run.path).report.verdict == "better"
    text = run.answers("tuned").read_text("utf-8")
    run.answers("tuned").write_text(text.replace("good", "great"), "utf-8")
    found = verbs.report(run.path).report
    assert found.primary.metric == "exact_match"
    assert found.verdict == "no_proof"
    assert found.task["primary"] == "exact_match"


def test_a_judge_is_checked_against_the_person(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(30) + rows(30, "good", "bad"))
    with played(better) as it:
        alone = verbs.judge(run.path, it.url, "a-judge").report.preferences[0]
        assert any("Nobody has checked this judge" in note for note in alone.notes)
        prefer(run, "good")
        _, checked = verbs.judge(run.path, it.url, "a-judge").report.preferences
    kappa = next(each for each in checked.figures if each.name == "kappa")
    assert (kappa.value, kappa.n) == (1, 60)
    assert any("agree on 60 of 60" in note for note in checked.notes)


def page_data(path: Path) -> dict[str, object]:
    found = re.search(r'id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_page_and_back(tmp_path: Path) -> None:
    table = rows(12)
    table[0] = ("</script><script>alert(1)</script>?", "x", "bad <b>", "good <i>\u2028")
    run = answered_run(tmp_path / "run", table)
    path = tmp_path / "marks.html"
    shown = call("review", run.path, "--page", path)
    assert "12 pairs to mark" in told(shown)
    html = path.read_text("utf-8")
    held = page_data(path)
    pairs = held["pairs"]
    assert isinstance(pairs, list)
    assert not re.search(r"\b(base|tuned)\b", json.dumps(held))
    assert len(re.findall(r"<script", html)) == 2
    assert "http" not in html.replace("http-equiv", "")
    assert "src=" not in html
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert "connect-src" not in policy[1]
    marks = [{"pair": each["key"], "mark": "a" if "good" in each["a"] else "b"} for each in pairs]
    file = tmp_path / "down.json"
    file.write_text(json.dumps({"postgrad_review": 1, "run": "run", "marks": marks}))
    assert "12 marks added, 0 changed, 0 there" in call("review", run.path, "--import", file).output
    assert "0 marks added, 0 changed, 12 there" in call("review", run.path, "--import", file).output
    found = verbs.report(run.path).report
    assert (found.verdict, found.primary.fixed) == ("better", 12)
    other = answered_run(tmp_path / "other", rows(3))
    with pytest.raises(DataError, match="of other answers"):
        verbs.review(other.path).import_page(file)
    file.write_text("[]")
    with pytest.raises(DataError, match="holds no marks"):
        verbs.review(run.path).import_page(file)
    with pytest.raises(JobError):
        verbs.review(run.path).write_page(tmp_path / "marks.txt")


def test_for_programs(tmp_path: Path) -> None:
    run = answered_run(tmp_path / "run", rows(2))
    printed = call("review", run.path, "--json", typed="a\nq\n").stdout
    first, second, rest = printed.split("\n", 2)
    assert json.loads(first)["number"] == 1
    assert set(json.loads(second)) == {"pair", "number", "of", "turns", "a", "b"}
    assert json.loads(rest)["needed"] == 1


def test_what_can_not_be_reviewed(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        verbs.review(tmp_path)
    run = answered_run(tmp_path / "run", rows(2))
    for who in ("base", "tuned"):
        lines = [json.loads(line) for line in run.answers(who).read_text("utf-8").splitlines()]
        text = "".join(json.dumps(line | {"prompt": []}) + "\n" for line in lines)
        run.answers(who).write_text(text, "utf-8")
    with pytest.raises(RunError, match=r"no answers"):
        verbs.review(run.path)
