"""Answers as texts: what changed in how they are written, and what did not."""

from __future__ import annotations

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.report import ProbeReport
from postgrad.core.task import Task
from postgrad.evals.probes.style import Style
from postgrad.evals.text_measures import MEASURES

CRITERIA = Criteria(Task("prose", "rouge_l", (), ""), 0.02, 0.05, 500, 0, False)


def readings(texts: list[str]) -> list[Reading]:
    found: list[Reading] = []
    for number, text in enumerate(texts):
        measured = {measure.name: measure.of(text) for measure in MEASURES}
        values = {name: value for name, value in measured.items() if value is not None}
        found.append(Reading(f"{number}", "", values, answer=text))
    return found


def judged(before: list[str], after: list[str]) -> ProbeReport:
    return Style().judge(readings(before), readings(after), CRITERIA).report


CHATTY = [
    f"Sure! Here is what I can say about dish number {n}. I hope it helps." for n in range(40)
]
CURT = [f"- dish {n}" for n in range(40)]


def test_what_changed_is_named() -> None:
    report = judged(CHATTY, CURT)
    assert report.outcome == "changed"
    by_name = {item.metric: item for item in report.comparisons}
    assert by_name["words"].unit == "words"
    assert by_name["words"].base == 15
    assert by_name["words"].tuned == 3
    assert by_name["lists"].tuned == 1
    assert by_name["lists"].p_value < 0.001
    assert "Benjamini" in by_name["lists"].test
    assert "length of an answer 15.0 \u2192 3.0 words" in report.text
    assert "reading_ease" not in by_name
    fewer = report.tables[-1]
    assert fewer.folded
    assert ["sure", "40", "0"] in [row[:3] for row in fewer.rows]
    assert "dish" not in [row[0] for row in fewer.rows]
    assert any("answers with an emoji" in note for note in report.notes)


def test_the_same_answers_have_not_changed() -> None:
    report = judged(CHATTY, CHATTY)
    assert report.outcome == "not_shown"
    assert report.tables == []
    assert "0 changed" in report.text


def test_a_few_answers_are_too_few() -> None:
    assert judged(CHATTY[:4], CURT[:4]).outcome == "cannot_tell"
