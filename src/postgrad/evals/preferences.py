"""Preferences: what a person's marks and a judge's choices say, as comparisons and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from postgrad.core.pair import JUDGE, PERSON, Pair, Preferred
from postgrad.core.report import Comparison, Figure, Outcome, ProbeReport
from postgrad.evals import pairwise, statistics
from postgrad.evals.compare import compare_values
from postgrad.evals.judgements import Judged
from postgrad.evals.marks import ENOUGH_MARKS, Marks
from postgrad.evals.metrics import Metric
from postgrad.evals.pairwise import VALUES
from postgrad.evals.verdict import decide
from postgrad.evals.wording import change

BY_PERSON = Metric(PERSON, "Preferred by a person, blind", True, True)
BY_JUDGE = Metric(JUDGE, "Preferred by a judge", True, True)

SIGN_TEST = "exact sign test"
"""McNemar's exact test on preferences: only pairs with a preference tell anything, and if neither
model were preferred, each would go either way with a chance of one half."""

OF_NOTE = 0.10
"""What a comparison must have been able to see before "not shown" is said: ten points, the width
of "clearly preferred" in win rates; below it, cannot tell."""

MANY_UNDECIDED = 0.1
"""A judge that does not choose on more than one pair in ten is not only unlucky."""

KAPPA_SOURCE = (
    "Agreement beyond chance is Cohen's kappa: 0 is chance, 1 is all; above 0.6 is often called "
    "substantial (Landis and Koch 1977), which is a habit and no test."
)

BIASES = (
    "Position: judges lean to one of two places, more so where answers are close (Zheng et al. "
    "2023, arXiv 2306.05685; Shi et al. 2024, arXiv 2406.07791). Both orders were asked; only what "
    "both say counts as a win.",
    "Length: judges like longer answers. The length-controlled rate is what would be left at equal "
    "length (Dubois et al. 2024, arXiv 2404.04475); length can also be a merit.",
    "Its own kind: judges prefer what they, or models like them, wrote (Panickssery et al. 2024, "
    "arXiv 2404.13076). Do not take a judge of the same family as the base model or as the model "
    "that wrote your examples.",
    "An answer may talk to its judge, and be believed (Zheng et al. 2024, arXiv 2410.07137).",
)
"""What is known to be wrong with judges; stands beside the number."""


@dataclass(frozen=True)
class Basis:
    """How intervals are taken.

    Attributes:
        resamples, seed: of each bootstrap.
        significance: accepted chance of a wrong "changed".
        clusters: names by row id; rows of one name belong together (`row_clusters.py`) and are
            drawn together.
    """

    resamples: int
    seed: int
    significance: float
    clusters: Mapping[str, str] = field(default_factory=dict[str, str])

    def groups(self, keys: Sequence[str], pairs: Sequence[Pair]) -> list[str] | None:
        """The cluster of each pair, given by key; None where each is one by itself."""
        ids = {pair.key: pair.id for pair in pairs}
        names = [self.clusters.get(ids[key], ids[key]) for key in keys]
        return names if len(set(names)) < len(names) else None


@dataclass(frozen=True)
class _Chosen:
    """Whose answer is preferred, pair by pair, and how intervals are taken of that."""

    preferences: Mapping[str, Preferred]
    pairs: Sequence[Pair]
    basis: Basis

    @property
    def groups(self) -> list[str] | None:
        return self.basis.groups(list(self.preferences), self.pairs)

    @property
    def draws(self) -> dict[str, int]:
        return {"resamples": self.basis.resamples, "seed": self.basis.seed}

    def compared(self, metric: Metric) -> Comparison:
        """How often each model's answer was preferred; ties count for neither."""
        said = list(self.preferences.values())
        base, tuned = (
            np.array([float(each == side) for each in said]) for side in ("base", "tuned")
        )
        found = compare_values(metric, base, tuned, **self.draws, clusters=self.groups)
        return found if self.groups else found.model_copy(update={"test": SIGN_TEST})

    def ties_halved(self) -> Figure:
        """The win rate."""
        values = np.array([VALUES[each] for each in self.preferences.values()])
        interval = statistics.mean_interval(values, **self.draws)
        if self.groups:
            nought = np.zeros_like(values)
            drawn = statistics.paired_bootstrap(nought, values, **self.draws, clusters=self.groups)
            interval = (max(0.0, drawn.interval[0]), min(1.0, drawn.interval[1]))
        return Figure(
            name="win_share",
            title="Win rate of the tuned model, a tie being half a win",
            value=float(values.mean()),
            ci95=interval,
            n=len(values),
        )

    def at_equal_length(self) -> Figure:
        """The win rate that would be left at equal length."""
        values = [VALUES[each] for each in self.preferences.values()]
        by_key = {pair.key: pair for pair in self.pairs}
        shown = [by_key[key] for key in self.preferences]
        lengths = [float(len(pair.tuned) - len(pair.base)) for pair in shown]
        rate = pairwise.length_controlled(values, lengths, **self.draws, clusters=self.groups)
        return Figure(
            name="length_controlled_win_share",
            title="Win rate at equal length (length-controlled)",
            value=rate.value,
            ci95=rate.interval,
            n=len(values),
        )


def by_person(marks: Marks, basis: Basis) -> ProbeReport | None:
    """What a person's marks say; None: there are none that count."""
    chosen = _Chosen(marks.preferences, marks.pairs, basis)
    if not chosen.preferences:
        return None
    it = chosen.compared(BY_PERSON)
    notes = [
        "The person saw both answers in random order, and not whose they were.",
        *_marks_notes(marks),
    ]
    return ProbeReport(
        name=PERSON,
        section="preference",
        title="A person's marks",
        outcome=_outcome(it, basis.significance),
        text=_sentence("A person", it),
        comparisons=[it],
        figures=[chosen.ties_halved()],
        notes=notes,
    )


