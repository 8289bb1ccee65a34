"""Ladder: would something simpler than fine-tuning have done?

The tuned model against each of the rungs below it (`evals/ladder.py`), on the same test rows, by
the task's own scorer, paired. Ways that cost no answer are tried on every row. Of those that the
base is asked for, all are tried on a few rows and the best goes on to more. Being chosen on some of
these very rows flatters it, which is stricter for the tuned model; one that lost on the few rows by
chance is not asked again, which is laxer. Fine-tuning must beat each that remains, so that no
correction for trying many is needed
(an intersection-union test: Berger 1982, Technometrics 24(4), 295-300).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Chat
from postgrad.core.report import Comparison, Outcome, ProbeReport, Table
from postgrad.evals import ladder, statistics
from postgrad.evals.compare import compare_values
from postgrad.evals.judging import paired
from postgrad.evals.ladder import Scores
from postgrad.evals.metrics import Metric, metric
from postgrad.evals.wording import percent, signed

TRIED_ROWS = 8
"""Test rows that every way is tried on that the base model must answer for. These prompts are long,
and no way that is good does badly on all of 8."""
MOST_ROWS = 32
"""Test rows that the best of those then answers: the interval of a share of 50 % is +-18 points
(Clopper and Pearson). `postgrad plan` asks every way 40."""
MOST_FREE_ROWS = 1000
"""Test rows of the ways that cost no answer: the interval of a share of 50 % is +-3 points."""

NOTE = "Examples and answers that are shown come from the training rows alone."
QUICK_NOTE = (
    "Asked quickly: examples in the prompt and retrieval were not tried. Try them with: "
    "--set evaluation.effort=full, or before training with: postgrad plan"
)

TUNED = "tuned"


class Ladder:
    """The tuned model against simpler ways."""

    name = "ladder"
    title = "Fine-tuning against simpler ways"
    section = "ladder"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """By test row, the scores of every rung that was tried on it; of the tuned model, its
        own."""
        trained = [record for _, record in sitting.trained]
        tested = list(sitting.tested)[:MOST_FREE_ROWS]
        scorer = ladder.scorer_of(sitting.task)
        chats = [record for _, record in tested if isinstance(record, Chat)]
        if scorer is None or not ladder.fits(sitting.task, trained, chats) or not chats:
            return []
        answers = sitting.answers[: len(chats)]
        if sitting.who == TUNED:
            scores = {TUNED: [scorer.score(each.answer, each.reference) or 0.0 for each in answers]}
        else:
            climb = ladder.Climb(
                scorer,
                sitting.answerer,
                trained,
                chats,
                answers,
                max_new_tokens=sitting.max_new_tokens,
                seed=sitting.seed,
            )
            scores = climb.scores(ladder.QUICK_RUNGS)
            if not sitting.is_quick:
                scores |= _asked(climb, len(chats), sitting.on_done)
        return [
            Reading(
                name,
                "",
                {rung: values[place] for rung, values in scores.items() if place < len(values)},
                detail={"metric": scorer.name},
            )
            for place, (name, _) in enumerate(tested)
        ]

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """The rungs with their intervals, and the tuned model against each of them."""
        rungs = _rungs(paired(base, tuned))
        scored = metric(base[0].detail["metric"])
        beside = {name: _beside(scored, name, it, criteria) for name, it in rungs.items()}
        remaining = _remaining(rungs)
        unbeaten = [name for name in remaining if not _is_beaten(beside[name], criteria)]
        closest = min(unbeaten or remaining, key=lambda name: beside[name].delta)
        comparison, is_beaten = beside[closest], not unbeaten
        outcome: Outcome = "changed" if is_beaten else "not_shown"
        report = ProbeReport(
            name=self.name,
            section="ladder",
            title=self.title,
            outcome=outcome,
            text=_sentence(closest, comparison, criteria, is_beaten),
            comparisons=[comparison],
            tables=[_table(rungs, beside, criteria)],
            notes=[QUICK_NOTE if criteria.is_quick else NOTE],
        )
        return Judgement(report, {})


@dataclass(frozen=True, slots=True)
class Rung:
    """Scores on the test rows that a rung was tried on."""

    simpler: statistics.Floats
    tuned: statistics.Floats


def _asked(climb: ladder.Climb, num_rows: int, on_done: Callable[[int, int], None]) -> Scores:
    """Every way on a few rows, the best of them on more."""
    tried, most = min(TRIED_ROWS, num_rows), min(MOST_ROWS, num_rows)
    first = len(ladder.ASKED_RUNGS) * tried
    total = first + most - tried
    scores = climb.scores(ladder.ASKED_RUNGS, lambda done: on_done(done, total), slice(tried))
    best = max(scores, key=lambda name: sum(scores[name]))
    more = climb.scores((best,), lambda done: on_done(first + done, total), slice(tried, most))
    return scores | {best: scores[best] + more[best]}


def _rungs(pairs: Sequence[tuple[Reading, Reading]]) -> dict[str, Rung]:
    found: dict[str, Rung] = {}
    for name in ladder.RUNGS:
        tried = [(one.values[name], two.values[TUNED]) for one, two in pairs if name in one.values]
        if tried:
            simpler, tuned = np.array(tried, dtype=np.float64).T
            found[name] = Rung(simpler, tuned)
    return found


def _remaining(rungs: Mapping[str, Rung]) -> list[str]:
    """All but those that one of their kind did better than, on the first rows."""
    most = max((len(rungs[name].tuned) for name in ladder.ASKED_RUNGS if name in rungs), default=0)
    return [
        name
        for name, it in rungs.items()
        if name not in ladder.ASKED_RUNGS or len(it.tuned) == most
    ]


def _beside(scored: Metric, name: str, it: Rung, criteria: Criteria) -> Comparison:
    found = compare_values(
        scored, it.simpler, it.tuned, resamples=criteria.resamples, seed=criteria.seed
    )
    title = f"{scored.title}: {ladder.RUNGS[name].lower()}, and tuned"
    return found.model_copy(update={"title": title})


def _is_beaten(it: Comparison, criteria: Criteria) -> bool:
    return it.ci95[0] > 0 and it.p_value < criteria.significance


def _sentence(closest: str, it: Comparison, criteria: Criteria, is_beaten: bool) -> str:
    low, high = it.ci95
    if is_beaten:
        said = "fine-tuning did what none of these could"
    elif high < 0 and it.p_value < criteria.significance:
        said = "it does better than fine-tuning"
    else:
        said = "that fine-tuning beats it was not shown"
    way = ladder.RUNGS[closest]
    return (
        f"The simpler way that comes closest, {way[0].lower()}{way[1:]}, scored {percent(it.base)} "
        f"on {it.n} test rows, the tuned model {percent(it.tuned)} (95 % interval of the "
        f"difference {signed(100 * low, 0)} to {signed(100 * high, 0)} points): {said}."
    )


def _table(rungs: Mapping[str, Rung], beside: Mapping[str, Comparison], it: Criteria) -> Table:
    return Table(
        title="By the task's own scorer, beside the tuned model on the same rows. Of the ways that "
        "the base is asked for, the best on the first rows was asked more.",
        columns=["Way", "Rows", "Score", "95 % interval", "Tuned"],
        rows=[
            [
                ladder.RUNGS[name],
                str(len(rung.simpler)),
                *_cells(rung.simpler, it),
                f"{100 * beside[name].tuned:.1f} %",
            ]
            for name, rung in rungs.items()
        ],
    )


def _cells(scores: statistics.Floats, it: Criteria) -> list[str]:
    low, high = statistics.mean_interval(scores, it.resamples, it.seed)
    score, first, last = (f"{100 * share:.1f} %" for share in (scores.mean(), low, high))
    return [score, f"{first} to {last}"]
