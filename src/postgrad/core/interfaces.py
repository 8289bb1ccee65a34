"""Every extension point, on one page.

To add one: a new file with a class of this shape, and a row in the table of `plugins.py`
(or an entry point `postgrad.<kind>` in a package of your own). The contract tests pick it up.
Types of torch and transformers are named for the reader only: nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from postgrad.core.collecting import Look, Skipped, Used, Visit
from postgrad.core.events import Emit, Event
from postgrad.core.findings import Hit, Kind
from postgrad.core.generation import Continued, Generated, Prediction
from postgrad.core.job import MethodSection
from postgrad.core.probe import ProbeSection, Reading, Who
from postgrad.core.records import Chat, Message, Record
from postgrad.core.report import Gate, ProbeReport
from postgrad.core.suggestion import Evidence, Suggestion
from postgrad.core.suite import SuiteRequest, SuiteResult
from postgrad.core.task import Answer, Task

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from postgrad.data.rows import Piece, Row, Rows
    from postgrad.engine.weights import Change


class DataFormat(Protocol):
    """What a row of a file means. One file each in `data/formats/`."""

    name: str
    title: str

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Whether a row has this format's keys; values may still be wrong."""
        ...

    def record(self, row: Mapping[str, Any]) -> Record:
        """The row as a record.

        Raises:
            RowError: with the path inside the row and a hint.
        """
        ...


class Collector(Protocol):
    """One kind of source that rows are collected from. One file or folder each in
    `data/collect/sources/`."""

    name: str
    title: str
    """As in "handbook: documents"."""
    item: str
    """What it counts, in the singular: every item gives rows or is skipped with a reason."""
    gives: str
    """What its rows are: "texts", "chats", or "" where that depends on the source."""

    def recognises(self, look: Look) -> int:
        """How many files of a source it would read; 0: it is none of its kind. The collector that
        would read most is taken, the first in the table where two are equal."""
        ...

    def collect(self, path: Path, visit: Visit) -> Iterator[Used | Skipped]:
        """The rows of a source one by one, and every item that gives none. Memory stays flat:
        what does not fit into it goes to `visit.scratch`.

        Raises:
            DataError: the source as a whole can't be read.
            JobError: a setting is missing, or does not fit this source.
        """
        ...


class Rule(Protocol):
    """One thing that can be wrong with data. One file each in `data/cleaning/`."""

    name: str
    title: str
    kinds: tuple[Kind, ...]
    """The kinds of defect that it tells apart; at least one."""
    optional: bool
    """True: runs only when asked for by name (it is slow, or needs a package of an extra)."""

    def find(self, rows: Rows) -> Iterable[Hit]:
        """Every defect of these kinds; a row may be hit more than once."""
        ...


@runtime_checkable
class LookingRule(Protocol):
    """What a rule has besides if it looks at each row by itself: all such rules share one pass over
    the rows and over the cores of the machine."""

    def at_row(self, row: Row, pieces: Sequence[Piece], /) -> Any:
        """What `find` asks for by `rows.seen`, from a row and all its texts. A static method: no
        rule remembers another row."""
        ...


@runtime_checkable
class AskingRule(Protocol):
    """What a rule has besides if it asks a small model. Only a step may load one, and it gives the
    rule a function that remembers what was asked before."""

    asks: str
    """The kind of plug-in: embedders or recognisers."""

    def asking(self, read: Callable[[Sequence[str]], Sequence[Any]]) -> Rule:
        """The same rule, able to ask: what the model reads in each of some texts."""
        ...


class Embedder(Protocol):
    """Texts as vectors: the nearer their directions, the nearer the meanings. One file each in
    `models/embedders/`."""

    name: str
    title: str

    def read(self, texts: Sequence[str], context: StepContext) -> np.ndarray:
        """Vectors of length 1: float32 (texts N, dimensions D).

        Raises:
            SetupError: the model is not on this machine and can't be fetched.
            Interrupted: the step was asked to stop.
        """
        ...


class NameRecogniser(Protocol):
    """Finds people's names. One file each in `models/recognisers/`."""

    name: str
    title: str

    def read(self, texts: Sequence[str], context: StepContext) -> list[list[tuple[int, int]]]:
        """The names of each text: where they start and end, in characters, in their order.

        Raises:
            SetupError: the model is not on this machine and can't be fetched.
            Interrupted: the step was asked to stop.
        """
        ...


