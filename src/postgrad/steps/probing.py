"""Probing: what is asked of both models beside the test. Readings are stored; judging needs no
model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.interfaces import (
    Answerer,
    Criteria,
    Judgement,
    Method,
    Probe,
    Sitting,
    StepContext,
)
from postgrad.core.job import Job
from postgrad.core.probe import Reading, Who
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer
from postgrad.engine import weights
from postgrad.engine.model import LanguageModel
from postgrad.errors import RunError
from postgrad.models.cache import read_json, write_json
from postgrad.steps.kept_readings import KeptReadings
from postgrad.steps.prepare import Prepared
from postgrad.steps.stop import stop_if_asked
from postgrad.training.checkpoint import flush

OnDone = Callable[[int, int], None]
"""Told how many items are done, of how many."""

Weigh = Callable[[OnDone], list[Reading]]


@dataclass(frozen=True)
class Probing:
    """The probes of a run.

    Args:
        context: of the step.
        run: where readings are stored.
        prepared: the job and its data.
        anew: ask although readings are stored; the new ones take their place.
        kept: what an earlier run asked the base on this machine, of bundled items, is taken from
            the cache.
    """

    context: StepContext
    run: RunFolder
    prepared: Prepared
    anew: bool = False
    kept: bool = True

    @cached_property
    def probes(self) -> list[Probe]:
        """Those that the job names, or every one that is not optional; none without effort.

        Raises:
            JobError: there is no probe of a name.
        """
        return chosen_probes(self.prepared.job)

    @property
    def looks_back(self) -> bool:
        """Whether the base must be asked again once the tuned model has been."""
        return any(probe.looks_back for probe in self.probes)

    def ask(self, who: Who, answerer: Answerer, answers: Sequence[Answer]) -> None:
        """Ask one model in its turn. The tuned model's is the second; of probes that look back it
        is the first, and the base has its turn in `look_back`."""
        chosen = [probe for probe in self.probes if who == "tuned" or not probe.looks_back]
        self._ask_all(chosen, who, answerer, answers)

    def look_back(self, base: LanguageModel, method: Method, answerer: Answerer) -> None:
        """Ask the base about what the tuned model did.

        Args:
            base: the base model by itself.
            method: whose result is saved in the run.
            answerer: that asks the base.
        """
        chosen = [probe for probe in self.probes if probe.looks_back]
        self._ask_all(chosen, "base", answerer, (), partial(self._weigh, base, method))

    def judge(self) -> list[Judgement]:
        """What the stored readings say, probe by probe; those that found nothing to ask are
        left out."""
        criteria = criteria_of(self.prepared)
        before: dict[str, str] = read_json(self.run.read_before) or {}
        found: list[Judgement] = []
        for probe in self.probes:
            base, tuned = (load_readings(self.run, probe.name, who) for who in ("base", "tuned"))
            if base and (tuned or probe.looks_back):
                judged = probe.judge(base, tuned, criteria)
                found.append(
                    _with_note(judged, before[probe.name]) if probe.name in before else judged
                )
        return found

    def _ask_all(
        self,
        probes: Sequence[Probe],
        who: Who,
        answerer: Answerer,
        answers: Sequence[Answer],
        weigh: Weigh | None = None,
    ) -> None:
        """Ask one model what is not stored yet."""
        missing = [
            probe for probe in probes if self.anew or not self.run.probe(probe.name, who).exists()
        ]
        if missing:
            title = f"Asking the {who} model what lies beside the test"
            self.context.emit(Event("stage", {"name": f"probe_{who}", "title": title}))
        kept = KeptReadings(self.context.cache, self.prepared.base)
        for probe in missing:
            stop_if_asked(self.context)
            asked = self._sitting(probe, who, answerer, answers, weigh)
            found = kept.find(probe, asked) if self.kept else None
            if who == "base":
                self._note_day(probe, found.on if found else None)
            readings = found.readings if found else probe.ask(asked)
            store_readings(self.run, probe.name, who, readings)
            if not found:
                kept.keep(probe, asked, readings)

    def _sitting(
        self,
        probe: Probe,
        who: Who,
        answerer: Answerer,
        answers: Sequence[Answer],
        weigh: Weigh | None,
    ) -> Sitting:
        def on_done(done: int, total: int) -> None:
            fields = {"stage": probe.title, "done": done, "total": total, "unit": "items"}
            self.context.emit(Event("progress", fields))
            stop_if_asked(self.context)

        is_second = who == ("base" if probe.looks_back else "tuned")
        other = "tuned" if who == "base" else "base"
        first = load_readings(self.run, probe.name, other) if is_second else ()
        asked = sitting(self.prepared, who, answerer, answers, first, on_done)
        return replace(asked, weigh=weigh and partial(weigh, on_done))

    def _note_day(self, probe: Probe, day: str | None) -> None:
        """Write down that an earlier run took the base's readings, or that this one does."""
        before: dict[str, str] = read_json(self.run.read_before) or {}
        noted = {name: on for name, on in before.items() if name != probe.name}
        if day:
            noted[probe.name] = day
        if noted != before:
            write_json(self.run.read_before, noted)

    def _weigh(self, base: LanguageModel, method: Method, on_done: OnDone) -> list[Reading]:
        is_quick = self.prepared.job.evaluation.effort == "quick"
        changes = method.changes(base.model, self.run.path / method.result)
        total = sum(value.dim() == 2 for value in base.model.parameters())
        found: list[Reading] = []
        for reading in weights.weigh(base.model, changes, is_quick=is_quick):
            found.append(reading)
            on_done(len(found), total)
        return found


