"""The proof: from the stored answers of both models to the report."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import Judgement
from postgrad.core.job import Job, known_keys
from postgrad.core.lineage import parent_of
from postgrad.core.report import (
    BaseSummary,
    Curve,
    EstimateCheck,
    Example,
    Looks,
    Report,
    Setting,
    TrainingSummary,
)
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer
from postgrad.errors import RunError
from postgrad.evals import verdict
from postgrad.evals.claims import claims
from postgrad.evals.compare import compare
from postgrad.evals.looks import looks_at
from postgrad.evals.metrics import metric
from postgrad.evals.row_clusters import row_clusters
from postgrad.reports.write import read_report, write_report
from postgrad.steps.event_log import read_events, warnings_of
from postgrad.steps.preferences import with_preferences
from postgrad.steps.prepare import Prepared
from postgrad.steps.probing import criteria_of
from postgrad.steps.retrained import stored_curve, stored_recipe
from postgrad.steps.suite_files import judge_stored
from postgrad.training.loop import Progress

MOST_EXAMPLES = 200
"""Answers shown in the report; all of them are in the run folder."""


@dataclass(frozen=True)
class Outcome:
    """What training and both sittings of the exam gave."""

    progress: Progress
    trained_parameters: int
    peak_memory_bytes: int
    base_answers: Sequence[Answer]
    tuned_answers: Sequence[Answer]
    judgements: Sequence[Judgement] = ()
    """What was asked beside the test."""
    training: TrainingSummary | None = None
    """As an earlier report told it, if this process did not train itself."""


def prove(run: RunFolder, prepared: Prepared, outcome: Outcome) -> Report:
    """Compare, decide, and write report.json, report.md and report.html."""
    job, task = prepared.job, prepared.task
    base, tuned = outcome.base_answers, outcome.tuned_answers
    clusters = row_clusters(prepared.dataset.test)
    primary, secondary = compare(
        base,
        tuned,
        task,
        resamples=job.evaluation.resamples,
        seed=job.training.seed,
        clusters=clusters,
    )
    decided = verdict.decide(primary, job.evaluation.significance)
    gates = verdict.gates(base, tuned, task)
    for judgement in outcome.judgements:
        gates |= judgement.gates
    probed = [judgement.report for judgement in outcome.judgements]
    ship, reasons = verdict.ship(decided, gates)
    events = read_events(run)
    training = outcome.training or _training(outcome, prepared, events)
    report = Report(
        verdict=decided,
        headline=verdict.headline(decided, primary, task),
        ship=ship,
        reasons=reasons,
        primary=primary,
        looks=_looks(run, prepared, tuned),
        secondary=secondary,
        gates=gates,
        probes=probed,
        suites=judge_stored(run, criteria_of(prepared)),
        claims=claims(probed),
        task={"kind": task.kind, "primary": task.primary, "why": task.why},
        recipe=stored_recipe(run, prepared, base, tuned, primary, clusters),
        learning_curve=stored_curve(run, prepared, training),
        training=training,
        curves=_curves(events),
        base=BaseSummary(
            model=str(prepared.base.local.ref),
            sha256=prepared.base.local.sha256,
            parameters=prepared.base.local.parameters,
            licence=prepared.base.local.licence,
        ),
        dataset=prepared.summary,
        examples=_examples(base, tuned, task.primary)[:MOST_EXAMPLES],
        settings=_settings(job, prepared.sources),
        environment=json.loads(run.environment.read_text()),
        reproduce=[f"postgrad train {shlex.quote(str(run.job))}"],
        job_sha256=hashlib.sha256(run.job.read_bytes()).hexdigest(),
        parent=parent_of(job),
        warnings=warnings_of(events),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    report = with_preferences(report, run, job, base, tuned)
    write_report(report, run)
    return report


def _looks(run: RunFolder, prepared: Prepared, answers: Sequence[Answer]) -> Looks:
    """As they were when the run was first judged: what came after did not choose it."""
    try:
        told = read_report(run.report_json) if run.report_json.exists() else None
    except RunError:
        told = None
    if told and told.looks:
        return told.looks
    before = told.created if told else ""
    return looks_at(run, prepared.job, answers, prepared.summary.sha256, before=before)


def _training(outcome: Outcome, prepared: Prepared, events: Sequence[Event]) -> TrainingSummary:
    progress = outcome.progress
    num_rows, settings = prepared.summary.rows["train"], prepared.job.training
    most = round(num_rows * (settings.epochs or 0))
    seen = min(progress.step * (settings.batch_size or 1), most)
    validated = progress.best_step > 0
    return TrainingSummary(
        steps=progress.step,
        epochs=round(seen / num_rows, 2),
        tokens=progress.tokens,
        supervised_tokens=progress.supervised_tokens,
        tokens_per_second=progress.tokens / max(progress.seconds, 1e-9),
        seconds=progress.seconds,
        peak_memory_bytes=outcome.peak_memory_bytes,
        final_train_loss=progress.last_loss,
        best_valid_loss=progress.best_loss if validated else None,
        best_step=progress.best_step or progress.step,
        trainable_parameters=outcome.trained_parameters,
        stopped=progress.stopped,
        estimate=_checked(events, progress, outcome.peak_memory_bytes),
    )


def _checked(events: Sequence[Event], progress: Progress, peak: int) -> EstimateCheck | None:
    """The first estimate of the run, for as many steps as were taken, beside what they took."""
    told = next((dict(each["estimate"]) for each in events if each.kind == "plan"), None)
    if told is None or "memory_bytes" not in told or not progress.seconds or not peak:
        return None  # begun by an earlier version
    share = progress.step / told["steps"]
    seconds, memory = told["training_seconds"] * share, told["memory_bytes"]
    low, high = told["intervals"]["training_seconds"]
    return EstimateCheck(
        seconds=seconds,
        seconds_interval=(low * share, high * share),
        seconds_error=seconds / progress.seconds - 1,
        memory_bytes=memory,
        memory_interval=tuple(told["intervals"]["memory_bytes"]),
        memory_error=memory / peak - 1,
    )


def _curves(events: Sequence[Event]) -> dict[str, Curve]:
    """Loss by step; where a resumed run did a step again, the last time counts."""
    kinds = {"train": "step", "valid": "validation"}
    curves: dict[str, Curve] = {}
    for name, kind in kinds.items():
        points = {
            event["step"]: event["loss"]
            for event in events
            if event.kind == kind and event["loss"] is not None
        }
        if points:
            steps = sorted(points)
            curves[name] = Curve(steps=steps, values=[points[step] for step in steps])
    return curves


def _examples(base: Sequence[Answer], tuned: Sequence[Answer], primary: str) -> list[Example]:
    """Both answers to each question (of a plain text, how likely both find it), by what changed."""
    better_high = metric(primary).higher_is_better
    found: list[Example] = []
    for before, after in zip(base, tuned, strict=True):
        first, last = before.scores.get(primary, 0.0), after.scores.get(primary, 0.0)
        found.append(
            Example(
                id=before.id,
                prompt=before.question,
                reference=before.reference,
                base=before.answer,
                tuned=after.answer,
                base_score=first,
                tuned_score=last,
                change=_change(first, last) if better_high else _change(last, first),
            )
        )
    order = {"broke": 0, "fixed": 1, "down": 2, "up": 3, "same": 4}
    return sorted(found, key=lambda example: order[example.change])


def _change(before: float, after: float) -> Any:
    if before == after:
        return "same"
    if {before, after} == {0.0, 1.0}:
        return "fixed" if after > before else "broke"
    return "up" if after > before else "down"


def _settings(job: Job, sources: dict[str, str]) -> list[Setting]:
    values, defaults = job.model_dump(), Job.build({"data": {"train": ""}}).model_dump()
    parent = parent_of(job)
    changed = {each.key: each.old for each in parent.changed} if parent else {}
    settings: list[Setting] = []
    for key in known_keys():
        section, _, name = key.partition(".")
        value = values[section][name]
        given = "default" if value == defaults[section][name] else "yours"
        if parent and key in changed:
            given = f"changed: in {parent.name} it was {changed[key]}"
        elif parent and given == "yours":
            given = f"as in {parent.name}"
        settings.append(Setting(key=key, value=value, source=sources.get(key, given)))
    return settings
