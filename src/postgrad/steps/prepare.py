"""Prepare: a job and its data, ready to be trained on. The beginning of `plan` and of `train`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from postgrad import plugins
from postgrad.advice import defaults
from postgrad.advice.machine import usable_cores
from postgrad.core.base import ModelRef
from postgrad.core.events import Event
from postgrad.core.interfaces import Objective, StepContext
from postgrad.core.job import Job
from postgrad.core.job_file import read_sources
from postgrad.core.records import Chat, Record, Text
from postgrad.core.report import DatasetSummary
from postgrad.core.run import RunFolder
from postgrad.core.task import Task
from postgrad.data import general
from postgrad.data.canaries import is_canary, plant
from postgrad.data.dataset import Dataset, assemble, thaw
from postgrad.data.doctor import Diagnosis, check_allowed, refuse_if_blocked
from postgrad.data.files import DataFile, Example, read_files
from postgrad.data.read import check_file
from postgrad.data.render import Template
from postgrad.data.rows import Size, estimate
from postgrad.errors import RowError, RunError
from postgrad.evals.choose import choose_task
from postgrad.models.cache import Cache
from postgrad.models.check import require_chat_template
from postgrad.models.fetch import LocalModel, ensure
from postgrad.models.load import load_tokenizer, stated_stop_ids
from postgrad.reports.findings import clean_command, near
from postgrad.steps.diagnosis import diagnose, summaries
from postgrad.steps.progress import Progress
from postgrad.steps.seen import seen
from postgrad.steps.stop import stop_if_asked
from postgrad.training.loop import Row

SPLITS = ("train", "valid", "test")

GENERAL = "general"
"""What the ids of general rows begin with."""


@dataclass(frozen=True)
class Base:
    """A base model on this machine, not yet in memory: its files, its template, its config."""

    local: LocalModel
    template: Template
    config: Any

    @property
    def context_tokens(self) -> int:
        return int(getattr(self.config, "max_position_embeddings", defaults.MOST_TOKENS))


@dataclass(frozen=True)
class Prepared:
    """A complete job with its data as tokens.

    Attributes:
        job: no value is null but those that mean "none".
        sources: by dotted key, where a derived value came from.
        rows: training rows as sequences, cut to the length limit; by split.
        diagnosis: what the data doctor found, as JSON.
    """

    job: Job
    sources: dict[str, str]
    base: Base
    dataset: Dataset
    task: Task
    rows: dict[str, list[Row]]
    summary: DatasetSummary
    diagnosis: dict[str, Any]


@dataclass(frozen=True)
class Frozen:
    """The data of a run, and what the data doctor said of it when the run began."""

    dataset: Dataset
    diagnosis: dict[str, Any]


def prepare(context: StepContext, job: Job, frozen: Frozen | None = None) -> Prepared:
    """Fetch the base, read the data, fill in the job.

    Args:
        context: of the step.
        job: as the user gave it.
        frozen: the data of a run that goes on; None: read the job's files.

    Raises:
        UserError: whatever is wrong with the job, the data or the base model.
        Interrupted: the step was asked to stop.
    """
    context.emit(Event("stage", {"name": "prepare", "title": "Preparing"}))
    if frozen is None:  # before a base model is fetched
        check_allowed(job.data.allow)
        own = (job.data.train, job.data.valid, job.data.test, *job.evaluation.bias_files)
        for path in filter(None, own):
            check_file(Path(path))
    base = open_base(context, job)
    renderer = Renderer(base, job)
    told = Progress(context).reading
    files = read_files(job.data, renderer.refuses, told) if frozen is None else {}
    dataset = frozen.dataset if frozen else _assemble(files, job)
    objective = renderer.objective_of(dataset.train[0].record)
    task = _task(base.template, dataset, job.evaluation.primary)
    uncut = {split: renderer.rows(getattr(dataset, split)) for split in SPLITS}
    uncut["train"] += renderer.general_rows(len(uncut["train"]))
    facts = defaults.Facts(
        format=dataset.format,
        objective=objective.name,
        num_train_rows=len(dataset.train),
        longest_row_tokens=max(_longest(rows) for rows in uncut.values() if rows),
        longest_answer_tokens=_longest_answer(base.template, dataset),
        hidden_size=base.config.hidden_size,
        context_tokens=base.context_tokens,
        device="cuda" if torch.cuda.is_available() else "cpu",
        num_cores=usable_cores(),
        task=task,
    )
    complete, sources = defaults.complete(_pinned(job, base.local), facts)
    if complete.base.model != job.base.model:
        sources["base.model"] = f"{job.base.model}, pinned to the commit that it names today"
    assert complete.training.max_length is not None
    rows = {split: cut_rows(uncut[split], complete.training.max_length) for split in SPLITS}
    diagnosis = frozen.diagnosis if frozen else _diagnose(context, job, files, dataset, uncut, rows)
    summary = _summary(dataset, uncut, rows, diagnosis)
    stop_if_asked(context)
    return Prepared(complete, sources, base, dataset, task, rows, summary, diagnosis)


def _assemble(files: dict[str, DataFile], job: Job) -> Dataset:
    """The rows of the job's files, split, with the canaries that the job asks for."""
    dataset = assemble(files, job.data, job.training.seed)
    return plant(dataset, job.data.canaries, job.training.seed)


