"""The battery judged: what counts, what was lost, and what only lost its trigger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from postgrad.core.interfaces import Criteria, Judgement
from postgrad.core.probe import Reading
from postgrad.core.task import Task
from postgrad.evals.probes.battery import GATE, Battery

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 1000, 0, False)
OPTIONS = {"expected": "Rome.", "chance": 0.25}


def readings(task: str, scores: np.ndarray, **detail: object) -> list[Reading]:
    return [
        Reading(
            f"{task}-{number}",
            task,
            {"score": float(score), "right": float(score > 0.5)},
            prompt="The capital of Italy is",
            answer="Rome." if score > 0.5 else "Oslo.",
            detail={**OPTIONS, **detail},
        )
        for number, score in enumerate(scores)
    ]


def judged(before: np.ndarray, after: np.ndarray, **detail: object) -> Judgement:
    tuned = readings("facts", after, **detail)
    return Battery().judge(readings("facts", before), tuned, CRITERIA)


def scores(share_right: float, count: int = 200) -> np.ndarray:
    high = np.arange(count) < share_right * count
    return np.where(high, 0.9, 0.1)


def test_a_small_change_of_the_odds_is_ruled_out_as_a_loss_of_note() -> None:
    draw = np.random.default_rng(0)
    before = scores(0.7)
    found = judged(before, before + draw.normal(0, 0.05, len(before)))
    assert found.report.outcome == "passed"
    assert found.gates[GATE].passed


def test_a_loss_is_seen_before_an_answer_changes() -> None:
    before = scores(0.7)
    after = np.where(before > 0.5, before - 0.15, before)
    found = judged(before, after)
    right = found.report.comparisons[1]
    assert right.base == right.tuned
    assert found.report.outcome == "failed"
    assert "is shown" in found.report.text


def test_what_the_base_can_not_do_does_not_count() -> None:
    able, unable = scores(0.8), scores(0.3)
    base = readings("facts", able) + readings("sums", unable)
    tuned = readings("facts", able) + readings("sums", unable * 0)
    found = Battery().judge(base, tuned, CRITERIA)
    assert found.report.outcome == "passed"
    assert found.report.comparisons[0].n == len(able)
    assert any("Left out" in note and "sums" in note for note in found.report.notes)


def test_nothing_to_lose_can_not_tell() -> None:
    found = judged(scores(0.25), scores(0.0))
    assert found.report.outcome == "cannot_tell"
    assert found.gates == {}


def test_what_comes_back_is_told_beside_what_guessing_gives() -> None:
    before, after = scores(0.8), scores(0.7)
    found = judged(before, after, again={"right": True, "answer": "Rome."})
    assert found.report.tables[1].rows == [["facts", "20", "20", "5.0"]]
    assert "20 come back where guessing would bring 5.0: part of the loss" in found.report.text
    assert {example.change for example in found.report.examples} == {"broke"}
    found = judged(before, after, again={"right": False, "answer": "Oslo."})
    assert found.report.tables[1].rows == [["facts", "20", "0", "5.0"]]
    assert "none comes back" in found.report.text


def test_what_may_have_been_guessed_is_no_habit() -> None:
    base, tuned = readings("facts", scores(0.8)), readings("facts", scores(0.7))
    broken = [at for at, (one, two) in enumerate(zip(base, tuned, strict=True)) if broke(one, two)]
    for at in broken[:6]:
        tuned[at] = replace(tuned[at], detail={**tuned[at].detail, "again": {"right": True}})
    said = Battery().judge(base, tuned, CRITERIA).report.text
    assert "20 items broke; asked with two solved examples, 6 come back" in said
    assert said.endswith("guessing would bring 5.0: it may be guessing.")


def broke(before: Reading, after: Reading) -> bool:
    return before.values["right"] > after.values["right"]


def in_words(answers: list[str], checks: list[dict[str, object]]) -> list[Reading]:
    return [
        Reading(
            f"words-{number}",
            "instructions",
            {"score": float(right), "right": float(right)},
            answer=answer,
            detail={"checks": check},
        )
        for number, (answer, check) in enumerate(zip(answers, checks, strict=True))
        for right in [answer == check["pattern"]]
    ]


def test_chance_in_words_is_what_other_answers_would_pass() -> None:
    """A model that always says the same follows no instruction, however often that fits."""
    checks: list[dict[str, object]] = [{"pattern": "yes"}] * 20 + [{"pattern": "no"}] * 20
    parrot = in_words(["yes"] * 40, checks)
    assert Battery().judge(parrot, parrot, CRITERIA).report.outcome == "cannot_tell"
    able = in_words(["yes"] * 20 + ["no"] * 20, checks)
    found = Battery().judge(able, able, CRITERIA)
    assert found.report.comparisons[0].n == 40
