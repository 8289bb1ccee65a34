"""Several seeds: the bootstrap over seeds and items, and what may be said of a recipe."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.core.report import Recipe
from postgrad.core.task import Answer, Task
from postgrad.evals import statistics
from postgrad.evals.compare import compare, score_answers
from postgrad.evals.recipe import recipe

TASK = Task("label", "label_match", (), "", ("a", "b"))


def over_seeds(differences_SN: np.ndarray, seed: int = 0, resamples: int = 1000):
    return statistics.hierarchical_bootstrap(
        lambda weights_RN: weights_RN @ differences_SN.T / weights_RN.sum(1, keepdims=True),
        differences_SN.shape[1],
        resamples,
        seed,
    )


@pytest.mark.parametrize("spread_of_seeds", [0.0, 0.1])
def test_coverage_over_seeds_and_items(spread_of_seeds: float) -> None:
    random = np.random.default_rng(0)
    tries = held = 0
    for number in range(120):
        items = random.normal(0, 0.4, 60) + 0.2 * random.standard_normal((3, 60))
        found = over_seeds(items + spread_of_seeds * random.standard_normal((3, 1)), number, 400)
        tries, held = tries + 1, held + (found.interval[0] <= 0 <= found.interval[1])
    assert held >= 0.91 * tries


def test_items_alone_would_claim_too_much() -> None:
    """Three seeds that differ by more than the items: one of them, or all as if they were one,
    is a proof; that the recipe is better is not."""
    items = np.random.default_rng(1).normal(0, 0.1, 200)
    differences = np.array([[0.2], [0.0], [0.1]]) + items
    alone = statistics.paired_bootstrap(np.zeros(200), differences.mean(0), 1000, 0)
    both = over_seeds(differences)
    assert alone.interval[0] > 0
    assert both.interval[0] < 0 < both.interval[1]
    assert both.p_value > 0.05


@settings(max_examples=25)
@given(st.integers(2, 5), st.integers(8, 30), st.integers(0, 99))
def test_equal_seeds_are_one_training(num_seeds: int, n: int, seed: int) -> None:
    items = np.random.default_rng(seed).normal(0.2, 0.5, n)
    both = over_seeds(np.repeat(items[None], num_seeds, axis=0), seed)
    alone = statistics.paired_bootstrap(np.zeros(n), items, 1000, seed)
    assert both.interval == pytest.approx(alone.interval)
    mirrored = over_seeds(-np.repeat(items[None], num_seeds, axis=0), seed)
    assert mirrored.interval == pytest.approx((-both.interval[1], -both.interval[0]))
    assert mirrored.p_value == pytest.approx(both.p_value)


def answers(texts: list[str], task: Task = TASK) -> list[Answer]:
    made = [Answer(f"{i:03}", (), "a", text, "stop") for i, text in enumerate(texts)]
    return score_answers(made, task)


def said(*rights: int, n: int = 40, task: Task = TASK) -> Recipe:
    """Trainings that got so many of n rows right, of which the base got four."""
    base = answers(["a"] * 4 + ["b"] * (n - 4), task)
    by_seed = {
        7 + at: answers(["a"] * right + ["b"] * (n - right), task)
        for at, right in enumerate(rights)
    }
    primary, _ = compare(base, by_seed[7], task, resamples=500, seed=0)
    return recipe(base, by_seed, primary, task, resamples=500, seed=0, significance=0.05)


def test_two_seeds_are_no_recipe() -> None:
    found = said(30, 32)
    assert (found.about, found.comparison, found.verdict) == ("this checkpoint", None, None)
    assert found.scores == [0.75, 0.8]
    assert "75.0 % and 80.0 %: too few" in found.text


@pytest.mark.parametrize("task", [TASK, dataclasses.replace(TASK, primary="macro_f1")])
def test_three_seeds_are(task: Task) -> None:
    found = said(30, 32, 31, task=task)
    assert (found.about, found.verdict, found.seeds) == ("this recipe", "better", [7, 8, 9])
    assert found.comparison is not None
    assert found.comparison.tuned == pytest.approx(np.mean(found.scores))
    assert found.comparison.ci95[0] > 0
    assert found.comparison.p_value < 0.05


def test_one_lucky_seed_is_no_proof_of_the_recipe() -> None:
    found = said(36, 5, 4)
    assert found.verdict == "no_proof"
    assert "not proven" in found.text
