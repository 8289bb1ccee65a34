"""Report: the stable schema of `report.json`.

The page, the service and scripts read it. `docs/report.schema.json` is generated from it.
A field may be added; none is renamed or removed within a schema version.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from postgrad.core.field_docs import field_docs
from postgrad.core.findings import Severity
from postgrad.core.probe import ProbeSection

Verdict = Literal["better", "worse", "no_proof"]
Unit = Literal["share", "points", "bits_per_byte"]
GateOutcome = Literal["passed", "failed", "undecided"]
"""Of a gate: a loss of the margin is ruled out, or shown, or neither."""

Outcome = Literal[GateOutcome, "changed", "not_shown", "cannot_tell", "described"]
"""What a probe may conclude: the outcome of its gate; a change was shown; none was shown; too
little was asked to tell; or something is described that can't be good or bad in itself."""

Standing = Literal["shown", "not_shown", "contradicted", "cannot_tell"]
"""What a run has to say of a claim: its numbers show it; they don't; they show the opposite; or
what it takes was not asked."""

MoreData = Literal["more_helps", "no_more", "cannot_tell"]
"""What a learning curve says of twice the data: it lowers the held-out loss; nothing worth the work
is to be had; or this curve can't tell."""

SCHEMA_VERSION = 1


class Part(BaseModel):
    """A frozen part of a report."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,  # built at first use: what needs few of them starts sooner
    )


class Comparison(Part):
    """Base against tuned on the same held-out items."""

    metric: str
    """Name of the metric, as in the scorers' table."""
    title: str
    """The metric in words."""
    n: int
    """Paired items."""
    base: float
    """Mean over the items for the base model."""
    tuned: float
    """Mean over the items for the tuned model."""
    delta: float
    """tuned - base."""
    ci95: tuple[float, float]
    """95 % interval of delta, by paired bootstrap over items."""
    p_value: float
    """Two-sided."""
    test: str
    """Name of the test behind p_value."""
    higher_is_better: bool
    """Which direction is a gain."""
    minimum_detectable_effect: float | None
    """Smallest true gain that this many items would show in 80 % of cases."""
    fixed: int | None = None
    """Items wrong before and right after (right-or-wrong metrics only)."""
    broken: int | None = None
    """Items right before and wrong after (right-or-wrong metrics only)."""
    clusters: int | None = None
    """Groups of items drawn together, where some belong together; None: each for itself."""
    unit: str = ""
    """What the values are counted in, where the metric does not tell: words, say."""


class Gate(Part):
    """A condition for shipping, apart from the verdict."""

    passed: bool
    value: float
    margin: float
    ci95: tuple[float, float] | None = None
    bound: float | None = None
    """One-sided 95 % bound of the value, where that decides: an end of the 90 % interval."""
    text: str = ""
    """The gate in one sentence."""

    @property
    def outcome(self) -> GateOutcome:
        """What a person reads. Undecided keeps a model from being shipped too."""
        if self.passed:
            return "passed"
        is_open = self.ci95 is not None and self.ci95[1] >= -self.margin
        return "undecided" if is_open else "failed"


class EstimateCheck(Part):
    """What was estimated before the run, beside what it took: our own error, for all to see."""

    seconds: float
    """Estimated for the steps that were taken; compare with `seconds` of the training."""
    seconds_interval: tuple[float, float]
    seconds_error: float
    """estimated / actual - 1: 0.1 is ten per cent too much."""
    memory_bytes: float
    """Estimated; compare with `peak_memory_bytes` of the training."""
    memory_interval: tuple[float, float]
    memory_error: float
    """estimated / actual - 1."""


class TrainingSummary(Part):
    """What training did and cost."""

    steps: int
    epochs: float
    tokens: int
    """Real tokens seen, padding never counted."""
    supervised_tokens: int
    """Tokens that the loss was taken on."""
    tokens_per_second: float
    seconds: float
    peak_memory_bytes: int
    final_train_loss: float
    best_valid_loss: float | None
    best_step: int
    trainable_parameters: int
    stopped: str
    """Why it ended, in words."""
    estimate: EstimateCheck | None = None
    """What was estimated before."""


class Curve(Part):
    """A line of the report's loss chart."""

    steps: list[int]
    values: list[float]


class Setting(Part):
    """A setting with where it came from."""

    key: str
    value: Any
    source: str
    """`yours`, `default`, or how it was derived."""