def reopen(context: StepContext, job: Job, run: RunFolder) -> Prepared:
    """A run's own complete job and data, as they were frozen when it began.

    Raises:
        UserError: they or the base model have changed since, or the model is gone.
        Interrupted: the step was asked to stop.
    """
    sources = read_sources(run.job.read_text(encoding="utf-8"))
    diagnosis = json.loads(run.data_report.read_text(encoding="utf-8"))
    prepared = prepare(context, job, Frozen(thaw(run), diagnosis))
    began = json.loads(run.environment.read_text(encoding="utf-8")).get("base_sha256")
    if began != prepared.base.local.sha256:
        raise RunError(
            f"The base model {prepared.base.local.ref} has changed since the run began.",
            why="What a run has learned fits only the weights that it was learned on.",
            fix="Put the model back as it was, or start a new run.",
            code="base_changed",
        )
    return replace(prepared, sources=sources)


def _pinned(job: Job, local: LocalModel) -> Job:
    """The job with its base model named so that it stays the same: a branch of the hub moves."""
    return job.replace({"base.model": str(local.ref)}) if local.ref.source == "hub" else job


def open_base(context: StepContext, job: Job) -> Base:
    """Fetch and check the job's base model, and read its tokenizer."""

    def on_progress(stage: str, done: int, total: int) -> None:
        unit = "bytes" if stage == "download" else ""
        fields = {"stage": f"base model: {stage}", "done": done, "total": total, "unit": unit}
        context.emit(Event("progress", fields))
        stop_if_asked(context)

    local = ensure(
        ModelRef.parse(job.base.model),
        Cache(context.cache),
        offline=context.offline,
        on_progress=on_progress,
    )
    tokenizer = load_tokenizer(local, job.base.chat_template)
    config = AutoConfig.from_pretrained(local.folder, local_files_only=True).get_text_config()
    return Base(local, Template(tokenizer, stated_stop_ids(local)), config)


@dataclass(frozen=True)
class Renderer:
    """Records as rows of tokens, by the job's objective and the base's template."""

    base: Base
    job: Job

    def objective_of(self, record: Record) -> Objective:
        """The job's objective, or the one that fits the shape of the record."""
        return plugins.load("objectives", self.job.objective.name or _fitting(record))()

    def refuses(self, record: Record) -> RowError | None:
        """Why a record can't be trained on with this base model, or None."""
        objective = self.objective_of(record)
        if not objective.accepts(record):
            return RowError(
                f"The objective {objective.name!r} can't teach this kind of row.",
                fix="Leave objective.name out: it then follows the data.",
                code="wrong_objective",
            )
        if isinstance(record, Chat):
            tokenizer = self.base.template.tokenizer
            config = self.base.config.to_dict()
            require_chat_template(tokenizer, self.job.base.chat_template, config)
        try:
            sequences = objective.render(record, self.base.template)
        except RowError as error:
            return error
        if not any(sequence.cut(self.limit).taught for sequence in sequences):
            return RowError(
                f"No taught token lies within the first {self.limit} tokens.",
                why="Everything that the row would teach is cut off.",
                fix="Shorten the prompt, or raise the limit: --set training.max_length=...",
                code="cut_to_nothing",
            )
        return None

    def rows(self, examples: Iterable[Example]) -> list[Row]:
        """Examples as uncut rows."""
        return [Row(example.id, tuple(self._render(example.record))) for example in examples]

    def general_rows(self, num_rows: int) -> list[Row]:
        """The general rows that go with the user's own, each taught by the objective that fits its
        shape. What the template can't express is left out."""
        template, job = self.base.template, self.job
        drawn = general.draw(
            job.data.general_share,
            num_rows,
            job.training.seed,
            chats=bool(template.tokenizer.chat_template),
        )
        found: list[Row] = []
        for number, record in enumerate(drawn, start=1):
            objective: Objective = plugins.load("objectives", _fitting(record))()
            with suppress(RowError):
                parts = tuple(objective.render(record, template))
                found.append(Row(f"{GENERAL}:{number}", parts))
        return found

    @property
    def limit(self) -> int:
        """Tokens of a row that are used; a longer one is cut."""
        return self.job.training.max_length or min(self.base.context_tokens, defaults.MOST_TOKENS)

    def sequences(self, record: Record) -> list[Any]:
        """A record as sequences, cut to the limit; those without a taught token are left out."""
        cut = [sequence.cut(self.limit) for sequence in self._render(record)]
        return [sequence for sequence in cut if sequence.taught]

    def size(self, example: Example) -> Size:
        """Tokens of an example, uncut, and what the limit costs."""
        [row] = self.rows([example])
        [kept] = cut_rows([row], self.limit)
        return _size(row, kept)

    def seen(self, record: Record) -> list[list[dict[str, Any]]]:
        """A record as the model sees it, token by token; see `steps/seen.py`."""
        return seen(self._render(record), self.base.template.tokenizer.decode, self.limit)

    def _render(self, record: Record) -> Sequence[Any]:
        return self.objective_of(record).render(record, self.base.template)


