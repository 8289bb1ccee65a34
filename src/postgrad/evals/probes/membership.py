"""Membership: can it be told which rows the model was trained on?

    score of a row = bits per byte by the base - bits per byte by the tuned model
    AUC = P(score of a trained row > score of a held-out row), ties counting half

A model that has learned the task gains on both kinds of rows alike (AUC 0.5). One that has learned
rows by heart gains more on those, and whoever has both models can tell that a row was among them.
Two forwards a row, no training of shadow models. Comparing with the base takes out how hard a row
is by itself: "calibration" in Watson et al. 2022, arXiv:2111.08440. The AUC's interval: bootstrap
over the rows of either kind.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

from postgrad.core.interfaces import Answerer, Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Record
from postgrad.core.report import Figure, Outcome, ProbeReport, Table
from postgrad.data.canaries import is_canary
from postgrad.evals.judging import paired
from postgrad.evals.metrics import BITS_PER_BYTE
from postgrad.evals.statistics import Floats
from postgrad.evals.wording import percent

MOST_ROWS = 80
"""Of either kind: the interval of an AUC of 0.5 is then about +-0.09 (Hanley and McNeil 1982)."""

FEWEST_ROWS = 20
"""Of either kind: below, the interval is wider than what a leak of note would show (+-0.18)."""

TRAINED, HELD_OUT = "trained", "held out"

LOW_FALSE_ALARMS = 0.01
"""Share of held-out rows that may be taken for trained ones: what an attacker wants, since "mostly
right" accuses the innocent (Carlini et al. 2022, arXiv:2112.03570, section III)."""

NOTES = (
    "The split between trained and held-out rows is random, so that the two kinds differ in "
    "nothing else.",
    "A low value does not prove that nothing can be drawn out of the model: stronger attacks "
    "exist, and a single row may be known by heart.",
)


class Membership:
    """Trained rows against held-out ones."""

    name = "membership"
    title = "Which rows it was trained on"
    section = "memory"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """Bits per byte of a sample of either kind of rows. None if there are too few, nor quickly:
        the few that there would be time for show nothing. The exam has read the held-out ones
        already."""
        trained = [row for row in sitting.trained if not is_canary(row[0])]
        count = min(MOST_ROWS, len(trained), len(sitting.tested))
        if sitting.is_quick or count < FEWEST_ROWS:
            return []
        draw = random.Random(sitting.seed)
        bits = {
            answer.id: answer.scores[BITS_PER_BYTE.name]
            for answer in sitting.answers
            if BITS_PER_BYTE.name in answer.scores
        }
        readings: list[Reading] = []
        for group, rows, known in ((TRAINED, trained, {}), (HELD_OUT, sitting.tested, bits)):
            chosen = draw.sample(list(rows), count)
            values = _bits(sitting.answerer, chosen, known)
            readings += [
                Reading(f"{group}: {name}", group, {BITS_PER_BYTE.name: value})
                for (name, _), value in zip(chosen, values, strict=True)
            ]
            sitting.on_done(len(readings), 2 * count)
        return readings

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """The AUC with its interval; a finding, not a gate."""
        gains: dict[str, list[float]] = {TRAINED: [], HELD_OUT: []}
        for before, after in paired(base, tuned):
            name = BITS_PER_BYTE.name
            gains[before.group].append(before.values[name] - after.values[name])
        trained, held_out = np.array(gains[TRAINED]), np.array(gains[HELD_OUT])
        value = area_under_curve(trained, held_out)
        low, high = interval(trained, held_out, criteria.resamples, criteria.seed)
        outcome: Outcome = "changed" if low > 0.5 else "not_shown"
        verdict = (
            "so rows leave a trace by which they can be told"
            if outcome == "changed"
            else "so no trace of single rows was shown"
        )
        caught = true_positive_rate(trained, held_out)
        report = ProbeReport(
            name=self.name,
            section="memory",
            title=self.title,
            outcome=outcome,
            text=f"Of a trained and a held-out row, the trained one gained more in "
            f"{percent(value)} of the pairs (95 % interval {percent(low)} to {percent(high)}; "
            f"50 % is chance), {verdict}.",
            figures=[
                Figure(
                    name="auc",
                    title="Pairs in which the trained row gained more (AUC)",
                    value=value,
                    ci95=(low, high),
                    n=len(trained) + len(held_out),
                )
            ],
            tables=[
                Table(
                    title="Bits per byte gained over the base",
                    columns=["Rows", "n", "Mean gain", "Told at 1 % false alarms"],
                    rows=[
                        ["trained", str(len(trained)), f"{trained.mean():.3f}", percent(caught)],
                        ["held out", str(len(held_out)), f"{held_out.mean():.3f}", ""],
                    ],
                )
            ],
            notes=list(NOTES),
        )
        return Judgement(report, {})


def _bits(
    answerer: Answerer, rows: Sequence[tuple[str, Record]], known: Mapping[str, float]
) -> list[float]:
    """Bits per byte of each row; those that are not known are asked for."""
    unknown = [(name, record) for name, record in rows if name not in known]
    read = answerer.bits_per_byte([record for _, record in unknown]) if unknown else []
    found = {**known, **dict(zip((name for name, _ in unknown), read, strict=True))}
    return [found[name] for name, _ in rows]


def area_under_curve(positive: Floats, negative: Floats) -> float:
    """P(a positive's score > a negative's), ties counting half: Mann and Whitney's U / (n m)."""
    ranks = stats.rankdata(np.concatenate([positive, negative]))
    count = len(positive)
    above = float(ranks[:count].sum()) - count * (count + 1) / 2
    return above / (count * len(negative))


def interval(positive: Floats, negative: Floats, resamples: int, seed: int) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the area, both kinds drawn anew."""
    draw = np.random.default_rng(seed)
    areas = [
        area_under_curve(draw.choice(positive, len(positive)), draw.choice(negative, len(negative)))
        for _ in range(min(resamples, 2000))  # the ends of a 95 % interval need no more
    ]
    low, high = np.quantile(areas, (0.025, 0.975))
    return float(low), float(high)


def true_positive_rate(positive: Floats, negative: Floats) -> float:
    """Share of positives above the score that at most 1 % of the negatives exceed."""
    threshold = np.quantile(negative, 1 - LOW_FALSE_ALARMS, method="higher")
    return float(np.mean(positive > threshold))