class BaseSummary(Part):
    """The base model."""

    model: str
    sha256: str
    parameters: int
    licence: str = ""


class Place(Part):
    """A row of a data file, and what is wrong there."""

    file: str
    line: int
    path: str
    what: str


class FindingSummary(Part):
    """What the data doctor found. Every line number is in the run's data/report.json."""

    code: str
    severity: Severity
    title: str
    count: int
    """Rows."""
    share_of_trained_tokens: float
    example: Place
    """The first row."""
    cleaned: bool = False
    """Whether `postgrad data clean` mends it."""


class DatasetSummary(Part):
    """The data of the run."""

    file: str
    format: str
    sha256: str
    rows: dict[str, int]
    """Rows by split: train, valid, test, rejected."""
    tokens: dict[str, int]
    """Real tokens by split."""
    supervised_tokens: dict[str, int]
    """Taught tokens by split."""
    cut_rows: int = 0
    """Training rows cut to the length limit."""
    cut_supervised_tokens: int = 0
    """Taught tokens lost by the cut."""
    rejected_reasons: dict[str, int] = {}
    """Rejected rows by reason code."""
    findings: list[FindingSummary] = []
    """What the data doctor found, the worst first."""
    notes: list[str] = []


class Example(Part):
    """One test item with both answers, for people to read."""

    id: str
    prompt: str
    reference: str
    base: str
    tuned: str
    base_score: float
    tuned_score: float
    change: Literal["fixed", "broke", "same", "up", "down"]


class Table(Part):
    """Figures or texts that belong together, as they are shown."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    """A cell for each column; the first names the row."""
    folded: bool = False
    """Shown once it is opened: for those who want to know it all."""


class Figure(Part):
    """A number with its interval that is no comparison of base and tuned."""

    name: str
    title: str
    """What was counted, in words."""
    value: float
    ci95: tuple[float, float] | None
    """95 % interval; None where every item there is was counted."""
    n: int
    """Items that it is taken over."""
    unit: str = "share"
    """share, or what the value is counted in."""


class ShadedText(Part):
    """A text with a strength for each of its pieces: where two models differ, say."""

    title: str
    pieces: list[tuple[str, float]]
    """Text and strength, 0 to 1; the pieces put together are the text."""


class ProbeReport(Part):
    """What one probe found, beside the user's own test."""

    name: str
    """As in the table of probes."""
    section: ProbeSection
    title: str
    outcome: Outcome
    text: str
    """The finding in one sentence, with its evidence."""
    gate: str | None = None
    """Name of the gate that it decides, if it decides one."""
    comparisons: list[Comparison] = []
    """Base against tuned on the probe's items, the one that counts first."""
    figures: list[Figure] = []
    tables: list[Table] = []
    shaded: list[ShadedText] = []
    shading: str = ""
    """What the strength of the shaded texts stands for."""
    examples: list[Example] = []
    """Items that changed most."""
    notes: list[str] = []
    """What must be known to read it right: known criticism, lower power, what was left out."""


class Claim(Part):
    """Something that is often said of fine-tuning, and what this run has to say of it."""

    claim: str
    stands: Standing
    text: str
    """The evidence of this run, in a sentence."""


class CurvePoint(Part):
    """One training of the learning curve."""

    rows: int
    """Training rows that it had."""
    share: float
    """Of the run's own."""
    loss: float
    """Least held-out loss: nats per taught token of the validation rows."""
    steps: int
    best_step: int
    """The step with that loss; the last one: the loss was still falling when the epochs ended."""


class Law(Part):
    """L(D) = scale / (prelearned + D ^ exponent) + floor: held-out loss by training rows D."""

    scale: float
    prelearned: float
    exponent: float
    floor: float
    """The loss that no amount of data goes below."""


class Forecast(Part):
    """The held-out loss that the law foresees for more data."""

    factor: float
    """Times the rows of the run."""
    rows: int
    loss: float
    interval95: tuple[float, float]
    """95 % prediction interval: of what one such training would measure."""


class BackTest(Part):
    """The loss of the run itself, foreseen from the smaller trainings alone."""

    rows: int
    """Rows of the largest training that the forecast was made from."""
    foreseen: float
    interval95: tuple[float, float]
    measured: float
    error: float
    """foreseen / measured - 1."""


