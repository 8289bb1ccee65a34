"""Compare: two lists of answers to the same questions, whoever gave them.

A side is the tuned model of a run, the base model of a run, or a file of old answers: what a hosted
model said, exported as chats. At least one side is a run, because runs have the references.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.records import Chat, Message
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer, Task
from postgrad.data.dataset import thaw
from postgrad.data.files import load_file
from postgrad.data.split import prompt_key
from postgrad.errors import RunError
from postgrad.evals import compare as comparing
from postgrad.evals import verdict
from postgrad.evals.metrics import BITS_PER_BYTE
from postgrad.evals.row_clusters import row_clusters
from postgrad.evals.stored_answers import load_answers
from postgrad.reports.write import read_report

Key = tuple[str, str, int]
"""A question, its reference where that is known, and its number among the rows that have both: two
rows may ask the same."""

SIGNIFICANCE, RESAMPLES = 0.05, 10_000
"""The defaults of a job's evaluation: here no job speaks for both sides."""


@dataclass(frozen=True)
class Side:
    """One list of answers.

    Attributes:
        name: as the user gave it.
        answers: by question.
        trained: questions that the model was trained on.
        report: of the run; None: a file of answers, which has no references.
        clusters: by row id, the same name for rows that belong together; of a run.
    """

    name: str
    answers: Mapping[Key, Answer]
    trained: frozenset[str]
    report: Report | None
    clusters: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Paired:
    """Two answers to each question, first and second, and how many questions have no pair.

    Attributes:
        left_out: because one of the models was trained on them.
        alone: answered on one side only.
    """

    pairs: list[tuple[Answer, Answer]]
    left_out: int
    alone: int


def compare(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the second side does better or worse than the first.

    Args:
        context: of the step.
        request: `sides`: two of {"name", "run", "who"} or {"name", "file"}.

    Rows that belong together are drawn together, as in the run's own comparison; which do, the
    first of the two that is a run says.

    Returns:
        `verdict`, `headline`, `primary`, `secondary` (comparisons, `base` being the first side),
        `rows`: `compared`, `left_out` because one of the models was trained on them, `alone` on
        one side only; `fixed` and `broke`: questions, with both answers.
    """
    context.emit(Event("stage", {"name": "compare", "title": "Comparing"}))
    first, second = (_side(each) for each in request["sides"])
    report = first.report or second.report
    if report is None:
        raise RunError(
            "Neither side is a run.",
            why="Only a run knows the right answers.",
            fix="Name at least one run: postgrad compare RUN FILE",
            code="no_run",
        )
    paired = _paired(first, second)
    before, after = ([pair[side] for pair in paired.pairs] for side in (0, 1))
    task = _task(report, before, after)
    before, after = (comparing.score_answers(answers, task) for answers in (before, after))
    clusters = (first if first.report else second).clusters
    primary, secondary = comparing.compare(
        before, after, task, resamples=RESAMPLES, seed=0, clusters=clusters
    )
    decided = verdict.decide(primary, SIGNIFICANCE)
    names = (first.name, second.name)
    return {
        "first": first.name,
        "second": second.name,
        "verdict": decided,
        "headline": verdict.headline(decided, primary, task, names),
        "primary": primary.model_dump(mode="json"),
        "secondary": [each.model_dump(mode="json") for each in secondary],
        "rows": {
            "compared": len(paired.pairs),
            "left_out": paired.left_out,
            "alone": paired.alone,
        },
        "changes": _changes(before, after, task.primary),
    }


def _side(told: Mapping[str, Any]) -> Side:
    if "file" in told:
        return _file(told["name"], Path(told["file"]))
    run = RunFolder(Path(told["run"]))
    answers = _by_key(load_answers(run, told["who"]))
    dataset = thaw(run)
    trained = frozenset[str]()
    if told["who"] == "tuned":  # a base model has seen no row of ours
        trained = frozenset(prompt_key(row.record) for row in dataset.train)
    report = read_report(run.report_json)
    return Side(told["name"], answers, trained, report, row_clusters(dataset.test))


def _by_key(answers: Sequence[Answer]) -> dict[Key, Answer]:
    found: dict[Key, Answer] = {}
    seen = Counter[tuple[str, str]]()
    for answer in answers:
        question = _question(answer), answer.reference
        found[*question, seen[question]] = answer
        seen[question] += 1
    return found


def _file(name: str, path: Path) -> Side:
    """Chats whose last answer is what the model said."""
    answers: dict[Key, Answer] = {}
    for row in load_file(path).examples:
        if isinstance(row.record, Chat):
            prompt = tuple(message.as_dict() for message in row.record.prompt)
            given = Answer(row.id, prompt, "", row.record.answer.content, "stop")
            answers.setdefault((prompt_key(row.record), "", 0), given)
    return Side(name, answers, frozenset(), None)


def _question(answer: Answer) -> str:
    if not answer.prompt:  # plain text has no question
        return answer.id
    turns = [Message(turn["role"], turn.get("content") or "") for turn in answer.prompt]
    return prompt_key(Chat((*turns, Message("assistant", ""))))


def _paired(first: Side, second: Side) -> Paired:
    """Answers to the same question, under the row ids of the first run among the two."""
    if first.report is None:
        found = _paired(second, first)
        return replace(found, pairs=[(before, after) for after, before in found.pairs])
    pairs: list[tuple[Answer, Answer]] = []
    left_out, met = 0, set[Key]()
    for key, answer in first.answers.items():
        met_by = (key[0], "", 0) if second.report is None else key
        other = second.answers.get(met_by)
        if other is None:
            continue
        met.add(met_by)
        if key[0] in first.trained | second.trained:
            left_out += 1
            continue
        pairs.append((answer, replace(other, id=answer.id, reference=answer.reference)))
    if not pairs:
        raise RunError(
            f"{first.name} and {second.name} have no question in common that neither was "
            "trained on.",
            why="Only answers to the same held-out questions can be compared.",
            fix="Give both runs the same test file: --set data.test=FILE",
            code="nothing_in_common",
        )
    alone = len(first.answers) - len(pairs) - left_out + len(second.answers.keys() - met)
    return Paired(pairs, left_out, alone)


def _task(report: Report, *sides: Sequence[Answer]) -> Task:
    """The run's task, without what a side has not measured."""
    measured = all(BITS_PER_BYTE.name in each.scores for side in sides for each in side)
    primary = report.automatic.metric
    names = [each.metric for each in report.secondary if each.metric != primary]
    secondary = tuple(name for name in names if measured or name != BITS_PER_BYTE.name)
    return Task(report.task["kind"], primary, secondary, report.task.get("why", ""))


def _changes(
    before: Sequence[Answer], after: Sequence[Answer], metric: str
) -> list[dict[str, Any]]:
    """Questions whose score differs, the largest differences first."""
    found = [
        {
            "prompt": str(one.prompt[-1].get("content", "")) if one.prompt else "",
            "reference": one.reference,
            "first": one.answer,
            "second": other.answer,
            "difference": other.scores.get(metric, 0.0) - one.scores.get(metric, 0.0),
        }
        for one, other in zip(before, after, strict=True)
    ]
    changed = [each for each in found if each["difference"]]
    return sorted(changed, key=lambda each: -abs(each["difference"]))