class Method(Protocol):
    """Which weights move. One file or folder each in `methods/`."""

    name: str
    result: str
    """Folder of the run that holds the result: adapter or weights."""

    def attach(self, model: nn.Module, settings: MethodSection, seed: int) -> None:
        """Make the model trainable by this method: afterwards exactly the parameters with
        `requires_grad` are trained."""
        ...

    def save(self, model: nn.Module, folder: Path, base: str) -> None:
        """Write the result into an existing folder, in the Hugging Face or PEFT layout;
        `base` is a name that loads (for adapter_config.json)."""
        ...

    def load(self, model: nn.Module, folder: Path) -> None:
        """Put a saved result onto a base model, ready to answer."""
        ...

    def changes(self, model: nn.Module, folder: Path) -> Iterator[Change]:
        """What a saved result changes of a base model, matrix by matrix; the model stays as it
        is."""
        ...


class Objective(Protocol):
    """What is taught: turns a record into token sequences. One file each in `objectives/`."""

    name: str

    def accepts(self, record: Record) -> bool:
        """Whether the objective can teach this shape of record."""
        ...

    def render(self, record: Record, template: Any) -> Sequence[Any]:
        """The record as `data.render.Sequence`s, uncut.

        Raises:
            RowError: the record has no taught token, or the template can't express it.
        """
        ...


class Scorer(Protocol):
    """How one answer is marked. One file each in `evals/scorers/`."""

    name: str
    title: str
    higher_is_better: bool
    right_or_wrong: bool
    """True if each score is 0 or 1; decides which test is right."""

    def score(self, answer: str, reference: str) -> float | None:
        """The answer's score; None where the metric does not apply to the reference."""
        ...


