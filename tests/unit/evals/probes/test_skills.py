"""Right answers read by both models: what came into reach, and what went out of it."""

from __future__ import annotations

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.report import ProbeReport
from postgrad.core.task import Task
from postgrad.evals.probes.skills import RIGHT, Skills

JSON = Task("json", "json_exact", (), "")
CRITERIA = Criteria(JSON, 0.02, 0.05, 500, 0, False)
DISHES = ("soup", "bread", "cake")


def readings(ranks: list[int], right: float, count: int = 30) -> list[Reading]:
    found: list[Reading] = []
    for number in range(count):
        pieces = ['{"', "dish", '": "', DISHES[number % 3], '"}', "<end>"]
        stored = {"pieces": pieces, "ranks": ranks, "bits": [1.0] * 6, "ended": True}
        found.append(Reading(f"{number}", "", {RIGHT: right}, "Dish?", detail=stored))
    return found


def judged(before: list[int], after: list[int], count: int = 30) -> ProbeReport:
    base, tuned = readings(before, 0.0, count), readings(after, 1.0, count)
    return Skills().judge(base, tuned, CRITERIA).report


def figures(report: ProbeReport) -> dict[str, float]:
    return {figure.name: figure.value for figure in report.figures}


def test_content_that_came_into_reach_is_a_new_skill() -> None:
    report = judged([0, 0, 0, 9, 0, 0], [0] * 6)
    assert report.outcome == "changed"
    assert figures(report) == {"gained": 1.0, "lost": 0.0, "fixed_beyond_reach": 1.0}
    assert "30 of 30 answers that were fixed needed a word" in report.text
    content, surface = report.comparisons
    assert (content.base, content.tuned) == (0.0, 1.0)
    assert (surface.base, surface.tuned) == (1.0, 1.0)
    ways, words = report.tables
    assert ways.rows[2] == ["Out of reach", "30 (100 %)", "0 (0 %)", "0 (0 %)"]
    assert words.rows == [[dish, "10", "10"] for dish in DISHES]


def test_a_form_that_was_learned_is_only_surface() -> None:
    report = judged([9, 9, 9, 0, 9, 9], [0] * 6)
    assert report.outcome == "not_shown"
    assert figures(report) == {"gained": 0.0, "lost": 0.0, "fixed_beyond_reach": 0.0}
    _, surface = report.comparisons
    assert (surface.base, surface.tuned) == (0.0, 1.0)


def test_content_that_went_out_of_reach_is_lost() -> None:
    report = judged([0] * 6, [0, 0, 0, 9, 0, 0])
    assert report.outcome == "changed"
    assert figures(report)["lost"] == 1.0


def test_a_few_rows_are_too_few() -> None:
    assert judged([0, 0, 0, 9, 0, 0], [0] * 6, count=4).outcome == "cannot_tell"


def test_without_right_and_wrong_nothing_is_fixed() -> None:
    base, tuned = (
        [Reading(each.id, "", {}, detail=each.detail) for each in readings(ranks, 0.0)]
        for ranks in ([0, 0, 0, 9, 0, 0], [0] * 6)
    )
    report = Skills().judge(base, tuned, CRITERIA).report
    assert "fixed_beyond_reach" not in figures(report)
    assert report.text.endswith("it is the other way round.")
