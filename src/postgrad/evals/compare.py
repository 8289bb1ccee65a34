"""Base against tuned on the same rows: stored answers in, comparisons out.

Nothing is asked of a model here, so a run can be marked and compared again from its folder alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from postgrad.core.report import Comparison
from postgrad.core.task import Answer, Task
from postgrad.errors import RunError
from postgrad.evals import marking, metrics, statistics
from postgrad.evals.macro_f1 import macro_f1_of
from postgrad.evals.metrics import Metric
from postgrad.evals.statistics import Floats

MCNEMAR = "exact McNemar test"
BOOTSTRAP = "paired bootstrap"

RULE_OF_THREE = 3.0
"""An event not seen in n rows still happens in up to 3/n of them, with 95 % confidence (Hanley and
Lippman-Hand 1983). So a test on which both models gave the same answers is not infinitely sharp."""

ROUNDING = 1e-12
"""Differences of scores in 0..1 that are equal but for the last bits of a float."""

Pair = tuple[Answer, Answer]


@dataclass(frozen=True, slots=True)
class _Draws:
    resamples: int
    seed: int
    clusters: Mapping[str, Hashable] = field(default_factory=dict[str, Hashable])

    def clusters_of(self, pairs: Sequence[Pair]) -> list[Hashable] | None:
        """The cluster of each pair; None where each is one by itself."""
        names = [self.clusters.get(answer.id, answer.id) for answer, _ in pairs]
        return names if len(set(names)) < len(names) else None


def score_answers(answers: Sequence[Answer], task: Task) -> list[Answer]:
    """The answers with every score of the task that their text gives.

    Other scores, such as the model's bits_per_byte, are kept; old ones of the same name are not.

    Raises:
        JobError: the task names an unknown metric.
    """
    names = [name for name in (task.primary, *task.secondary) if name not in metrics.BESIDE_SCORERS]
    scorers = [metrics.scorer(name) for name in names]
    marked: list[Answer] = []
    for answer in answers:
        scores = {name: value for name, value in answer.scores.items() if name not in names}
        for name, scorer in zip(names, scorers, strict=True):
            value = scorer.score(answer.answer, answer.reference)
            if value is not None:
                scores[name] = value
        marked.append(dataclasses.replace(answer, scores=scores))
    return marked


def compare(
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    task: Task,
    *,
    resamples: int,
    seed: int,
    clusters: Mapping[str, Hashable] | None = None,
) -> tuple[Comparison, list[Comparison]]:
    """The primary comparison, and the secondary ones with Holm-adjusted p-values.

    The order of the answers does not matter: pairs are made by id and sorted by it.

    Args:
        base, tuned: marked answers (`score_answers`) to the same rows.
        resamples: bootstrap resamples behind each interval.
        seed: of the bootstrap.
        clusters: names by row id; rows of one name belong together (`row_clusters.py`) and are
            drawn together. Rows that have none are drawn each for itself.

    Raises:
        RunError: the two don't answer the same rows, a score is missing on one side or is not a
            number, or no row can be marked by the primary metric.
        JobError: the task names an unknown metric.
    """
    primary, secondary = compare_raw(
        base, tuned, task, resamples=resamples, seed=seed, clusters=clusters
    )
    return primary, adjusted(secondary)


def compare_raw(
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    task: Task,
    *,
    resamples: int,
    seed: int,
    clusters: Mapping[str, Hashable] | None = None,
) -> tuple[Comparison, list[Comparison]]:
    """`compare` without the adjustment: for whoever puts another primary before them."""
    pairs = pair_answers(base, tuned)
    draws = _Draws(resamples, seed, clusters or {})
    primary = _compare_by(metrics.metric(task.primary), pairs, draws)
    if primary is None:
        raise RunError(
            f"No row can be marked by {task.primary}.",
            why="The primary metric needs a score on each side for at least one row.",
            fix="Mark the answers with score_answers, or choose another evaluation.primary.",
            code="nothing_marked",
        )
    names = list(task.secondary)
    if task.kind != "text" and metrics.STOP_RATE.name not in (task.primary, *names):
        names.append(metrics.STOP_RATE.name)
    found = [_compare_by(metrics.metric(name), pairs, draws) for name in names]
    return primary, [comparison for comparison in found if comparison is not None]


def pair_answers(base: Sequence[Answer], tuned: Sequence[Answer]) -> list[Pair]:
    """Answers to the same row side by side, sorted by id.

    Raises:
        RunError: no answers; an id occurs twice or on one side only; or its references differ.
    """
    if not base and not tuned:
        raise _mismatch("There are no answers to compare.")
    before, after = _by_id(base, "base"), _by_id(tuned, "tuned")
    alone = sorted(before.keys() ^ after.keys())
    if alone:
        side = "base" if alone[0] in before else "tuned"
        raise _mismatch(f"Row {alone[0]!r} was answered by the {side} model only.")
    for name, answer in before.items():
        if answer.reference != after[name].reference:
            raise _mismatch(f"Row {name!r} has another reference for the tuned model.")
    return [(before[name], after[name]) for name in sorted(before)]


def _by_id(answers: Sequence[Answer], side: str) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for answer in answers:
        if answer.id in found:
            raise _mismatch(f"Row {answer.id!r} was answered twice by the {side} model.")
        found[answer.id] = answer
    return found


def _mismatch(what: str) -> RunError:
    return RunError(
        what,
        why="Base and tuned can only be compared on the same rows, each answered once.",
        fix="Ask both models again: postgrad eval RUN",
        code="answers_do_not_match",
    )


def _compare_by(metric: Metric, pairs: Sequence[Pair], draws: _Draws) -> Comparison | None:
    if metric is metrics.MACRO_F1:
        return _compare_macro_f1(pairs, draws) if pairs else None
    scores = [(pair, _scores(metric, pair)) for pair in pairs]
    marked = [(pair, values) for pair, values in scores if values is not None]
    if not marked:
        return None
    base, tuned = np.array([values for _, values in marked], dtype=np.float64).T
    return compare_values(
        metric,
        base,
        tuned,
        resamples=draws.resamples,
        seed=draws.seed,
        clusters=draws.clusters_of([pair for pair, _ in marked]),
    )


def compare_values(
    metric: Metric,
    base: Floats,
    tuned: Floats,
    *,
    resamples: int,
    seed: int,
    clusters: Sequence[Hashable] | None = None,
) -> Comparison:
    """Base against tuned by what was measured on the same items, at least one.

    Args:
        metric: decides the test: exact McNemar for right or wrong, paired bootstrap for the rest.
        base, tuned: a value for each item, in the same order.
        resamples, seed: of the bootstrap.
        clusters: a name for each item; items of one name are drawn together, and then the
            bootstrap tests right or wrong too. None: each item for itself.
    """
    draws = _Draws(resamples, seed)
    if metric.right_or_wrong and clusters is None:
        return _compare_right_or_wrong(metric, base, tuned, draws)
    found = _compare_graded(metric, base, tuned, draws, clusters)
    if not metric.right_or_wrong:
        return found
    fixed, broken = _changed(metric, base, tuned)
    return found.model_copy(update={"fixed": fixed, "broken": broken})


def _changed(metric: Metric, base: Floats, tuned: Floats) -> tuple[int, int]:
    """Items (fixed, broken)."""
    fixed, broken = statistics.discordant(base, tuned)
    # where lower is better a score of 1 is the wrong one
    return (fixed, broken) if metric.higher_is_better else (broken, fixed)


def _scores(metric: Metric, pair: Pair) -> tuple[float, float] | None:
    if metric is metrics.STOP_RATE:
        return float(pair[0].finish == "stop"), float(pair[1].finish == "stop")
    values = [answer.scores.get(metric.name) for answer in pair]
    if values == [None, None]:
        return None
    base, tuned = (math.nan if value is None else value for value in values)
    if not (math.isfinite(base) and math.isfinite(tuned)):
        raise RunError(
            f"{metric.name} of row {pair[0].id!r} is {values[0]} for the base model and "
            f"{values[1]} for the tuned one.",
            why="A row counts only with a finite score on each side; dropping it would hide a "
            "broken model.",
            fix="Ask both models again: postgrad eval RUN",
            code="score_missing",
        )
    return base, tuned


def _compare_right_or_wrong(
    metric: Metric, base: Floats, tuned: Floats, draws: _Draws
) -> Comparison:
    n = len(base)
    fixed, broken = _changed(metric, base, tuned)
    discordance = max(fixed + broken, RULE_OF_THREE) / n
    return Comparison(
        metric=metric.name,
        title=metric.title,
        n=n,
        base=float(base.mean()),
        tuned=float(tuned.mean()),
        delta=float((tuned - base).mean()),
        ci95=statistics.right_or_wrong_interval(base, tuned, draws.resamples, draws.seed),
        p_value=statistics.mcnemar_exact(base, tuned),
        test=MCNEMAR,
        higher_is_better=metric.higher_is_better,
        minimum_detectable_effect=statistics.minimum_detectable_effect(n, min(1.0, discordance)),
        fixed=fixed,
        broken=broken,
    )


def _compare_graded(
    metric: Metric,
    base: Floats,
    tuned: Floats,
    draws: _Draws,
    clusters: Sequence[Hashable] | None = None,
) -> Comparison:
    n = len(base)
    deltas = tuned - base
    drawn = statistics.paired_bootstrap(base, tuned, draws.resamples, draws.seed, clusters=clusters)
    low, high = drawn.interval
    if metric.right_or_wrong and clusters is not None:
        low, high = _with_unseen(drawn.interval, deltas, clusters)
    in_shares = metric is not metrics.BITS_PER_BYTE and _all_within_one(base, tuned)
    effect = None
    if in_shares and np.ptp(deltas) < ROUNDING:
        # All rows say the same: what right-or-wrong scores could hide is the most that any can.
        independent = n if clusters is None else len(set(clusters))
        low, high = _unseen(independent, float(deltas[0]))
        seen = min(1.0, RULE_OF_THREE / independent)
        effect = statistics.minimum_detectable_effect(independent, seen)
    elif deltas.any() and clusters is not None:
        # one cluster has no spread: what it could show is unknown, not nothing
        effect = statistics.effect_from_error(drawn.standard_error) or None
    elif n > 1 and deltas.any():
        effect = statistics.minimum_detectable_effect_continuous(n, float(deltas.std(ddof=1)))
    if in_shares:
        low, high = max(-1.0, low), min(1.0, high)
        effect = None if effect is None else min(1.0, effect)
    return Comparison(
        metric=metric.name,
        title=metric.title,
        n=n,
        base=float(base.mean()),
        tuned=float(tuned.mean()),
        delta=float(deltas.mean()),
        ci95=(low, high),
        p_value=drawn.p_value,
        test=BOOTSTRAP,
        higher_is_better=metric.higher_is_better,
        minimum_detectable_effect=effect,
        clusters=None if clusters is None else len(set(clusters)),
    )


def _compare_macro_f1(pairs: Sequence[Pair], draws: _Draws) -> Comparison:
    n = len(pairs)
    references = [answer.reference for answer, _ in pairs]
    base_f1 = macro_f1_of([answer.answer for answer, _ in pairs], references)
    tuned_f1 = macro_f1_of([answer.answer for _, answer in pairs], references)
    clusters = draws.clusters_of(pairs)
    names = clusters or range(n)
    differing = {
        name
        for name, (before, after) in zip(names, pairs, strict=True)
        if marking.label_form(before.answer) != marking.label_form(after.answer)
    }
    drawn = statistics.paired_bootstrap_of(
        lambda weights_RN: tuned_f1(weights_RN) - base_f1(weights_RN),
        n,
        draws.resamples,
        draws.seed,
        num_differing=len(differing),
        clusters=clusters,
    )
    once = np.ones((1, n))
    base, tuned = float(base_f1(once)[0]), float(tuned_f1(once)[0])
    low, high = drawn.interval
    independent = len(set(names))
    if drawn.standard_error < ROUNDING:
        low, high = _unseen(independent, tuned - base)
    error = max(drawn.standard_error, math.sqrt(RULE_OF_THREE) / independent)
    return Comparison(
        metric=metrics.MACRO_F1.name,
        title=metrics.MACRO_F1.title,
        n=n,
        base=base,
        tuned=tuned,
        delta=tuned - base,
        ci95=(max(-1.0, low), min(1.0, high)),
        p_value=drawn.p_value,
        test=BOOTSTRAP,
        higher_is_better=True,
        minimum_detectable_effect=min(1.0, statistics.effect_from_error(error)),
        clusters=None if clusters is None else independent,
    )


def _with_unseen(
    interval: tuple[float, float], deltas: Floats, clusters: Sequence[Hashable]
) -> tuple[float, float]:
    """The interval of right or wrong in clusters, wider where too few of them changed to tell a
    direction: up to the Clopper-Pearson bound of the share of clusters that change, since no
    difference is larger."""
    changed = {name for name, delta in zip(clusters, deltas, strict=True) if delta}
    if not changed or len(changed) >= statistics.FEWEST_TO_TELL:
        return interval
    _, share = statistics.clopper_pearson(len(changed), len(set(clusters)))
    return min(interval[0], -share), max(interval[1], share)


def _unseen(n: int, delta: float) -> tuple[float, float]:
    """Where the true change lies if each of n rows changed by `delta`, and a resample can't tell.

    Other rows may be up to the Clopper-Pearson bound of a share that none of n had. They may change
    either way where nothing changed; else, as in `right_or_wrong_interval`, not at all or as much
    as a score can in the same direction.
    """
    _, share = statistics.clopper_pearson(0, n)
    kept = (1 - share) * delta
    return kept - share * (delta <= 0), kept + share * (delta >= 0)


def _all_within_one(*sides: Floats) -> bool:
    return all(bool(np.all((side >= 0) & (side <= 1))) for side in sides)


def adjusted(comparisons: list[Comparison]) -> list[Comparison]:
    """Secondary comparisons with their p-values Holm-adjusted over all of them."""
    if len(comparisons) < 2:
        return comparisons
    note = f", Holm-adjusted over {len(comparisons)} secondary metrics"
    p_values = statistics.holm([comparison.p_value for comparison in comparisons])
    return [
        comparison.model_copy(update={"p_value": p_value, "test": comparison.test + note})
        for comparison, p_value in zip(comparisons, p_values, strict=True)
    ]
