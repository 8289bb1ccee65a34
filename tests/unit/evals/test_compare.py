"""Stored answers of two models, compared."""

from __future__ import annotations

import dataclasses
import random
import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.core.report import Comparison
from postgrad.core.task import Answer, Finish, Task
from postgrad.errors import JobError, RunError
from postgrad.evals import statistics
from postgrad.evals.compare import compare, score_answers
from postgrad.evals.macro_f1 import macro_f1
from postgrad.evals.verdict import decide

LABEL = Task("label", "label_match", ("macro_f1", "bits_per_byte"), "", ("a", "b", "c"))
PROSE = Task("prose", "rouge_l", ("exact_match", "chrf"), "")
OPPOSITE = {"better": "worse", "worse": "better", "no_proof": "no_proof"}


def answers(
    texts: Sequence[str], references: Sequence[str], task: Task, finish: Finish = "stop"
) -> list[Answer]:
    made = [
        Answer(f"{i:04}", (), reference, text, finish, {"bits_per_byte": 1.0 + 0.01 * (i % 7)})
        for i, (text, reference) in enumerate(zip(texts, references, strict=True))
    ]
    return score_answers(made, task)


def compared(
    base: Sequence[str], tuned: Sequence[str], references: Sequence[str], task: Task = LABEL
) -> tuple[Comparison, dict[str, Comparison]]:
    primary, secondary = compare(
        answers(base, references, task),
        answers(tuned, references, task),
        task,
        resamples=500,
        seed=0,
    )
    return primary, {comparison.metric: comparison for comparison in secondary}


def test_scores_are_filled_and_the_models_own_kept() -> None:
    (answer,) = score_answers(
        [Answer("1", (), "a b", "a c", "stop", {"bits_per_byte": 2.0})], PROSE
    )
    assert answer.scores["bits_per_byte"] == 2.0
    assert answer.scores["rouge_l"] == 0.5
    assert answer.scores["exact_match"] == 0


def test_scoring_can_be_redone() -> None:
    stale = Answer("1", (), "a", "a", "stop", {"exact_match": 0.0})
    (answer,) = score_answers([stale], PROSE)
    assert answer.scores["exact_match"] == 1
    json_task = Task("json", "json_exact", (), "")
    (unmarked,) = score_answers(
        [Answer("1", (), "no json", "{}", "stop", {"json_exact": 1.0})], json_task
    )
    assert "json_exact" not in unmarked.scores


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(JobError, match="rouge_x"):
        score_answers([], Task("prose", "rouge_x", (), ""))


def test_right_or_wrong() -> None:
    references = ["a"] * 20
    primary, secondary = compared(
        ["b"] * 12 + ["a"] * 8, ["a"] * 11 + ["b"] + ["a"] * 7 + ["b"], references
    )
    assert (primary.n, primary.fixed, primary.broken) == (20, 11, 1)
    assert (primary.base, primary.tuned, primary.delta) == pytest.approx((0.4, 0.9, 0.5))
    assert primary.p_value == pytest.approx(2 * 13 / 4096)
    assert primary.test == "exact McNemar test"
    effect = statistics.minimum_detectable_effect(20, discordance=12 / 20)
    assert primary.minimum_detectable_effect == effect
    assert set(secondary) == {"macro_f1", "bits_per_byte", "stop_rate"}
    assert not secondary["bits_per_byte"].higher_is_better
    assert all("Holm" in comparison.test for comparison in secondary.values())


def test_graded() -> None:
    references = [f"word{i} one two three" for i in range(40)]
    primary, secondary = compared([""] * 40, references, references, PROSE)
    assert (primary.base, primary.tuned, primary.fixed) == (0, 1, None)
    assert primary.test == "paired bootstrap"
    assert secondary["exact_match"].fixed == 40
    assert decide(primary, 0.05) == "better"