class Answerer(Protocol):
    """A model that answers and that can be asked how likely a text is."""

    def answer(
        self,
        prompts: Sequence[Chat],
        *,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        """Greedy answers to the prompt of each chat, in order."""
        ...

    def bits_per_byte(
        self,
        records: Sequence[Record],
        *,
        with_end: bool = True,
        on_done: Callable[[int], None] | None = None,
    ) -> list[float]:
        """Bits per UTF-8 byte of each record's taught text, given its prompt.

        Args:
            with_end: whether the token that ends a plain text is among what is taught.
            on_done: called with the number of records that are done.
        """
        ...

    def log_likelihoods(self, records: Sequence[Record], *, with_end: bool = True) -> list[float]:
        """Log-probability of each record's taught text in nats, given its prompt; `with_end` as
        above."""
        ...

    def predictions(
        self,
        records: Sequence[Record],
        *,
        num_top: int = 0,
        watch: Sequence[Sequence[Sequence[int]]] | None = None,
    ) -> list[list[Prediction]]:
        """What the model expected at each taught token of each record.

        Args:
            num_top: how many of the likeliest tokens are told at each place.
            watch: for each record and taught token, ids whose log-probabilities are wanted.
        """
        ...

    @property
    def chats(self) -> bool:
        """Whether the model has a chat template, so that it can be asked at all."""
        ...


class TextAnswerer(Answerer, Protocol):
    """A model that can also be asked with bare text, as the harnesses of public suites do."""

    def continuations(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Continued]:
        """How likely the second text of each pair is after the first ("" for none), both as they
        stand, without a chat template. A text longer than the model reads is read in parts."""
        ...

    def complete(
        self,
        beginnings: Sequence[str],
        *,
        max_new_tokens: int,
        until: Sequence[str] = (),
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        """How each text goes on, greedily, as it stands, up to the first of the texts `until`."""
        ...

    def prompt_text(self, messages: Sequence[Message]) -> str:
        """The chat template's text of a conversation, for `continuations` and `complete`; what
        comes next is the assistant's turn, or the rest of it where that is the last message.

        Raises:
            RowError: the template refuses the conversation.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sitting:
    """What a probe asks one model with.

    Attributes:
        who: the model that is asked.
        answerer: that model.
        task: the user's own.
        tested: id and record of the test rows, as the exam asks them.
        trained: id and record of training rows.
        answers: what this model said in the exam; () in a sitting that looks back.
        first: readings of the model that was asked before this one; () for the first.
        max_new_tokens: longest answer to a question of the user's own kind.
        is_quick: ask a part of the items only.
        seed: of the job.
        on_done: called with how many items are done, of how many.
        weigh: readings of what training did to each weight matrix; only when the base looks back,
            for then it is at hand beside the saved result.
        bias_files: files of published batteries that the job names.
    """

    who: Who
    answerer: Answerer
    task: Task
    tested: Sequence[tuple[str, Record]]
    trained: Sequence[tuple[str, Record]]
    answers: Sequence[Answer]
    first: Sequence[Reading]
    max_new_tokens: int
    is_quick: bool
    seed: int
    on_done: Callable[[int, int], None]
    weigh: Callable[[], list[Reading]] | None = None
    bias_files: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a probe judges by: the job's own settings of the test."""

    task: Task
    margin: float
    significance: float
    resamples: int
    seed: int
    is_quick: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a probe concludes, and the gates that it decides, by name."""

    report: ProbeReport
    gates: Mapping[str, Gate]


class Probe(Protocol):
    """Something asked of base and tuned beside the user's own test. One file each in
    `evals/probes/`."""

    name: str
    title: str
    section: ProbeSection
    optional: bool
    """True: asked only when the job names it."""
    looks_back: bool
    """True: the tuned model is asked first, and then the base, which is given its readings."""

    def ask(self, sitting: Sitting) -> list[Reading]:
        """The readings of one model; none where the probe does not fit the task or the model."""
        ...

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """What the readings of both models say; there is at least one of each. Only a probe that
        looks back may have none of the tuned model, if it asked it nothing."""
        ...


@runtime_checkable
class BundledProbe(Protocol):
    """What a probe has besides if it asks only items that come with the package: the base's answers
    to them are the same in each of its runs, and are kept."""

    name: str

    def rests_on(self, sitting: Sitting) -> Sequence[str]:
        """What of the job a reading may depend on, beside the effort; () for nothing."""
        ...


class SuggestionRule(Protocol):
    """One thing that a run may suggest to try next. One file each in `advice/next/`."""

    name: str

    def suggest(self, it: Evidence) -> Suggestion | None:
        """What to try, with the numbers of this run that speak for it; None where none do."""
        ...


@dataclass(frozen=True, slots=True)
class SuiteSitting:
    """What the tasks of a public suite ask one model with.

    Attributes:
        who: the model that is asked.
        answerer: that model.
        folder: where the suite may keep logs of its own; exists.
        on_done: called with how many questions are done, of how many.
    """

    who: Who
    answerer: TextAnswerer
    folder: Path
    on_done: Callable[[int, int], None]


class OpenSuite(Protocol):
    """Tasks of a public suite with their data at hand."""

    def ask(self, sitting: SuiteSitting) -> list[SuiteResult]:
        """What one model makes of each task that was asked for, in that order.

        Raises:
            JobError: a task needs what can't be had here.
        """
        ...


class Suite(Protocol):
    """A harness with tasks that other people made. One file each in `evals/suites/`."""

    name: str
    title: str

    def open(self, request: SuiteRequest) -> OpenSuite:
        """The tasks that were asked for, read before a model is.

        Raises:
            JobError: there is no such task or option.
            SetupError: the harness is not installed, or the data of a task can't be had.
        """
        ...


class Backend(Protocol):
    """Where a step runs. One file each in `backends/`."""

    name: str

    def run(
        self, step: str, folder: Path, request: Mapping[str, Any]
    ) -> Generator[Event, None, None]:
        """Run a step in its own process and yield its events until it ends.

        A KeyboardInterrupt (raised inside, or thrown in) asks the step to save and stop; a second
        one, or closing the generator, ends it at once.

        Raises:
            PostgradError: the error that ended the step.
        """
        ...


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a worker gives to a step.

    Attributes:
        folder: the run folder, or a scratch folder for steps without a run.
        emit: writes an event.
        should_stop: True once the step has been asked to save and end.
        cache: folder of the fetched base models.
        offline: never fetch anything. A judge is asked all the same: its URL was named.
        environment: the process's variables: a key that a job names is read from here.
    """

    folder: Path
    emit: Emit
    should_stop: Callable[[], bool]
    cache: Path
    offline: bool = False
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


Step = Callable[[StepContext, Mapping[str, Any]], Any]
"""What a worker runs: the request is JSON, and so is the result."""
