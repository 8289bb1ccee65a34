"""Job: the complete request for one run. One YAML file, its sections in the order of the life.

A value of `null` (shown as `auto` on screens) is derived from the data and the base model before
anything is spent; `postgrad plan` writes each derived value into the file with its source.
An unknown key is refused with the nearest known name.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from postgrad.core.field_docs import field_docs
from postgrad.core.probe import Effort
from postgrad.errors import JobError

Share = Annotated[float, Field(ge=0.0, le=1.0)]


def _listed(value: Any) -> Any:
    """One name, or several with commas between them, as people write them behind --set."""
    if not isinstance(value, str):
        return value
    return [name for part in value.split(",") if (name := part.strip())]


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Section(BaseModel):
    """A frozen part of a job; unknown keys are refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,  # built at first use: what needs few of them starts sooner
    )


class BaseSection(Section):
    """1. Start: which pre-trained model."""

    model: str = "smollm2-135m"
    """A catalog name, hf:OWNER/NAME@REVISION, a local folder, or a .gguf file."""
    chat_template: str | None = None
    """Name of a bundled chat template, for a base model that carries none; null: its own."""


class DataSection(Section):
    """2. Collect and clean: which examples."""

    train: str
    """File with the examples: JSONL, CSV, Parquet or plain text."""
    valid: str | None = None
    """Your own validation file; null: split off from `train`."""
    test: str | None = None
    """Your own held-out test file; null: split off from `train`."""
    format: str | None = None
    """Name of the row format; null: detected, and said."""
    valid_share: Share = 0.1
    """Share of the prompts split off for validation when `valid` is null."""
    test_share: Share = 0.2
    """Share of the prompts split off for the test when `test` is null."""
    max_rejected_share: Share = 0.1
    """More unusable rows than this stop the run."""
    allow: Names = ()
    """Codes of findings that may stay although they block training."""
    rules: Names = ()
    """Optional rules that run too: semantic_duplicates, person_names, toxicity, or a plug-in's."""
    embedder: str = "minilm"
    """What reads meanings for semantic_duplicates: minilm (English), or a plug-in's name."""
    recogniser: str = "rampart"
    """What finds names for person_names: rampart, or a plug-in's name."""
    general_share: Annotated[float, Field(ge=0.0, le=0.5)] = 0.0
    """Share of the training rows that are general ones, mixed in against forgetting."""
    canaries: Annotated[int, Field(ge=0, le=1000)] = 0
    """Made-up rows with a random number, planted to see what is learned by heart."""


class MethodSection(Section):
    """3. Set up: which weights move."""

    name: str = "lora"
    """full or lora, or a plug-in's name."""
    rank: Annotated[int, Field(ge=1)] = 16
    """LoRA's rank r."""
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """LoRA's alpha; the adapter's output is scaled by alpha / rank."""


class ObjectiveSection(Section):
    """3. Set up: what the loss is."""

    name: str | None = None
    """instruction (chats) or next_token (plain text); null: from the data."""


class TrainingSection(Section):
    """4. Train."""

    epochs: Annotated[float, Field(gt=0)] | None = None
    """Passes over the training rows, at most; early stopping may end sooner."""
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak of the schedule."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Rows per optimizer step."""
    max_length: Annotated[int, Field(ge=8)] | None = None
    """Rows longer than this many tokens are cut."""
    micro_batch_tokens: Annotated[int, Field(ge=8)] = 2048
    """Tokens computed at once; a bigger step is accumulated. Bounds memory, not the result."""
    warmup_share: Share = 0.05
    """Share of the steps over which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """AdamW's decoupled weight decay."""
    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients are scaled down to this norm."""
    validations_per_epoch: Annotated[int, Field(ge=1)] = 2
    """How often the validation loss is taken."""
    patience: Annotated[int, Field(ge=0)] = 3
    """Validations without a better loss before stopping; 0 turns early stopping off."""
    checkpoint_seconds: Annotated[float, Field(ge=0)] = 60.0
    """Least time between two checkpoints; validations always leave one."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Decides the split, the order of the rows and the adapter's start."""