def by_judge(judged: Judged, marks: Marks | None, basis: Basis) -> ProbeReport:
    """What a judge's choices say, beside what is known of judges.

    Args:
        judged: with one pair at least.
        marks: of a person, whose agreement with the judge is told; None: there are none.
        basis: of the intervals.
    """
    chosen = _Chosen(judged.preferences, judged.pairs, basis)
    it = chosen.compared(BY_JUDGE)
    it = it.model_copy(update={"title": f"Preferred by {judged.judge.model}"})
    figures = [chosen.ties_halved(), chosen.at_equal_length(), *_places(judged, basis)]
    agreement, agreed = _agreement(chosen, marks.preferences if marks else {})
    asked = len(judged.places) + judged.num_undecided
    undecided = [
        f"{judged.num_undecided} of {asked} pairs are not counted: a reply did not choose."
        + (" So many may hide a lean." if judged.num_undecided > MANY_UNDECIDED * asked else "")
    ]
    return ProbeReport(
        name=judged.judge.name,
        section="preference",
        title=f"{judged.judge.model} as a judge",
        outcome=_outcome(it, basis.significance),
        text=_sentence(judged.judge.model, it) + " A judge informs; it does not decide.",
        comparisons=[it],
        figures=figures + agreement,
        notes=[
            f"What counted: {judged.judge.criteria}",
            *(undecided if judged.num_undecided else ()),
            agreed,
            *BIASES,
        ],
    )


def _sentence(who: str, it: Comparison) -> str:
    ties = it.n - (it.fixed or 0) - (it.broken or 0)
    return (
        f"{who} preferred the tuned model's answer in {it.fixed} of {it.n} pairs and the base "
        f"model's in {it.broken}; {ties} went to neither ({change(it)}; p = {it.p_value:.2g}, "
        f"{it.test})."
    )


def _outcome(it: Comparison, significance: float) -> Outcome:
    if decide(it, significance) != "no_proof":
        return "changed"
    effect = it.minimum_detectable_effect
    return "cannot_tell" if effect is None or effect > OF_NOTE else "not_shown"


def _places(judged: Judged, basis: Basis) -> list[Figure]:
    """Flips, and the lean to the first place."""
    places = [place for both in judged.places.values() for place in both if place != "tie"]
    n, firsts = len(judged.places), places.count("first")
    found = [
        Figure(
            name="flip_rate",
            title="Another choice once the answers changed places",
            value=judged.num_flipped / n,
            ci95=statistics.clopper_pearson(judged.num_flipped, n),
            n=n,
        ),
    ]
    if places:
        # both replies of a pair are drawn together: one judge's lean shows in both
        both = list(judged.places.values())
        lean = np.array([pair.count("first") for pair in both], dtype=np.float64)
        decided = np.array([2 - pair.count("tie") for pair in both], dtype=np.float64)
        drawn = statistics.paired_bootstrap_of(
            lambda weights_RN: (weights_RN @ lean) / np.maximum(weights_RN @ decided, 1) - 0.5,
            n,
            basis.resamples,
            basis.seed,
            clusters=basis.groups(list(judged.places), judged.pairs),
        )
        low, high = (0.5 + edge for edge in drawn.interval)
        found.append(
            Figure(
                name="first_share",
                title="Choices that went to the answer shown first (50 % is no lean)",
                value=firsts / len(places),
                ci95=(max(0.0, low), min(1.0, high)),
                n=len(places),
            )
        )
    return found


def _agreement(chosen: _Chosen, said: Mapping[str, Preferred]) -> tuple[list[Figure], str]:
    """Cohen's kappa with a person on the pairs that both saw, and a sentence about it."""
    both = [pair.key for pair in chosen.pairs if pair.key in said and not pair.is_same]
    if not both:
        return [], (
            "Nobody has checked this judge. Mark some pairs yourself, and its agreement with you "
            "will stand here: postgrad review RUN"
        )
    one, other = [chosen.preferences[key] for key in both], [said[key] for key in both]
    groups = chosen.basis.groups(both, chosen.pairs)
    kappa = pairwise.cohen_kappa(one, other, **chosen.draws, clusters=groups)
    same = sum(a == b for a, b in zip(one, other, strict=True))
    told = f"Judge and person agree on {same} of {len(both)} pairs. {KAPPA_SOURCE}"
    if len(both) < ENOUGH_MARKS:
        told += f" {ENOUGH_MARKS} pairs or more are needed to rely on it."
    if kappa is None:
        return [], f"{told} Both always said the same, so kappa is not defined."
    figure = Figure(
        name="kappa",
        title="Agreement with the person beyond chance (Cohen's kappa)",
        value=kappa.value,
        ci95=kappa.interval,
        n=len(both),
        unit="kappa",
    )
    return [figure], told


def _marks_notes(marks: Marks) -> list[str]:
    notes: list[str] = []
    num_same = sum(pair.is_same for pair in marks.pairs if pair.key in marks.preferences)
    if num_same:
        notes.append(f"{num_same} pairs with the same answer twice were not shown: ties.")
    if marks.num_skipped:
        notes.append(f"{marks.num_skipped} pairs were skipped and are not counted.")
    if marks.num_late:
        notes.append(
            f"{marks.num_late} marks were made after a result had been shown: they may follow it."
        )
    if marks.num_old:
        notes.append(
            f"{marks.num_old} marks are of answers that have changed since, and are not counted."
        )
    if marks.needed:
        notes.append(
            f"Too few to decide the verdict: {marks.needed} more marks are needed "
            f"({ENOUGH_MARKS}, or all pairs of a smaller test)."
        )
    return notes
