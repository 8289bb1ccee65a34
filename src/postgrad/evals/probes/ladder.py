"""Ladder: would something simpler than fine-tuning have done?

The tuned model against the best of the rungs below it (`evals/ladder.py`), on the same test rows,
by the task's own scorer, paired. The best rung is chosen on these very rows, which flatters it:
that makes the comparison stricter for the tuned model, never laxer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Chat
from postgrad.core.report import Outcome, ProbeReport, Table
from postgrad.evals import ladder, statistics
from postgrad.evals.compare import compare_values
from postgrad.evals.judging import paired
from postgrad.evals.metrics import metric
from postgrad.evals.wording import percent, signed

MOST_ROWS = 8
"""Test rows that every rung is asked. Each of the base model's prompts with examples costs so many
answers, and these prompts are long; with 8 rows the interval of a share of 50 % is +-34 points
(Clopper and Pearson): enough to tell a way that works from one that does not. `postgrad plan` asks
40."""
MOST_ROWS_QUICK = 200
"""With effort quick no rung costs anything, see `ladder.QUICK_RUNGS`."""

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
        """The scores of every rung by test row; of the tuned model, its own."""
        trained = [record for _, record in sitting.trained]
        most = MOST_ROWS_QUICK if sitting.is_quick else MOST_ROWS
        tested = list(sitting.tested)[:most]
        scorer = ladder.scorer_of(sitting.task)
        chats = [record for _, record in tested if isinstance(record, Chat)]
        if scorer is None or not ladder.fits(sitting.task, trained, chats) or not chats:
            return []
        answers = sitting.answers[: len(chats)]
        if sitting.who == TUNED:
            scores = {TUNED: [scorer.score(each.answer, each.reference) or 0.0 for each in answers]}
        else:
            scores = ladder.climb(
                ladder.QUICK_RUNGS if sitting.is_quick else tuple(ladder.RUNGS),
                scorer,
                sitting.answerer,
                trained,
                chats,
                answers,
                max_new_tokens=sitting.max_new_tokens,
                seed=sitting.seed,
                on_done=sitting.on_done,
            )
        return [
            Reading(
                name,
                "",
                {rung: values[place] for rung, values in scores.items()},
                detail={"metric": scorer.name},
            )
            for place, (name, _) in enumerate(tested)
        ]

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """The rungs with their intervals, and the tuned model against the best of them."""
        pairs = paired(base, tuned)
        rungs = {
            name: np.array([before.values[name] for before, _ in pairs], dtype=np.float64)
            for name in ladder.RUNGS
            if name in base[0].values
        }
        after = np.array([each.values[TUNED] for _, each in pairs], dtype=np.float64)
        best = max(rungs, key=lambda name: rungs[name].mean())
        scored = metric(base[0].detail["metric"])
        comparison = compare_values(
            scored, rungs[best], after, resamples=criteria.resamples, seed=criteria.seed
        ).model_copy(update={"title": f"{scored.title}: {ladder.RUNGS[best].lower()}, and tuned"})
        low, high = comparison.ci95
        proven = comparison.p_value < criteria.significance
        outcome: Outcome = "changed" if low > 0 and proven else "not_shown"
        said = (
            "fine-tuning did what none of these could"
            if outcome == "changed"
            else "that fine-tuning beats it was not shown on so few rows"
        )
        report = ProbeReport(
            name=self.name,
            section="ladder",
            title=self.title,
            outcome=outcome,
            text=f"The best simpler way, {ladder.RUNGS[best][0].lower()}{ladder.RUNGS[best][1:]}, "
            f"scored {percent(rungs[best].mean())} on {len(pairs)} test rows, the tuned model "
            f"{percent(after.mean())} (95 % interval of the difference {signed(100 * low, 0)} to "
            f"{signed(100 * high, 0)} points): {said}.",
            comparisons=[comparison],
            tables=[_table(rungs, after, criteria)],
            notes=[QUICK_NOTE if criteria.is_quick else NOTE],
        )
        return Judgement(report, {})


def _table(rungs: dict[str, statistics.Floats], after: statistics.Floats, it: Criteria) -> Table:
    rows = [[ladder.RUNGS[name], *_cells(scores, it)] for name, scores in rungs.items()]
    return Table(
        title="The same test rows, by the task's own scorer.",
        columns=["Way", "Score", "95 % interval"],
        rows=[*rows, ["Tuned model", *_cells(after, it)]],
    )


def _cells(scores: statistics.Floats, it: Criteria) -> list[str]:
    low, high = statistics.mean_interval(scores, it.resamples, it.seed)
    score, first, last = (f"{100 * share:.1f} %" for share in (scores.mean(), low, high))
    return [score, f"{first} to {last}"]