def _with_note(judged: Judgement, day: str) -> Judgement:
    note = (
        f"The base was asked these items in an earlier run, on {day}: with the same weights, "
        "machine and version it says the same to the last bit. Ask it again with: postgrad eval "
        "RUN --anew"
    )
    notes = [*judged.report.notes, note]
    return replace(judged, report=judged.report.model_copy(update={"notes": notes}))


def chosen_probes(job: Job) -> list[Probe]:
    """Those that the job names, or every one that is not optional; none without effort.

    Raises:
        JobError: there is no probe of a name.
    """
    settings = job.evaluation
    if settings.effort == "none":
        return []
    names = settings.probes
    every: list[Probe] = [
        plugins.load("probes", name)() for name in names or plugins.names("probes")
    ]
    return every if names else [probe for probe in every if not probe.optional]


def sitting(
    prepared: Prepared,
    who: Who,
    answerer: Answerer,
    answers: Sequence[Answer],
    first: Sequence[Reading],
    on_done: OnDone,
) -> Sitting:
    """What a probe of this job asks one model with.

    Args:
        prepared: the job and its data.
        who: the model.
        answerer: that model.
        answers: what it said in the exam.
        first: readings of the model that was asked before this one; () for the first.
        on_done: called with how many items are done, of how many.
    """
    job, dataset = prepared.job, prepared.dataset
    return Sitting(
        who=who,
        answerer=answerer,
        task=prepared.task,
        tested=[(each.id, each.record) for each in dataset.test[: job.evaluation.limit]],
        trained=[(each.id, each.record) for each in dataset.train],
        answers=answers,
        first=first,
        max_new_tokens=job.evaluation.max_new_tokens or 1,
        is_quick=job.evaluation.effort == "quick",
        seed=job.training.seed,
        on_done=on_done,
        bias_files=job.evaluation.bias_files,
    )


def criteria_of(prepared: Prepared) -> Criteria:
    """What the job says that probes and suites are judged by."""
    job = prepared.job
    return Criteria(
        prepared.task,
        job.evaluation.margin,
        job.evaluation.significance,
        job.evaluation.resamples,
        job.training.seed,
        job.evaluation.effort == "quick",
    )


def store_readings(run: RunFolder, probe: str, who: Who, readings: Sequence[Reading]) -> None:
    """Write the readings of one model, whole or not at all."""
    path = run.probe(probe, who)
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    lines = [json.dumps(reading.as_dict(), ensure_ascii=False) + "\n" for reading in readings]
    unfinished.write_text("".join(lines), encoding="utf-8")
    flush(unfinished)
    unfinished.rename(path)


def load_readings(run: RunFolder, probe: str, who: str) -> list[Reading]:
    """The stored readings of one model.

    Raises:
        RunError: there are none, or the file is damaged.
    """
    path = run.probe(probe, who)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return [Reading.from_dict(json.loads(line)) for line in lines if line]
    except (OSError, ValueError, TypeError) as error:
        raise RunError(
            f"The readings of the {who} model for {probe} can't be read: {error}.",
            fix=f"Ask again: postgrad eval {run.path}",
            code="no_readings",
        ) from error
