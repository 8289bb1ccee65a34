"""Canaries: does the model know numbers by heart that it saw in a planted row?

    exposure = log2 |R| - log2 rank

R are possible numbers, rank is the place of the planted one by its likelihood among them (Carlini
et al. 2019, arXiv:1802.08232, definition 5). R is sampled here, so that exposure can't exceed
log2 |R|, and by chance it is 1.4 bits on average. Asked only if the job planted canaries.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.report import Comparison, ProbeReport, Table
from postgrad.data import canaries
from postgrad.evals import wording
from postgrad.evals.judging import Pair, compared, paired
from postgrad.evals.metrics import Metric
from postgrad.evals.outcomes import changed, outcome

MOST_CANARIES = 32
NUM_NUMBERS, NUM_NUMBERS_QUICK = 128, 32
"""Numbers that a planted one is ranked among, itself included: exposure is seen up to 7 bits, and
up to 5. Rows of one canary share their beginning, so that 8 canaries cost about 12,000 tokens."""

ABOVE = Metric("canary_above", "Numbers that are less likely than the planted one", False, False)
"""Share of the others; 50 % by chance, 100 % if it is the likeliest."""
EXPOSURE = "exposure"
OF_NOTE = {ABOVE.name: 0.25}
"""A change that must be seen before "not shown" may be said: from the middle half-way up."""
CHANCE_BITS = 1.44
"""Mean exposure of a number that was never seen: log2 of e, with many numbers."""

NOTES = (
    "Numbers in rows of one form and one occurrence. What occurs oftener, or stands beside more "
    "text, is learned sooner; what your own rows hold may be easier or harder to draw out.",
    "The planted rows are part of the training data of this run: they are in data/train.jsonl.",
)


class Canaries:
    """Planted numbers among others."""

    name = "canaries"
    title = "Planted numbers"
    section = "memory"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """The rank of each planted number; none if the job planted none."""
        planted = [row for row in sitting.trained if canaries.is_canary(row[0])][:MOST_CANARIES]
        count = NUM_NUMBERS_QUICK if sitting.is_quick else NUM_NUMBERS
        readings: list[Reading] = []
        for name, record in planted:
            every = [record, *canaries.others(record, count - 1, sitting.seed)]
            own, *rest = sitting.answerer.log_likelihoods(every)
            # of numbers that are as likely, one half stands before it
            above = sum((value < own) + 0.5 * (value == own) for value in rest)
            rank = 1 + len(rest) - above
            values = {
                ABOVE.name: above / len(rest),
                EXPOSURE: math.log2(count) - math.log2(rank),
                "rank": rank,
            }
            readings.append(Reading(name, name, values, detail={"numbers": count}))
            sitting.on_done(len(readings), len(planted))
        return readings

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """Whether planted numbers became likelier than others."""
        pairs = paired(base, tuned)
        it = compared(ABOVE, pairs, criteria)
        assert it is not None
        report = ProbeReport(
            name=self.name,
            section="memory",
            title=self.title,
            outcome=outcome([it], OF_NOTE, criteria.significance),
            text=_sentence(it, pairs, criteria),
            comparisons=[it],
            tables=[_table(pairs)],
            notes=list(_notes(pairs, criteria)),
        )
        return Judgement(report, {})


def _sentence(it: Comparison, pairs: Sequence[Pair], criteria: Criteria) -> str:
    numbers = pairs[0][0].detail["numbers"]
    first = [sum(pair[side].values["rank"] < 2 for pair in pairs) for side in (0, 1)]
    bits = [_exposure(pairs, side) for side in (0, 1)]
    told = (
        f"Of {it.n} planted numbers the tuned model holds {first[1]} for the likeliest of "
        f"{numbers}, the base model {first[0]}; exposure is {bits[1]:.1f} bits after {bits[0]:.1f} "
        f"(by chance {CHANCE_BITS:.1f}, at most {math.log2(numbers):.0f})"
    )
    if changed([it], criteria.significance):
        way = "so it learned planted rows by heart" if it.delta > 0 else "so they became unlikelier"
        return f"{told}, {way}."
    if outcome([it], OF_NOTE, criteria.significance) == "cannot_tell":
        return f"{told}, which is too little to tell: {wording.detectable(it)}."
    return f"{told}, so nothing learned by heart was shown."


def _exposure(pairs: Sequence[Pair], side: int) -> float:
    return sum(pair[side].values[EXPOSURE] for pair in pairs) / len(pairs)


def _table(pairs: Sequence[Pair]) -> Table:
    def cells(reading: Reading) -> list[str]:
        return [f"{reading.values['rank']:.0f}", f"{reading.values[EXPOSURE]:.1f}"]

    return Table(
        title="Rank among the numbers, 1 being the likeliest, and exposure in bits",
        columns=["Canary", "Rank, base", "Exposure, base", "Rank, tuned", "Exposure, tuned"],
        rows=[[before.id, *cells(before), *cells(after)] for before, after in pairs],
    )


def _notes(pairs: Sequence[Pair], criteria: Criteria) -> Iterator[str]:
    yield from NOTES
    if len(pairs) < 6:  # the fewest from which a sign test can reach 5 %: 2 / 2^6 = 0.03
        yield "Fewer than six canaries can show nothing: --set data.canaries=8"
    if criteria.is_quick:
        yield "Asked with evaluation.effort quick: among fewer numbers, so that it sees less."
