"""Answers: which were fixed and which broke, and where that concentrates.

Rows are put into groups that a person can name (`evals/row_groups.py`), and each group is held
against all other rows: of the answers that were wrong, was another share fixed there? Of those
that were right, did another share break? By Fisher's exact test (Fisher 1935), adjusted over all
groups by Benjamini and Hochberg. For a metric with degrees: did another share get better, or worse?

Groups are looked at after the fact, so that what stands out is an idea to look into, no proof.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.report import Outcome, ProbeReport, Table
from postgrad.core.task import Answer, Task
from postgrad.evals import metrics, statistics
from postgrad.evals.judging import Pair, compared, paired
from postgrad.evals.metrics import BITS_PER_BYTE, Metric
from postgrad.evals.row_groups import REST, Row, groupings

FEWEST_ANSWERS = 10
"""Two groups of the least size; with fewer there is nothing to group."""

MOST_NAMED = 3
"""In the sentence; the tables have all."""

EXPLORATORY = (
    "Exploratory: the groups were not named before, and of those that stand out about one in ten "
    "may be chance (Fisher's exact test; Benjamini and Hochberg, q = 0.10)."
)

Change = Literal["better", "worse", "same"]


@dataclass(slots=True)
class Group:
    """The rows of one group, and the changes that may happen to them.

    Attributes:
        fixed, broke: rows that got better or worse.
        open_to_fix, open_to_break: rows that could: those that were wrong, and those that were
            right; for a metric with degrees all of them.
        before, after: mean scores.
        stands_out: what differs from all other rows: adjusted p, and the difference in words.
    """

    name: str
    n: int
    fixed: int
    open_to_fix: int
    broke: int
    open_to_break: int
    before: float
    after: float
    stands_out: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])


class Answers:
    """The answers of the exam, by groups of rows."""

    name = "answers"
    title = "Which answers were fixed, and which broke"
    section = "change"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """The score of each answer by the metric that decides; none without a score."""
        measure = _measure(sitting.task, sitting.answers)
        if measure is None:
            return []
        return [
            Reading(
                answer.id,
                "",
                {measure: answer.scores[measure]},
                answer.question,
                answer.answer,
                {"reference": answer.reference},
            )
            for answer in sitting.answers
            if measure in answer.scores
        ]

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """Fixed and broken answers by group; a finding, not a gate."""
        pairs = paired(base, tuned)
        metric = metrics.metric(next(iter(pairs[0][0].values)))
        overall = compared(metric, pairs, criteria)
        assert overall is not None  # every reading has the measure
        found = _by_group(metric, pairs, criteria)
        outcome: Outcome = "cannot_tell"
        text = f"{len(pairs)} answers are too few to group; it takes at least {FEWEST_ANSWERS}."
        if len(pairs) >= FEWEST_ANSWERS:
            low, high = overall.ci95
            open_ = low <= 0 <= high or overall.p_value >= criteria.significance
            outcome = "not_shown" if open_ else "changed"
            text = _text(metric, pairs, found)
        report = ProbeReport(
            name=self.name,
            section="change",
            title=self.title,
            outcome=outcome,
            text=text,
            tables=_tables(metric, found),
            notes=[EXPLORATORY] if found else [],
        )
        return Judgement(report, {})


def _measure(task: Task, answers: Sequence[Answer]) -> str | None:
    """The deciding metric, or the next that single answers have."""
    for name in (task.primary, *task.secondary):
        if any(name in answer.scores for answer in answers):
            return name
    return None


def _change(metric: Metric, pair: Pair) -> Change:
    before, after = (reading.values[metric.name] for reading in pair)
    if before == after:
        return "same"
    return "better" if (after > before) == metric.higher_is_better else "worse"


def _by_group(metric: Metric, pairs: Sequence[Pair], criteria: Criteria) -> dict[str, list[Group]]:
    """Every grouping's groups, with what stands out in them."""
    if len(pairs) < FEWEST_ANSWERS:
        return {}
    rows = [Row(before.prompt, before.detail["reference"]) for before, _ in pairs]
    found: dict[str, list[Group]] = {}
    for grouping in groupings(rows, criteria.task.kind):
        names = [name for name, _ in Counter(grouping.groups).most_common()]
        names.sort(key=lambda name: name == REST)  # stable: the rest comes last
        found[grouping.title] = [
            _group(
                metric,
                name,
                [pair for pair, own in zip(pairs, grouping.groups, strict=True) if own == name],
            )
            for name in names
        ]
    _mark(found, graded=not metric.right_or_wrong)
    return found