def _fitting(record: Record) -> str:
    """The objective that teaches a shape of record."""
    return "next_token" if isinstance(record, Text) else "instruction"


def cut_rows(rows: Sequence[Row], limit: int) -> list[Row]:
    """Rows cut to a length limit; sequences without a taught token are left out."""
    cut = (Row(row.id, tuple(part.cut(limit) for part in row.sequences)) for row in rows)
    return [Row(row.id, tuple(part for part in row.sequences if part.taught)) for row in cut]


def _size(row: Row, kept: Row) -> Size:
    """Tokens of an uncut row; lost are the taught ones that `kept` lacks."""
    return Size(row.num_tokens, row.num_taught, row.num_taught - kept.num_taught)


def _diagnose(
    context: StepContext,
    job: Job,
    files: dict[str, DataFile],
    dataset: Dataset,
    uncut: dict[str, list[Row]],
    rows: dict[str, list[Row]],
) -> dict[str, Any]:
    """The data doctor's findings; the rows are rendered already, so that counting is free."""
    sizes = {
        row.id: _size(row, kept)
        for split in SPLITS
        for row, kept in zip(uncut[split], rows[split], strict=True)
    }

    def measure(example: Example) -> Size:
        return sizes.get(example.id) or estimate(example)  # what overlaps the test is not rendered

    found = diagnose(context, job.data, files, dataset, measure)
    refuse_if_blocked(found, job.data.allow, _cure(found, job, files["train"].file))
    return found.as_dict()


def _cure(found: Diagnosis, job: Job, file: str) -> str:
    """The command that mends all that blocks training; "" where a person has to, or in more files
    than the training file."""
    blocking = found.blocking(job.data.allow)
    if not all(finding.cleaned and set(finding.by_file) == {file} for finding in blocking):
        return ""
    # what the user allows is to stay
    named = [finding.code for finding in blocking] if job.data.allow else []
    path = near(job.data.train)
    return clean_command(path, path, options=[part for code in named for part in ("--only", code)])


def _task(template: Template, dataset: Dataset, wanted: str | None) -> Task:
    records = [
        example.record
        for split in SPLITS
        for example in getattr(dataset, split)
        if not is_canary(example.id)
    ]
    references: list[str] = []
    prompts: list[str] = []
    for record in records:
        if isinstance(record, Chat):
            references.append(template.reference(record))
            prompts.append("\n".join(message.content for message in record.prompt))
        elif isinstance(record, Text):
            references.append(record.text)
    return choose_task(references, prompts, wanted)


def _longest(rows: Sequence[Row]) -> int:
    return max(len(sequence.tokens) for row in rows for sequence in row.sequences)


def _longest_answer(template: Template, dataset: Dataset) -> int:
    chats = [
        example.record
        for split in SPLITS
        for example in getattr(dataset, split)
        if isinstance(example.record, Chat)
    ]
    return max((len(template.last_turn(chat).taught) for chat in chats), default=1)


def _summary(
    dataset: Dataset,
    uncut: dict[str, list[Row]],
    rows: dict[str, list[Row]],
    diagnosis: dict[str, Any],
) -> DatasetSummary:
    pairs = list(zip(uncut["train"], rows["train"], strict=True))
    num_general = sum(row.id.startswith(f"{GENERAL}:") for row in rows["train"])
    mixed_in = f"{num_general} of the training rows are general ones, against forgetting."
    return DatasetSummary(
        file=dataset.file,
        format=dataset.format,
        sha256=dataset.sha256,
        rows={split: len(rows[split]) for split in SPLITS} | {"rejected": len(dataset.rejected)},
        tokens={split: sum(row.num_tokens for row in rows[split]) for split in SPLITS},
        supervised_tokens={split: sum(row.num_taught for row in rows[split]) for split in SPLITS},
        cut_rows=sum(before.num_tokens > after.num_tokens for before, after in pairs),
        cut_supervised_tokens=sum(before.num_taught - after.num_taught for before, after in pairs),
        rejected_reasons=dict(Counter(rejection.code for rejection in dataset.rejected)),
        findings=summaries(diagnosis["findings"]),
        notes=[*dataset.notes, *([mixed_in] if num_general else [])],
    )
