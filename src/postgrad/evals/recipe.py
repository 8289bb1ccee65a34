"""This checkpoint, or this recipe: what may be said of the same job trained with several seeds.

Questions drawn anew tell nothing of trainings drawn anew: an interval over the questions alone is
about the weights that were asked. From three seeds on, seeds and questions are drawn both, and the
figure is about the recipe. The verdict of the run stays that of its own weights, which are shipped.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import compress

import numpy as np

from postgrad.core.report import Comparison, Recipe
from postgrad.core.task import Answer, Task
from postgrad.evals import metrics, statistics, verdict
from postgrad.evals.compare import pair_answers
from postgrad.evals.macro_f1 import macro_f1_of
from postgrad.evals.statistics import Floats, WeightedStatistic

TEST = "bootstrap over seeds and items"


WORDS = {
    "better": "the recipe is better than the base, whatever the seed and the questions drawn",
    "worse": "the recipe is worse than the base, whatever the seed and the questions drawn",
    "no_proof": "that the recipe differs from the base is not proven",
}
"""Of the recipe, for each verdict."""


def recipe(
    base: Sequence[Answer],
    tuned: Mapping[int, Sequence[Answer]],
    primary: Comparison,
    task: Task,
    *,
    resamples: int,
    seed: int,
    significance: float,
    clusters: Mapping[str, Hashable] | None = None,
) -> Recipe:
    """What several trainings of one job say.

    Args:
        base: marked answers of the base.
        tuned: marked answers by seed, the run's own first; at least two.
        primary: the comparison of the run's own answers.
        task: names the metric.
        clusters: as in `compare`.

    Raises:
        RunError: not all answer the same rows.
    """
    measured = _Measured(base, list(tuned.values()), task)
    scores = [float(score) for score in measured.scores]
    told = f"{len(scores)} trainings with different seeds scored {_listed(scores, task)}"
    if len(scores) < statistics.FEWEST_SEEDS:
        text = f"{told}: too few to speak of the recipe, for which it takes three."
        return Recipe(about="this checkpoint", seeds=list(tuned), scores=scores, text=text)
    names = [(clusters or {}).get(name, name) for name in measured.ids]
    grouped = len(set(names)) < len(names)
    drawn = statistics.hierarchical_bootstrap(
        measured.differences,
        len(names),
        resamples,
        seed,
        num_differing=len(set(compress(names, measured.differs))),
        clusters=names if grouped else None,
    )
    delta = float(np.mean(scores)) - measured.base
    found = primary.model_copy(
        update={
            "tuned": float(np.mean(scores)),
            "base": measured.base,
            "n": len(names),
            "delta": delta,
            "ci95": drawn.interval,
            "p_value": drawn.p_value,
            "test": f"{TEST}, {len(scores)} seeds",
            "minimum_detectable_effect": statistics.effect_from_error(drawn.standard_error) or None,
            "fixed": None,
            "broken": None,
            "clusters": len(set(names)) if grouped else None,
        }
    )
    decided = verdict.decide(found, significance)
    return Recipe(
        about="this recipe",
        seeds=list(tuned),
        scores=scores,
        comparison=found,
        verdict=decided,
        text=f"{told}; {WORDS[decided]}.",
    )


class _Measured:
    """The primary metric of every training on the same rows."""

    def __init__(
        self, base: Sequence[Answer], tuned: Sequence[Sequence[Answer]], task: Task
    ) -> None:
        sides = [pair_answers(base, answers) for answers in tuned]
        metric = metrics.metric(task.primary)
        if metric is metrics.MACRO_F1:
            before = [one for one, _ in sides[0]]
            after = [[other for _, other in side] for side in sides]
        else:
            marked = [
                number
                for number, (one, _) in enumerate(sides[0])
                if all(metric.name in side[number][1].scores for side in sides)
                and metric.name in one.scores
            ]
            before = [sides[0][number][0] for number in marked]
            after = [[side[number][1] for number in marked] for side in sides]
        self.ids = [answer.id for answer in before]
        self.differs = [
            any(_said(one, side[number], metric.name) for side in after)
            for number, one in enumerate(before)
        ]
        of_set = _macro_f1 if metric is metrics.MACRO_F1 else _mean
        self._base = of_set(before, metric.name)
        self._tuned = [of_set(side, metric.name) for side in after]
        once = np.ones((1, len(before)))
        self.base = float(self._base(once)[0])
        self.scores = [float(each(once)[0]) for each in self._tuned]

    def differences(self, weights_RN: Floats) -> Floats:
        """tuned - base of each training, shape (R, S)."""
        base_R = self._base(weights_RN)
        return np.stack([each(weights_RN) - base_R for each in self._tuned], axis=1)


def _said(one: Answer, other: Answer, metric: str) -> bool:
    """Whether two answers to a row differ in what counts."""
    if metric == metrics.MACRO_F1.name:
        return one.answer != other.answer
    return one.scores[metric] != other.scores[metric]


def _mean(answers: Sequence[Answer], metric: str) -> WeightedStatistic:
    scores_N = np.array([answer.scores[metric] for answer in answers])
    return lambda weights_RN: weights_RN @ scores_N / weights_RN.sum(1)


def _macro_f1(answers: Sequence[Answer], metric: str) -> WeightedStatistic:
    references = [answer.reference for answer in answers]
    return macro_f1_of([answer.answer for answer in answers], references)


def _listed(scores: Sequence[float], task: Task) -> str:
    is_share = task.primary != metrics.BITS_PER_BYTE.name and max(scores) <= 1
    texts = [f"{100 * score:.1f} %" if is_share else f"{score:.3f}" for score in scores]
    return ", ".join(texts[:-1]) + f" and {texts[-1]}"
