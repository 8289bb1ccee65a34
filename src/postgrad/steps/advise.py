"""Advise: what simpler ways do on a few test rows, and whether to fine-tune at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from postgrad.advice.should import TITLES, Evidence, RungScore, advise
from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.records import Chat
from postgrad.engine.model import LanguageModel
from postgrad.evals import ladder
from postgrad.evals.ask import ask
from postgrad.evals.statistics import mean_interval
from postgrad.evals.verdict import expected_effect
from postgrad.steps import machine
from postgrad.steps.evaluate import answerer, load_base
from postgrad.steps.facts import UnknownFacts
from postgrad.steps.prepare import Prepared, Renderer
from postgrad.steps.stop import stop_if_asked

MOST_ROWS = 40
"""Test rows that are asked before anything is decided: with 40, a way that is always right is
known to be right in at least 91 % (Clopper and Pearson), which is what the rules ask for."""


def counsel(context: StepContext, prepared: Prepared) -> dict[str, Any]:
    """The advice with the rungs that it rests on, as JSON; nothing is trained.

    Returns:
        `action`, `title`, `case`, `rule`, `text`; `rows` asked, `metric`; `rungs`: name, title,
        score, low, high.
    """
    task, dataset = prepared.task, prepared.dataset
    num_test = prepared.summary.rows["test"]
    scores: dict[str, RungScore] = {}
    num_asked, unknown = 0, None
    if task.kind != "text":  # a text asks nothing
        base = load_base(prepared.base, machine.use_machine(prepared.job.backend))
        scores, num_asked = _rungs(context, prepared, base)
        unknown = _unknown_share(context, prepared, base)
    evidence = Evidence(
        kind=task.kind,
        num_train=prepared.summary.rows["train"],
        num_test=num_test,
        rungs=scores,
        smallest_gain=expected_effect(num_test, task),
        defect_share=_defect_share(prepared.diagnosis, len(dataset.train)),
        unknown_share=unknown,
    )
    found = advise(evidence)
    scorer = ladder.scorer_of(task)
    return {
        **asdict(found),
        "title": TITLES[found.action],
        "rows": num_asked,
        "metric": scorer.name if scorer else None,
        "rungs": [{"name": name, **asdict(rung)} for name, rung in scores.items()],
    }


def _unknown_share(context: StepContext, prepared: Prepared, base: LanguageModel) -> float | None:
    """Of sampled training rows, those that teach facts which the base does not know; None for tasks
    whose answers are labels or fields, where a name is what is asked for."""
    if prepared.task.kind != "prose":
        return None
    title = "Looking for facts that the base does not know"
    context.emit(Event("stage", {"name": "facts", "title": title}))
    answers = [
        (example.record, example.record.answer.content)
        for example in prepared.dataset.train
        if isinstance(example.record, Chat)
    ]
    renderer = Renderer(prepared.base, prepared.job)
    return UnknownFacts(renderer, base, prepared.job.training.seed).share(answers)


def _rungs(
    context: StepContext, prepared: Prepared, model: LanguageModel
) -> tuple[dict[str, RungScore], int]:
    """What each simpler way does on some test rows, and on how many."""
    trained = [example.record for example in prepared.dataset.train]
    tested = prepared.dataset.test[:MOST_ROWS]
    chats = [example.record for example in tested if isinstance(example.record, Chat)]
    scorer = ladder.scorer_of(prepared.task)
    if scorer is None or not chats or not ladder.fits(prepared.task, trained, chats):
        return {}, 0
    title = f"Asking simpler ways {len(chats)} of the test rows"
    context.emit(Event("stage", {"name": "ladder", "title": title}))

    def told(stage: str, done: int, total: int) -> None:
        fields = {"stage": stage, "done": done, "total": total, "unit": ""}
        context.emit(Event("progress", fields))
        stop_if_asked(context)

    base = answerer(prepared, model)
    template, settings = prepared.base.template, prepared.job
    most = settings.evaluation.max_new_tokens or 1
    answers = ask(
        base,
        [(example.id, example.record) for example in tested],
        [template.reference(chat) for chat in chats],
        max_new_tokens=most,
        on_done=lambda done: told("the base as it is", done, len(chats)),
    )
    climb = ladder.Climb(
        scorer, base, trained, chats, answers, max_new_tokens=most, seed=settings.training.seed
    )
    total = len(chats) * len(ladder.ASKED_RUNGS)
    found = climb.scores(tuple(ladder.RUNGS), lambda done: told("simpler ways", done, total))
    draws = (settings.evaluation.resamples, settings.training.seed)
    return {name: _rung(name, values, draws) for name, values in found.items()}, len(chats)


def _rung(name: str, values: Sequence[float], draws: tuple[int, int]) -> RungScore:
    low, high = mean_interval(values, *draws)
    return RungScore(ladder.RUNGS[name], float(np.mean(values)), low, high)


def _defect_share(diagnosis: Mapping[str, Any], num_rows: int) -> float:
    """The largest share of the rows that one finding that hurts has; the rows of several may be
    the same ones."""
    counts = [each["count"] for each in diagnosis["findings"] if each["severity"] != "look"]
    return max(counts, default=0) / max(1, num_rows)
