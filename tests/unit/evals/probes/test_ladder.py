"""The tuned model against the best of the simpler ways."""

from __future__ import annotations

import pytest

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.task import Task
from postgrad.evals.probes.ladder import Ladder

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 500, 0, False)


def readings(**scores: list[float]) -> list[Reading]:
    return [
        Reading(
            str(i), "", dict(zip(scores, values, strict=True)), detail={"metric": "label_match"}
        )
        for i, values in enumerate(zip(*scores.values(), strict=True))
    ]


@pytest.mark.parametrize(("tuned", "outcome"), [(1.0, "changed"), (0.0, "not_shown")])
def test_against_the_best_way(tuned: float, outcome: str) -> None:
    base = readings(constant=[0.0] * 40, nearest=[1.0, 0.0] * 20, zero_shot=[0.0] * 40)
    found = Ladder().judge(base, readings(tuned=[tuned] * 40), CRITERIA).report
    assert found.outcome == outcome
    assert "answer of the most similar question, scored 50 %" in found.text
    assert [row[0] for row in found.tables[0].rows][-1] == "Tuned model"


def test_as_good_as_the_best_way_is_no_reason_to_train() -> None:
    base = readings(nearest=[1.0] * 40, zero_shot=[0.0] * 40)
    found = Ladder().judge(base, readings(tuned=[1.0] * 40), CRITERIA).report
    assert found.outcome == "not_shown"
