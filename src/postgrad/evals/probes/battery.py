"""Battery: does the model still do what it could before: facts, sums, grammar, instructions?

Small tasks of many kinds, bundled and marked by a program; see `evals.item_answers` for the score
of an item. Only tasks that the base itself does better than chance count, because where there is
nothing to lose no loss can be seen. What broke is asked again with two solved examples before it:
what then comes back was not forgotten, it only no longer comes by itself ("pseudo-forgetting":
arXiv:2411.11932).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.report import Example, Gate, ProbeReport, Table
from postgrad.data import general
from postgrad.evals import statistics
from postgrad.evals.answer_checks import passes
from postgrad.evals.item_answers import ask_items
from postgrad.evals.judging import Pair, compared, not_worse, paired
from postgrad.evals.metrics import Metric

GATE = "battery"

EVERY_QUICK = 3
"""Quick asks each third item with options, and none in words, which cost many times as much."""

MOST_EXAMPLES = 12
"""Broken items that are shown; a reader looks at no more, and all are in the run folder."""

SCORE = Metric("score", "Score of the battery", True, False)
RIGHT = Metric("right", "Items right", True, True)

SCORE_NOTE = (
    "The score of an item with options is the share of probability that the right one gets among "
    "them; an item that is answered in words scores 1 or 0."
)
QUICK_NOTE = (
    "Asked quickly, with a third of the items and none in words: the interval is wider, and a "
    "small loss is less often ruled out. Ask all of them with: --set evaluation.effort=full"
)
NO_CHAT_NOTE = (
    "Tasks that are answered in words were left out: the base has no chat template to ask with."
)


class Battery:
    """Bundled items of many small tasks."""

    name = "battery"
    title = "What it could do before"
    section = "forgetting"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """A reading for each item; those of the tuned model that broke are asked again."""
        in_words = sitting.answerer.chats and not sitting.is_quick
        items = [item for item in general.battery().items if in_words or item.options]
        if sitting.is_quick:
            items = items[::EVERY_QUICK]

        def on_done(count: int) -> None:
            sitting.on_done(count, len(items))

        marked = ask_items(sitting.answerer, items, on_done=on_done)
        readings = [
            Reading(
                item.id,
                item.task,
                {SCORE.name: it.score, RIGHT.name: float(it.right)},
                prompt=item.ask,
                answer=it.answer,
                detail=_detail(item),
            )
            for item, it in zip(items, marked, strict=True)
        ]
        return _asked_again(sitting, items, readings) if sitting.first else readings

    def rests_on(self, sitting: Sitting) -> Sequence[str]:
        """Nothing: its items are bundled."""
        return ()

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """The change over the tasks that count, with its interval; a gate by non-inferiority."""
        tasks = _tasks(paired(base, tuned))
        counted = [pair for task in tasks if task.counts for pair in task.pairs]
        if not counted:
            return Judgement(_nothing_to_lose(self, tasks, criteria), {})
        gate = not_worse(SCORE, counted, criteria, margin=criteria.margin)
        comparisons = [compared(metric, counted, criteria) for metric in (SCORE, RIGHT)]
        broken = [pair for pair in counted if _is_broken(*pair)]
        text = _sentence(gate, len(counted), sum(task.counts for task in tasks))
        report = ProbeReport(
            name=self.name,
            section="forgetting",
            title=self.title,
            outcome=gate.outcome,
            text=f"{text} {_came_back_sentence(broken, criteria.significance)}".rstrip(),
            gate=GATE,
            comparisons=[it for it in comparisons if it is not None],
            tables=[_by_task(tasks), *([_came_back_table(tasks)] if broken else [])],
            examples=[_example(*pair) for pair in broken[:MOST_EXAMPLES]],
            notes=_notes(tasks, criteria),
        )
        return Judgement(report, {GATE: gate.model_copy(update={"text": text})})


@dataclass(frozen=True, slots=True)
class _Task:
    """The readings of one task, and how much of it chance would get right."""

    name: str
    pairs: Sequence[Pair]
    chance: float

    @property
    def counts(self) -> bool:
        """Whether the base does better than chance: the exact 95 % interval leaves it out."""
        num_right = sum(before.values[RIGHT.name] > 0 for before, _ in self.pairs)
        low, _ = statistics.clopper_pearson(num_right, len(self.pairs))
        return low > self.chance

    @property
    def broken(self) -> list[Pair]:
        return [pair for pair in self.pairs if _is_broken(*pair)]

    def mean(self, side: int, measure: str) -> float:
        return float(np.mean([pair[side].values[measure] for pair in self.pairs]))


def _detail(item: general.Item) -> dict[str, Any]:
    if item.options:
        return {"expected": item.options[0], "chance": 1 / len(item.options)}
    return {"checks": dict(item.checks)}


def _asked_again(
    sitting: Sitting, items: Sequence[general.Item], readings: Sequence[Reading]
) -> list[Reading]:
    """The readings, those of broken items with what two solved examples bring back."""
    before = {reading.id: reading for reading in sitting.first}
    broken = [
        item
        for item, after in zip(items, readings, strict=True)
        if item.id in before and _is_broken(before[item.id], after)
    ]
    marked = ask_items(sitting.answerer, broken, solved=general.battery().solved)
    again = {
        item.id: {"right": it.right, "answer": it.answer}
        for item, it in zip(broken, marked, strict=True)
    }
    return [
        replace(reading, detail={**reading.detail, "again": again[reading.id]})
        if reading.id in again
        else reading
        for reading in readings
    ]


def _is_broken(before: Reading, after: Reading) -> bool:
    return before.values[RIGHT.name] > after.values[RIGHT.name]


def _tasks(pairs: Sequence[Pair]) -> list[_Task]:
    members: dict[str, list[Pair]] = {}
    for pair in pairs:
        members.setdefault(pair[0].group, []).append(pair)
    return [
        _Task(name, them, _chance([before for before, _ in them])) for name, them in members.items()
    ]


def _chance(readings: Sequence[Reading]) -> float:
    """What a task gives without any ability: of items with options an even guess; of others how
    often the base's answers to the task's other items would pass."""
    guesses = [reading.detail["chance"] for reading in readings if "chance" in reading.detail]
    if guesses:
        return float(np.mean(guesses))
    passing = [
        passes(other.answer, reading.detail["checks"])
        for reading in readings
        for other in readings
        if other.id != reading.id
    ]
    return float(np.mean(passing)) if passing else 1.0


def _sentence(gate: Gate, num_items: int, num_tasks: int) -> str:
    low, high = gate.ci95 or (gate.value, gate.value)
    margin = f"{100 * gate.margin:g} points"
    if gate.passed:
        verdict = f"a loss of {margin} or more is ruled out"
    elif high <= -gate.margin:
        verdict = f"a loss of {margin} or more is shown"
    else:
        verdict = f"a loss of {margin} is not ruled out"
    return (
        f"On {num_items} items of {num_tasks} tasks that the base does better than chance, the "
        f"tuned model's score is {_points(gate.value)} points against the base's (95 % interval "
        f"{_points(low)} to {_points(high)}; with 95 % confidence no lower than "
        f"{_points(gate.value if gate.bound is None else gate.bound)}): {verdict}."
    )


def _came_back_sentence(broken: Sequence[Pair], significance: float) -> str:
    if not broken:
        return ""
    broke = f"{len(broken)} item{'s' * (len(broken) > 1)} broke"
    num_back = sum(_came_back(after) for _, after in broken)
    if not num_back:
        return f"{broke}, and none comes back with two solved examples before it."
    guesses = _guesses(broken)
    by_chance = statistics.chance_of_as_many(guesses, num_back)
    more = "part of the loss is one of habit" if by_chance < significance else "it may be guessing"
    return (
        f"{broke}; asked with two solved examples, {num_back} "
        f"{'come' if num_back > 1 else 'comes'} back where guessing would bring "
        f"{sum(guesses):.1f}: {more}."
    )


def _came_back(after: Reading) -> bool:
    return bool(after.detail.get("again", {}).get("right"))


def _guesses(broken: Sequence[Pair]) -> list[float]:
    """The chance of each broken item to be guessed right; in words nobody guesses right."""
    return [before.detail.get("chance", 0.0) for before, _ in broken]


def _by_task(tasks: Sequence[_Task]) -> Table:
    rows = [
        [
            task.name.replace("_", " "),
            str(len(task.pairs)),
            f"{task.chance:.0%}".replace("%", " %"),
            *(f"{task.mean(side, RIGHT.name):.0%}".replace("%", " %") for side in (0, 1)),
            _points(task.mean(1, SCORE.name) - task.mean(0, SCORE.name)),
            "yes" if task.counts else "no",
        ]
        for task in tasks
    ]
    columns = ["Task", "Items", "Chance", "Base right", "Tuned right", "Score, points", "Counts"]
    return Table(title="The battery by task", columns=columns, rows=rows)


def _came_back_table(tasks: Sequence[_Task]) -> Table:
    rows = [
        [
            task.name.replace("_", " "),
            str(len(broken)),
            str(sum(_came_back(after) for _, after in broken)),
            f"{sum(_guesses(broken)):.1f}",
        ]
        for task in tasks
        if task.counts and (broken := task.broken)
    ]
    return Table(
        title="What broke, asked again with two solved examples",
        columns=["Task", "Broke", "Came back", "By guessing"],
        rows=rows,
    )


def _example(before: Reading, after: Reading) -> Example:
    return Example(
        id=before.id,
        prompt=before.prompt,
        reference=before.detail.get("expected") or _in_words(before.detail["checks"]),
        base=before.answer,
        tuned=after.answer,
        base_score=before.values[RIGHT.name],
        tuned_score=after.values[RIGHT.name],
        change="broke",
    )


def _in_words(checks: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in checks.items())


def _notes(tasks: Sequence[_Task], criteria: Criteria) -> list[str]:
    notes = [SCORE_NOTE]
    left_out = [task.name.replace("_", " ") for task in tasks if not task.counts]
    if left_out:
        names = ", ".join(left_out)
        notes.append(f"Left out, because the base does not do better than chance: {names}.")
    only_options = all("chance" in before.detail for task in tasks for before, _ in task.pairs)
    if only_options and not criteria.is_quick:
        notes.append(NO_CHAT_NOTE)
    return [*notes, QUICK_NOTE] if criteria.is_quick else notes


def _nothing_to_lose(probe: Battery, tasks: Sequence[_Task], criteria: Criteria) -> ProbeReport:
    return ProbeReport(
        name=probe.name,
        section="forgetting",
        title=probe.title,
        outcome="cannot_tell",
        text="The base does none of the battery's tasks better than chance, so that no loss could "
        "be seen.",
        tables=[_by_task(tasks)],
        notes=_notes(tasks, criteria),
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")