def _group(metric: Metric, name: str, pairs: Sequence[Pair]) -> Group:
    changes = Counter(_change(metric, pair) for pair in pairs)
    before, after = (
        sum(pair[side].values[metric.name] for pair in pairs) / len(pairs) for side in (0, 1)
    )
    right = len(pairs)
    wrong = len(pairs)
    if metric.right_or_wrong:
        share = before if metric.higher_is_better else 1 - before
        right = round(share * len(pairs))
        wrong = len(pairs) - right
    return Group(name, len(pairs), changes["better"], wrong, changes["worse"], right, before, after)


def _mark(found: dict[str, list[Group]], *, graded: bool) -> None:
    """Say of each group what differs from the other rows, all tests adjusted together."""
    tests: list[tuple[Group, str, bool, float]] = []
    for groups in found.values():
        for words, counts in _sides(graded):
            total_did, total_could = (
                sum(column) for column in zip(*map(counts, groups), strict=True)
            )
            # of two groups, either is the other's rest: one test
            for group in groups[:1] if len(groups) == 2 else groups:
                did, could = counts(group)
                rest_did, rest_could = total_did - did, total_could - could
                if could and rest_could:
                    table = [[did, could - did], [rest_did, rest_could - rest_did]]
                    tested: Any = stats.fisher_exact(table)
                    more = did * rest_could > rest_did * could
                    tests.append((group, words, more, float(tested.pvalue)))
    adjusted = statistics.benjamini_hochberg([p_value for *_, p_value in tests])
    for (group, words, more, _), q in zip(tests, adjusted, strict=True):
        if q < statistics.FALSE_DISCOVERIES:
            often = "more often" if more else "less often"
            group.stands_out.append((q, f"{words} {often} (q = {q:.2g})"))


def _sides(graded: bool) -> list[tuple[str, Callable[[Group], tuple[int, int]]]]:
    return [
        ("got better" if graded else "fixed", lambda group: (group.fixed, group.open_to_fix)),
        ("got worse" if graded else "broke", lambda group: (group.broke, group.open_to_break)),
    ]


def _text(metric: Metric, pairs: Sequence[Pair], found: dict[str, list[Group]]) -> str:
    changes = Counter(_change(metric, pair) for pair in pairs)
    better, worse = changes["better"], changes["worse"]
    if metric.right_or_wrong:
        text = f"Of {len(pairs)} answers, {better} were fixed and {worse} broke"
    else:
        noun = "texts" if metric is BITS_PER_BYTE else "answers"
        text = f"Of {len(pairs)} {noun}, {better} got better and {worse} got worse"
    outstanding = sorted(
        (min(group.stands_out)[0], f"{group.name} ({title}): {_differences(group)}")
        for title, groups in found.items()
        for group in groups
        if group.stands_out
    )
    if not outstanding:
        return text + "; no group of rows stands out."
    most = [words for _, words in outstanding[:MOST_NAMED]]
    return f"{text}; what stands out most: {'; '.join(most)}."


def _differences(group: Group) -> str:
    return ", ".join(words for _, words in group.stands_out)


def _tables(metric: Metric, found: dict[str, list[Group]]) -> list[Table]:
    """A table for each grouping; after the first, those in which nothing stands out are folded."""
    tables: list[Table] = []
    for number, (title, groups) in enumerate(found.items()):
        telling = any(group.stands_out for group in groups)
        table = _table(f"By {title}", groups, metric, with_differences=telling)
        tables.append(table.model_copy(update={"folded": number > 0 and not telling}))
    return tables


def _table(title: str, groups: Sequence[Group], metric: Metric, *, with_differences: bool) -> Table:
    graded = not metric.right_or_wrong
    columns = [
        "Rows",
        "n",
        "Before",
        "After",
        *(("Better", "Worse") if graded else ("Fixed", "Broke")),
    ]
    rows: list[list[str]] = []
    for group in groups:
        fixed, broke = str(group.fixed), str(group.broke)
        if not graded:
            fixed, broke = f"{fixed} of {group.open_to_fix}", f"{broke} of {group.open_to_break}"
        before, after = (_score(metric, value) for value in (group.before, group.after))
        rows.append([group.name, str(group.n), before, after, fixed, broke])
    if with_differences:
        columns.append("Stands out")
        rows = [[*row, _differences(group)] for row, group in zip(rows, groups, strict=True)]
    return Table(title=title, columns=columns, rows=rows)


def _score(metric: Metric, value: float) -> str:
    if metric.name == BITS_PER_BYTE.name:
        return f"{value:.3f}"
    return f"{100 * value:.0f} %" if 0 <= value <= 1 else f"{value:.1f}"