class LearningCurve(Part):
    """Held-out loss by the number of training rows, and what more of them would bring."""

    outcome: MoreData
    text: str
    """The advice in one sentence, with its evidence."""
    points: list[CurvePoint]
    """The fewest rows first; the last one is the run itself."""
    law: Law | None = None
    """None: too few points for it; then they give a direction only."""
    per_doubling: float | None = None
    """Relative change of the loss by each doubling of the rows, over the last points."""
    forecasts: list[Forecast] = []
    back_test: BackTest | None = None
    notes: list[str] = []


class Recipe(Part):
    """The same job trained with several seeds."""

    about: Literal["this checkpoint", "this recipe"]
    """What may be said: of the recipe from three seeds on."""
    seeds: list[int]
    """The run's own first."""
    scores: list[float]
    """Mean of the primary metric for each seed."""
    comparison: Comparison | None = None
    """Base against the mean of the seeds, drawn over seeds and items; None below three seeds."""
    verdict: Verdict | None = None
    """Of the recipe; the run's own verdict is that of its checkpoint."""
    text: str


class Looks(Part):
    """How fresh the test is: the runs that were judged on most of its rows."""

    number: int
    """Of this run among them, in their order: 1 is the first."""
    earlier: list[str]
    """Of those judged before it, the sha256 of their job.yaml."""
    level: float
    """The p-value under which the best of so many runs would still be a proof (Bonferroni)."""


class ChangedSetting(Part):
    """A setting that differs between two runs."""

    key: str
    old: Any
    new: Any


class Parent(Part):
    """The run that a run was made from, and what was changed."""

    name: str
    """Of its folder."""
    folder: str
    """Where it lay when this run's job was made."""
    job_sha256: str
    """Of its job.yaml: by this it is found again where it was moved."""
    data_sha256: str | None
    """Of its data; null: not known."""
    why: str
    """The evidence for the change, in a sentence; empty where a person decided."""
    changed: list[ChangedSetting]


class Report(Part):
    """The proof of one run."""

    schema_version: int = SCHEMA_VERSION
    verdict: Verdict
    """better, worse, or no_proof: the primary metric's answer."""
    headline: str
    """One sentence that can be forwarded."""
    ship: bool
    """better, and every gate passed."""
    reasons: list[str]
    """Why ship is what it is."""
    primary: Comparison
    looks: Looks | None = None
    """Runs judged on the same test rows; null: not counted, by an earlier version."""
    secondary: list[Comparison]
    gates: dict[str, Gate]
    preferences: list[ProbeReport] = []
    """Whose answers a person or a judge preferred, not knowing which was which."""
    probes: list[ProbeReport] = []
    """What was asked beside the test: forgetting, bias, safety, memory, what changed."""
    suites: list[ProbeReport] = []
    """Tasks of public suites, asked with `postgrad eval RUN --suite`; each has the section
    suites."""
    claims: list[Claim] = []
    """What is often said of fine-tuning, each with the numbers of this run."""
    recipe: Recipe | None = None
    """The same job with several seeds; None: trained once, so the verdict is of this checkpoint."""
    learning_curve: LearningCurve | None = None
    """What more data would bring; None: not asked."""
    task: dict[str, Any]
    """Kind of the task, why it was seen so, and why this metric decides."""
    training: TrainingSummary
    curves: dict[str, Curve]
    """train and valid loss by step."""
    base: BaseSummary
    dataset: DatasetSummary
    examples: list[Example]
    settings: list[Setting]
    environment: dict[str, Any]
    reproduce: list[str]
    """Commands that make this run again."""
    job_sha256: str
    parent: Parent | None = None
    """The run that this one was made from; null: none."""
    warnings: list[str] = []
    created: str
    """UTC, ISO 8601."""

    @property
    def automatic(self) -> Comparison:
        """By the metric that was chosen before training: the primary, unless a person's marks
        decide; then it is among the secondary ones, and `task` names it."""
        name = self.task.get("automatic", self.primary.metric)
        found = [each for each in self.secondary if each.metric == name]
        return found[0] if found else self.primary


def report_schema() -> dict[str, Any]:
    """JSON Schema of report.json."""
    schema = Report.model_json_schema()
    parts: dict[str, Any] = {"Report": schema, **schema["$defs"]}
    for part in Part.__subclasses__():
        fields = parts[part.__name__]["properties"]
        for name, text in field_docs(part).items():
            fields[name] = dict(sorted({**fields[name], "description": text}.items()))
    return schema
