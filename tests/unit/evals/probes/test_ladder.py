"""The tuned model against simpler ways, those that cost an answer on fewer rows."""

from __future__ import annotations

import pytest

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.records import Chat, Message
from postgrad.core.task import Task
from postgrad.evals.probes import ladder
from postgrad.evals.probes.ladder import Ladder

from .sittings import Speaker, sitting

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 500, 0, False)


def readings(**scores: list[float]) -> list[Reading]:
    """A rung with fewer scores was tried on the first rows only."""
    longest = max(map(len, scores.values()))
    return [
        Reading(
            str(i),
            "",
            {name: values[i] for name, values in scores.items() if i < len(values)},
            detail={"metric": "label_match"},
        )
        for i in range(longest)
    ]


@pytest.mark.parametrize(("tuned", "outcome"), [(1.0, "changed"), (0.0, "not_shown")])
def test_against_the_best_way(tuned: float, outcome: str) -> None:
    base = readings(constant=[0.0] * 40, nearest=[1.0, 0.0] * 20, zero_shot=[0.0] * 40)
    found = Ladder().judge(base, readings(tuned=[tuned] * 40), CRITERIA).report
    assert found.outcome == outcome
    assert "answer of the most similar question, scored 50 %" in found.text
    assert {row[-1] for row in found.tables[0].rows} == {f"{100 * tuned:.1f} %"}


def test_as_good_as_the_best_way_is_no_reason_to_train() -> None:
    base = readings(nearest=[1.0] * 40, zero_shot=[0.0] * 40)
    found = Ladder().judge(base, readings(tuned=[1.0] * 40), CRITERIA).report
    assert found.outcome == "not_shown"


def test_the_best_of_the_ways_that_cost_answers_must_be_beaten_too() -> None:
    base = readings(nearest=[0.0] * 100, few_shot=[0.0] * 8, similar_shot=[1.0, 0.0] * 16)
    found = Ladder().judge(base, readings(tuned=[1.0, 1.0, 0.0, 0.0] * 25), CRITERIA).report
    assert found.outcome == "not_shown"
    assert "4 similar examples in the prompt, scored 50 % on 32 test rows" in found.text
    assert [row[1] for row in found.tables[0].rows] == ["100", "8", "32"]


def test_a_way_that_lost_to_another_on_few_rows_does_not_stand_in_the_way() -> None:
    base = readings(nearest=[0.0] * 100, few_shot=[1.0, 0.0] * 4, similar_shot=[1.0] * 8 + [0] * 24)
    found = Ladder().judge(base, readings(tuned=[1.0] * 100), CRITERIA).report
    assert found.outcome == "changed"


def test_a_simpler_way_that_does_better_is_named() -> None:
    base = readings(constant=[1.0] * 60, zero_shot=[0.0] * 60)
    found = Ladder().judge(base, readings(tuned=[1.0, 0.0] * 30), CRITERIA).report
    assert found.text.endswith("it does better than fine-tuning.")


def row(word: str, label: str) -> Chat:
    return Chat((Message("user", word), Message("assistant", label)))


def test_what_costs_nothing_is_tried_on_every_row_and_the_best_of_the_rest_on_more() -> None:
    """The model learns from text before the question only, so that retrieval does best."""
    num_rows = 50
    labels = ["warm", "cold"] * (num_rows // 2)
    trained = [(f"t{i}", row(f"{label} day {i}", label)) for i, label in enumerate(labels)]
    tested = [(f"q{i}", row(f"{label} night {i}", label)) for i, label in enumerate(labels)]
    speaker = Speaker(say=lambda text: "warm" if "-> warm" in text else "?")
    answers = {name: "?" for name, _ in tested}
    asked = sitting("base", speaker, tested, answers=answers, trained=trained)
    found = Ladder().ask(asked)
    tried = {
        name: sum(name in each.values for each in found)
        for name in ("constant", "nearest", "zero_shot", "few_shot", "similar_shot", "retrieval")
    }
    few = ladder.TRIED_ROWS
    assert tried == {
        **dict.fromkeys(("constant", "nearest", "zero_shot"), num_rows),
        **dict.fromkeys(("few_shot", "similar_shot"), few),
        "retrieval": ladder.MOST_ROWS,
    }
    assert speaker.num_asked == 3 * few + ladder.MOST_ROWS - few
