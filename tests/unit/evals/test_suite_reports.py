"""What items of public suites say of base and tuned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.report import ProbeReport
from postgrad.core.suite import Measure, SuiteResult
from postgrad.core.task import Task
from postgrad.errors import RunError
from postgrad.evals import statistics
from postgrad.evals.suite_reports import suite_reports

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 200, 0, False)
ACC = Measure("acc", "Right answers")


def result(scores: Sequence[float], task: str = "one", **others: object) -> SuiteResult:
    readings = tuple(
        Reading(f"{task}:{at}", f"{task}:{at}", {"acc": float(score)}, prompt=f"Question {at}")
        for at, score in enumerate(scores)
    )
    values = {"settings": {"items": "all"}, "measures": (ACC,), "readings": readings, **others}
    return SuiteResult("lm_eval", task, "lm-eval 1", **values)  # type: ignore[arg-type]


def one(base: SuiteResult, tuned: SuiteResult) -> ProbeReport:
    [report] = suite_reports([(base, tuned)], CRITERIA)
    return report


BITS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(BITS)
def test_right_or_wrong_is_tested_exactly(pairs: list[tuple[bool, bool]]) -> None:
    base, tuned = zip(*pairs, strict=True)
    [it] = one(result(base), result(tuned)).comparisons
    assert it.p_value == pytest.approx(statistics.mcnemar_exact(base, tuned))
    assert (it.n, it.test) == (len(pairs), "exact McNemar test")
    assert it.delta == pytest.approx(np.mean(tuned) - np.mean(base))


@given(BITS)
def test_swapped_models_swap_the_sign(pairs: list[tuple[bool, bool]]) -> None:
    base, tuned = (result(side) for side in zip(*pairs, strict=True))
    there, back = one(base, tuned), one(tuned, base)
    assert there.comparisons[0].delta == pytest.approx(-back.comparisons[0].delta)
    assert there.outcome == back.outcome


def test_the_same_answers_are_never_a_change() -> None:
    rights = [at % 3 == 0 for at in range(200)]
    report = one(result(rights), result(rights))
    assert report.outcome == "not_shown"
    assert "no change is shown" in report.text


def test_a_loss_is_shown_and_so_is_what_broke() -> None:
    report = one(result([1] * 40), result([1] * 20 + [0] * 20))
    assert report.outcome == "changed"
    assert report.text.endswith("it became worse.")
    assert {it.change for it in report.examples} == {"broke"}


def test_so_few_items_say_nothing() -> None:
    report = one(result([1] * 4), result([0] * 4))
    assert report.outcome == "cannot_tell"
    assert "too few items" in report.text


def test_many_tasks_are_adjusted_together() -> None:
    """Alone 8 of 8 broken items are a proof (p = 0.008); among 20 comparisons they are none."""
    alone = (result([1] * 8, "hit"), result([0] * 8, "hit"))
    others = [(result([1, 0] * 10, f"{at}"), result([1, 0] * 10, f"{at}")) for at in range(19)]
    assert one(*alone).outcome == "changed"
    reports = suite_reports([alone, *others], CRITERIA)
    assert reports[0].outcome == "cannot_tell"
    assert reports[0].comparisons[0].p_value == pytest.approx(min(1, 20 * 2 / 2**8))
    assert "Holm-adjusted over 20 comparisons" in reports[0].comparisons[0].test
    assert any("adjusted by Holm over 20" in note for note in reports[0].notes)


def test_items_of_a_group_count_as_one() -> None:
    """Five passages with ten questions each: that all of one passage broke is one event."""

    def grouped(scores: Sequence[float]) -> SuiteResult:
        given = result(scores, clustered=True)
        readings = [
            replace(it, group=f"passage {at // 10}") for at, it in enumerate(given.readings)
        ]
        return replace(given, readings=tuple(readings))

    base, tuned = [1] * 50, [0] * 10 + [1] * 40
    assert one(result(base), result(tuned)).outcome == "changed"
    report = one(grouped(base), grouped(tuned))
    assert report.outcome != "changed"
    assert any("5 groups" in note for note in report.notes)


def test_parts_of_a_group_of_tasks_have_a_row_each() -> None:
    def parted(scores: Sequence[float]) -> SuiteResult:
        given = result(scores)
        readings = [
            replace(it, detail={"part": "ab"[at // 20]}) for at, it in enumerate(given.readings)
        ]
        return replace(given, readings=tuple(readings))

    report = one(parted([1] * 40), parted([1] * 20 + [0] * 20))
    table = report.tables[0]
    assert [row[0] for row in table.rows] == ["a", "b"]
    assert [row[-1] for row in table.rows] == ["", "yes"]


def test_a_base_that_guesses_has_nothing_to_lose() -> None:
    def chosen(scores: Sequence[float]) -> SuiteResult:
        given = result(scores)
        readings = [replace(it, detail={"chance": 0.25}) for it in given.readings]
        return replace(given, readings=tuple(readings))

    guessing, knowing = [at % 4 == 0 for at in range(80)], [1] * 80
    assert any("nothing to lose" in note for note in one(chosen(guessing), chosen(guessing)).notes)
    assert not any(
        "nothing to lose" in note for note in one(chosen(knowing), chosen(guessing)).notes
    )


def test_less_surprise_is_better() -> None:
    surprise = (Measure("bits_per_byte", "Surprise", higher_is_better=False),)

    def texts(values: Sequence[float]) -> SuiteResult:
        given = result(values, measures=surprise)
        readings = [
            replace(it, values={"bits_per_byte": it.values["acc"]}) for it in given.readings
        ]
        return replace(given, readings=tuple(readings))

    report = one(texts([2.0 + at / 100 for at in range(20)]), texts([1.5] * 20))
    assert report.text.endswith("it became better.")
    assert report.comparisons[0].test == "paired bootstrap"


@pytest.mark.parametrize(
    "tuned",
    [
        result([1, 0, 1]),
        result([1, 0], settings={"items": "the first 2"}),
        replace(
            result([1, 0]),
            readings=tuple(replace(it, prompt="Other") for it in result([1, 0]).readings),
        ),
    ],
    ids=["items", "settings", "prompts"],
)
def test_only_the_same_questions_are_compared(tuned: SuiteResult) -> None:
    with pytest.raises(RunError):
        suite_reports([(result([1, 0]), tuned)], CRITERIA)