@pytest.mark.parametrize("task", [LABEL, PROSE])
def test_the_same_answers_prove_nothing_and_are_not_infinitely_sharp(task: Task) -> None:
    texts = ["a", "b", "c"] * 10
    primary, secondary = compared(texts, texts, ["a"] * 30, task)
    for comparison in (primary, *secondary.values()):
        assert comparison.delta == 0
        assert comparison.p_value == 1
        assert decide(comparison, 0.05) == "no_proof"
        if comparison.metric != "bits_per_byte":
            assert comparison.ci95[0] < 0 < comparison.ci95[1]
            assert (comparison.minimum_detectable_effect or 0) > 0


@pytest.mark.parametrize("n", [6, 12, 100])
def test_rows_that_all_change_alike_are_not_infinitely_sharp(n: int) -> None:
    """Resampling rows that say all the same draws the same: the rows not asked may differ."""
    exact, labels = compared(["b"] * n, ["a"] * n, ["a"] * n)
    prose, _ = compared([""] * n, ["x y"] * n, ["x y"] * n, PROSE)
    assert decide(prose, 0.05) == "better"
    lost, _ = compared(["x y"] * n, [""] * n, ["x y"] * n, PROSE)
    for comparison in (labels["macro_f1"], prose):
        assert comparison.ci95 == pytest.approx(exact.ci95)
        assert (comparison.minimum_detectable_effect or 0) > 0
    assert lost.ci95 == pytest.approx((-1, -exact.ci95[0]))
    half, _ = compared(["z"] * n, ["x z"] * n, ["x y"] * n, PROSE)
    assert 0 < half.ci95[0] < half.delta < half.ci95[1] < 1


@pytest.mark.parametrize("task", [LABEL, PROSE])
def test_one_row(task: Task) -> None:
    primary, secondary = compared(["b"], ["a"], ["a"], task)
    for comparison in (primary, *secondary.values()):
        assert comparison.p_value == 1
        assert all(np.isfinite(comparison.ci95))
        assert decide(comparison, 0.05) == "no_proof"


def test_plain_text() -> None:
    task = Task("text", "bits_per_byte", (), "")
    base = [Answer(str(i), (), "t", "", "stop", {"bits_per_byte": 1.0 + i / 99}) for i in range(30)]
    tuned = [
        dataclasses.replace(answer, scores={"bits_per_byte": answer.scores["bits_per_byte"] - 0.1})
        for answer in base
    ]
    primary, secondary = compare(base, tuned, task, resamples=500, seed=0)
    assert secondary == []
    assert primary.delta == pytest.approx(-0.1)
    assert not primary.higher_is_better
    assert decide(primary, 0.05) == "better"


PAIRS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.sampled_from("abc")),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40)
@given(PAIRS, st.randoms(use_true_random=False))
def test_mirrored_and_shuffled(rows: list[tuple[str, str, str]], dice: random.Random) -> None:
    base_texts, tuned_texts, references = zip(*rows, strict=True)
    base, tuned = answers(base_texts, references, LABEL), answers(tuned_texts, references, LABEL)
    found, others = compare(base, tuned, LABEL, resamples=200, seed=0)
    mirrored, mirrored_others = compare(tuned, base, LABEL, resamples=200, seed=0)
    for one, other in zip((found, *others), (mirrored, *mirrored_others), strict=True):
        assert other.delta == pytest.approx(-one.delta)
        assert other.p_value == pytest.approx(one.p_value)
        assert other.ci95 == pytest.approx((-one.ci95[1], -one.ci95[0]), abs=1e-9)
        assert (one.fixed, one.broken) == (other.broken, other.fixed)
        assert decide(other, 0.05) == OPPOSITE[decide(one, 0.05)]
    shuffled = compare(
        dice.sample(base, len(base)), dice.sample(tuned, len(tuned)), LABEL, resamples=200, seed=0
    )
    assert shuffled == (found, others)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda tuned: tuned[1:],
        lambda tuned: [*tuned, tuned[0]],
        lambda tuned: [dataclasses.replace(tuned[0], id="new"), *tuned[1:]],
        lambda tuned: [dataclasses.replace(tuned[0], reference="c"), *tuned[1:]],
    ],
)
def test_other_rows_are_refused(break_it: object) -> None:
    base = answers(["a", "b"], ["a", "a"], LABEL)
    with pytest.raises(RunError) as caught:
        compare(base, break_it(base), LABEL, resamples=200, seed=0)  # type: ignore[operator]
    assert caught.value.code == "answers_do_not_match"