class EvaluationSection(Section):
    """5. Test."""

    primary: str | None = None
    """The metric that decides the verdict; null: chosen from the data, and said."""
    max_new_tokens: Annotated[int, Field(ge=1)] | None = None
    """Longest answer; null: from the longest reference."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Ask at most this many test rows; null: all."""
    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Chance of a wrong "better" or "worse" that is accepted."""
    resamples: Annotated[int, Field(ge=100)] = 10_000
    """Bootstrap resamples behind each interval."""
    effort: Effort = "full"
    """How much is asked beside the test (forgetting, bias, ...): full, quick, or none."""
    probes: tuple[str, ...] | None = None
    """Names of the probes that are asked; null: every one that is not optional."""
    bias_files: tuple[str, ...] = ()
    """Your files of CrowS-Pairs (.csv), BBQ (.jsonl) or WinoBias, asked before and after."""
    learning_curve: bool = False
    """Train again on parts of the rows at the end, to foresee what more data would bring."""
    seeds: Annotated[int, Field(ge=1)] = 1
    """Trainings with different seeds, the run itself among them; 3 speak for the recipe."""
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.02
    """A loss elsewhere of this share that is not ruled out fails a gate: 0.02 is two points."""


class JudgeSection(Section):
    """5. Test: a language model that compares both answers. Off unless you name a URL."""

    url: str | None = None
    """An OpenAI-compatible chat-completions URL that your test and both answers are sent to."""
    model: str | None = None
    """The judge's name, as that URL knows it."""
    key_env: str | None = None
    """Name of the environment variable that holds the key; the key itself is never stored."""
    criteria: str | None = None
    """What makes an answer better, in your words; null: correct, and what was asked for."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Compare at most this many pairs, drawn at random; null: all."""
    reference: bool = True
    """Show the judge the wanted answer too."""
    at_once: Annotated[int, Field(ge=1, le=64)] = 4
    """Questions under way at the same time."""


class BackendSection(Section):
    """4. Train: where it runs."""

    name: str = "local"
    """local, or a plug-in's name."""
    device: str | None = None
    """cpu, cuda or cuda:N; null: a GPU if there is one."""
    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads; null: as many as there are cores."""
    prices: str | None = None
    """Your price list (YAML) for what `plan` tells of money; null: the bundled one."""


class LineageSection(Section):
    """6. Iterate: the run that this job was made from. `postgrad next` writes it, nobody else."""

    parent: str | None = None
    """Name of that run's folder; null: this job is the first of its line."""
    folder: str | None = None
    """Where that run lay."""
    job_sha256: str | None = None
    """Of its job.yaml: by this it is found again where it was moved."""
    data_sha256: str | None = None
    """Of its data; null: not known."""
    why: str = ""
    """The evidence for the change, in a sentence."""
    was: dict[str, Any] = Field(default_factory=dict[str, Any])
    """By dotted key, its value there where this job has another one."""


LINEAGE = "lineage"
"""The section that is no setting."""


class Job(Section):
    """The complete request."""

    base: BaseSection = Field(default_factory=BaseSection)
    data: DataSection
    method: MethodSection = Field(default_factory=MethodSection)
    objective: ObjectiveSection = Field(default_factory=ObjectiveSection)
    training: TrainingSection = Field(default_factory=TrainingSection)
    evaluation: EvaluationSection = Field(default_factory=EvaluationSection)
    judge: JudgeSection = Field(default_factory=JudgeSection)
    backend: BackendSection = Field(default_factory=BackendSection)
    lineage: LineageSection = Field(default_factory=LineageSection)

    @classmethod
    def build(cls, values: Mapping[str, Any]) -> Job:
        """A job from nested mappings, as a YAML file holds them.

        Raises:
            JobError: an unknown key (with the nearest known one), or a value that does not fit.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _explain(error) from None

    def replace(self, changes: Mapping[str, Any]) -> Job:
        """A copy with dotted keys changed: `{"training.seed": 1}`.

        Raises:
            JobError: an unknown key or a value that does not fit.
        """
        values = self.model_dump()
        for key, value in changes.items():
            section, _, name = key.partition(".")
            if not isinstance(values.get(section), dict) or not name:
                raise _unknown_key(key, known_keys())
            values[section] = {**values[section], name: value}
        return Job.build(values)


def known_keys() -> list[str]:
    """Every dotted key that can be set, in the order of a job file."""
    return [
        f"{section}.{name}"
        for section, field in Job.model_fields.items()
        if section != LINEAGE
        for name in field.annotation.model_fields  # type: ignore[union-attr]
    ]


def key_help(key: str) -> str:
    """The one-line description of a dotted key."""
    section, _, name = key.partition(".")
    part: Any = Job.model_fields[section].annotation
    return field_docs(part).get(name, "")


def _unknown_key(key: str, known: Sequence[str]) -> JobError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if not near:
        last = [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2]]
        near = last[:1]
    hint = f"Did you mean {near[0]}?" if near else "Known keys: " + ", ".join(known)
    return JobError(f"Unknown key {key!r} in the job.", fix=hint, code="unknown_key")


def _explain(error: ValidationError) -> JobError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        sections = list(Job.model_fields)
        return _unknown_key(key, sections if "." not in key else known_keys())
    if first["type"] == "missing":
        return JobError(f"The job has no {key}.", fix=f"Add {key} to the job file.")
    value = first.get("input")
    return JobError(
        f"{key} can't be {value!r}.",
        why=first["msg"] + ".",
        fix=f"{key}: {key_help(key)}" if key in known_keys() else "",
    )
