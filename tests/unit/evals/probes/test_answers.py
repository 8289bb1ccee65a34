"""Which answers were fixed and which broke: a group where it concentrates stands out."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.report import ProbeReport
from postgrad.core.task import Task
from postgrad.evals.probes.answers import Answers

JSON = Task("json", "json_exact", (), "")
CRITERIA = Criteria(JSON, 0.02, 0.05, 500, 0, False)
INTENTS = ("order", "question", "complaint", "praise")


def judged(
    before: Callable[[str], float],
    after: Callable[[str], float],
    count: int = 120,
    measure: str = "json_exact",
) -> ProbeReport:
    draw = random.Random(0)
    sides: list[list[Reading]] = [[], []]
    for number in range(count):
        intent = INTENTS[number % 4]
        prompt = " ".join(["word"] * draw.randrange(3, 30))
        reference = {"reference": json.dumps({"intent": intent})}
        for side, score in zip(sides, (before, after), strict=True):
            side.append(Reading(f"{number}", "", {measure: score(intent)}, prompt, "", reference))
    return Answers().judge(*sides, CRITERIA).report


def test_a_kind_that_broke_stands_out() -> None:
    report = judged(lambda _: 1.0, lambda intent: float(intent != "complaint"))
    assert report.outcome == "changed"
    assert "0 were fixed and 30 broke" in report.text
    assert "complaint (\u201cintent\u201d of the right answer): broke more often" in report.text
    [by_intent] = [table for table in report.tables if "intent" in table.title]
    rows = {row[0]: row for row in by_intent.rows}
    assert rows["complaint"][:6] == ["complaint", "30", "100 %", "0 %", "0 of 0", "30 of 30"]
    assert rows["complaint"][6].startswith("broke more often (q = ")
    assert rows["order"][6].startswith("broke less often")


def test_a_kind_that_was_right_before_does_not_stand_out_by_that() -> None:
    """What could not be fixed is no sign of a group that resists."""
    report = judged(lambda intent: float(intent == "order"), lambda _: 1.0)
    assert "90 were fixed and 0 broke" in report.text
    assert "no group of rows stands out" in report.text


def test_chance_does_not_stand_out() -> None:
    draw = random.Random(3)
    report = judged(lambda _: float(draw.random() < 0.5), lambda _: float(draw.random() < 0.5))
    assert report.outcome == "not_shown"
    assert "no group of rows stands out" in report.text


def test_a_metric_with_degrees_gets_better_or_worse() -> None:
    report = judged(
        lambda _: 0.5, lambda intent: 0.9 if intent == "praise" else 0.4, measure="rouge_l"
    )
    assert "30 got better and 90 got worse" in report.text
    assert "praise (\u201cintent\u201d of the right answer): got better more often" in report.text


def test_bits_are_better_when_they_are_fewer() -> None:
    report = judged(lambda _: 2.0, lambda _: 1.0, measure="bits_per_byte")
    assert "Of 120 texts, 120 got better and 0 got worse" in report.text
    assert report.outcome == "changed"


def test_a_few_answers_are_too_few() -> None:
    assert judged(lambda _: 0.0, lambda _: 1.0, count=6).outcome == "cannot_tell"