@pytest.mark.parametrize("scores", [{}, {"label_match": float("nan")}])
def test_a_missing_or_broken_score_is_not_dropped(scores: dict[str, float]) -> None:
    base = answers(["a", "b"], ["a", "a"], LABEL)
    tuned = [dataclasses.replace(base[0], scores=scores), base[1]]
    with pytest.raises(RunError, match="0000") as caught:
        compare(base, tuned, LABEL, resamples=200, seed=0)
    assert caught.value.code == "score_missing"


def test_rows_that_the_metric_does_not_apply_to_are_left_out() -> None:
    task = Task("json", "json_exact", ("json_valid",), "")
    primary, secondary = compared(["{}"] * 4, ["{}"] * 4, ["{}", "no", "{}", "{}"], task)
    assert primary.n == 3
    assert secondary["json_valid"].n == 4
    with pytest.raises(RunError) as caught:
        compared(["{}"], ["{}"], ["no"], task)
    assert caught.value.code == "nothing_marked"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abc")), min_size=1))
def test_macro_f1_by_definition(rows: list[tuple[str, str]]) -> None:
    given_labels, wanted = zip(*rows, strict=True)
    each: list[float] = []
    for label in set(wanted):
        right = sum(g == w == label for g, w in rows)
        each.append(2 * right / (given_labels.count(label) + wanted.count(label)))
    assert macro_f1(given_labels, wanted) == pytest.approx(sum(each) / len(each))


def simulated(task: Task, n: int, generator: np.random.Generator, share: float) -> list[str]:
    """Answers of a model that is right with a chance of `share`, else anything."""
    if task is LABEL:
        return ["a" if right else "b" for right in generator.random(n) < share]
    return [
        " ".join("x" if right else "y" for right in generator.random(6) < share) for _ in range(n)
    ]


@pytest.mark.parametrize(("task", "n"), [(LABEL, 40), (LABEL, 100), (PROSE, 15), (PROSE, 50)])
def test_two_equal_models_are_seldom_told_apart(task: Task, n: int) -> None:
    """400 A/A tests: at most 7 % claim a difference."""
    generator = np.random.default_rng(n)
    references = ["a"] * n if task is LABEL else ["x x x x x x"] * n
    alone = dataclasses.replace(task, secondary=())
    claims = 0
    for seed in range(400):
        base, tuned = (answers(simulated(task, n, generator, 0.6), references, alone) for _ in "bt")
        primary, _ = compare(base, tuned, alone, resamples=400, seed=seed)
        claims += decide(primary, 0.05) != "no_proof"
    assert claims <= 0.07 * 400


def test_macro_f1_of_equal_models() -> None:
    generator = np.random.default_rng(5)
    task = Task("label", "macro_f1", (), "", ("a", "b", "c"))
    claims = 0
    for seed in range(300):
        references = list(generator.choice(list("abc"), 60, p=[0.6, 0.3, 0.1]))
        base, tuned = (
            [
                r if generator.random() < 0.6 else str(generator.choice(list("abc")))
                for r in references
            ]
            for _ in "bt"
        )
        primary, _ = compare(
            answers(base, references, task),
            answers(tuned, references, task),
            task,
            resamples=400,
            seed=seed,
        )
        claims += decide(primary, 0.05) != "no_proof"
    assert claims <= 0.07 * 300


def test_memory_stays_small_for_large_tests() -> None:
    scores = np.random.default_rng(0).random((2, 20_000))
    tracemalloc.start()
    statistics.paired_bootstrap(scores[0], scores[1], 200, 0)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 100e6


def test_no_answers() -> None:
    with pytest.raises(RunError, match="no answers"):
        compare([], [], LABEL, resamples=200, seed=0)
