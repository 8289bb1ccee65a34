"""Dry exam: what the test and the probes beside it ask, counted without a model.

The probes run as they will run, on the job's own rows and with its own effort, but the one who
answers only counts the tokens: those that it is given to read, and those that it may write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from postgrad.core.generation import Generated, Prediction
from postgrad.core.interfaces import Probe, StepContext
from postgrad.core.probe import Reading, Who
from postgrad.core.records import Chat, Record
from postgrad.core.task import Answer
from postgrad.data.render import Sequence as Tokens
from postgrad.data.tree import lay, neighbours
from postgrad.engine.answerer import LocalAnswerer, Memory, Told
from postgrad.engine.generate import num_fitting, num_slots
from postgrad.engine.head import Expected
from postgrad.errors import Interrupted
from postgrad.evals.ask import ask
from postgrad.evals.compare import score_answers
from postgrad.steps.exam import reference_of
from postgrad.steps.prepare import Prepared
from postgrad.steps.probing import chosen_probes, sitting
from postgrad.steps.stop import stop_if_asked


@dataclass(slots=True)
class Work:
    """What was asked for.

    Attributes:
        read_tokens: tokens computed without writing: prompts, references, texts.
        taught_tokens: of these, the ones whose likelihood is taken.
        written_tokens: tokens of answers.
        passes: passes over the weights to write them, so many answers at once as fit.
        cache_tokens: most tokens that answers in progress hold at once.
    """

    read_tokens: int = 0
    taught_tokens: int = 0
    written_tokens: float = 0.0
    passes: float = 0.0
    cache_tokens: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(
            self.read_tokens + other.read_tokens,
            self.taught_tokens + other.taught_tokens,
            self.written_tokens + other.written_tokens,
            self.passes + other.passes,
            max(self.cache_tokens, other.cache_tokens),
        )


@dataclass(slots=True)
class _CountingModel:
    """Stands in for a `LanguageModel` where likelihoods are taken."""

    work: Work

    def sequence_losses(self, sequences: Sequence[Tokens]) -> list[float]:
        self._count(sequences)
        return [float(len(each.taught)) for each in sequences]

    def expected(
        self, sequences: Sequence[Tokens], num_top: int = 0, watch: Sequence[Any] | None = None
    ) -> list[Expected]:
        self._count(sequences)
        ids = [each.tokens[index] for each in sequences for index in each.taught]
        asked = watch if watch is not None else [()] * len(ids)
        return [
            Expected(-1.0, 1, {token: -1.0} if num_top else {}, tuple(-1.0 for _ in each))
            for token, each in zip(ids, asked, strict=True)
        ]

    def _count(self, sequences: Sequence[Tokens]) -> None:
        tree = lay([each.tokens for each in sequences])
        self.work.read_tokens += len(tree.tokens)
        told = {
            (places[index - 1], each.tokens[index])
            for row, each in enumerate(sequences)
            for places in [tree.places(row)]
            for index in each.taught
        }
        self.work.taught_tokens += len(told)


@dataclass(slots=True)
class CountingAnswerer:
    """Implements `core.interfaces.Answerer`: it says what the row's own answer is, and counts.

    Args:
        prepared: whose template and limits are used.
        who: a tuned model writes about as much as the right answer has, a base model goes on to
            the limit.
        work: what was counted.
        memory: of what was read before by the same model.
    """

    prepared: Prepared
    who: Who
    work: Work = field(default_factory=Work)
    memory: Memory = field(default_factory=dict[Tokens, Told])

    def answer(
        self,
        prompts: Sequence[Chat],
        *,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        """The right answers, as far as they are known."""
        template = self.prepared.base.template
        rows = [template.prompt_tokens(chat.prompt, chat.tools) for chat in prompts]
        if not rows:
            return []
        said = [chat.answer.content for chat in prompts]
        lengths = [self._length(text, max_new_tokens) for text in said]
        longest = max(map(len, rows)) + max_new_tokens
        slots = num_slots(len(rows), longest)
        self.work.read_tokens += _prompt_tokens(rows, slots)
        self.work.written_tokens += sum(lengths)
        self.work.passes += max(*lengths, sum(lengths) / slots, 1)
        self.work.cache_tokens = max(self.work.cache_tokens, slots * longest)
        if on_done:
            on_done(len(rows))
        return [Generated(text, "stop", length) for text, length in zip(said, lengths, strict=True)]

    def bits_per_byte(
        self,
        records: Sequence[Record],
        *,
        with_end: bool = True,
        on_done: Callable[[int], None] | None = None,
    ) -> list[float]:
        """As long as the references are."""
        return self._reader.bits_per_byte(records, with_end=with_end, on_done=on_done)

    def log_likelihoods(self, records: Sequence[Record], *, with_end: bool = True) -> list[float]:
        """As long as the references are."""
        return self._reader.log_likelihoods(records, with_end=with_end)

    def predictions(
        self,
        records: Sequence[Record],
        *,
        num_top: int = 0,
        watch: Sequence[Sequence[Sequence[int]]] | None = None,
    ) -> list[list[Prediction]]:
        """The right token each time."""
        return self._reader.predictions(records, num_top=num_top, watch=watch)

    @property
    def chats(self) -> bool:
        """Whether the model has a chat template."""
        return self._reader.chats

    @property
    def _reader(self) -> LocalAnswerer:
        base = self.prepared.base
        return LocalAnswerer(
            cast(Any, _CountingModel(self.work)),
            base.template,
            base.context_tokens,
            self.prepared.job.training.micro_batch_tokens,
            self.memory,
        )

    def _length(self, text: str, limit: int) -> int:
        if self.who == "base" or not text:
            return limit
        tokenizer = self.prepared.base.template.tokenizer
        return min(limit, 1 + len(tokenizer(text, add_special_tokens=False)["input_ids"]))


@dataclass(frozen=True, slots=True)
class DryExam:
    """The work of both models' sittings.

    Attributes:
        test: the test itself.
        beside: the probes beside it.
        uncounted: names of probes that can't do without a real model.
    """

    test: Work
    beside: Work
    uncounted: tuple[str, ...]


def count_exam(context: StepContext, prepared: Prepared) -> DryExam:
    """What the exam and the probes will take.

    Raises:
        JobError: the job names a probe that there is not.
        Interrupted: the step was asked to stop.
    """
    return _Sittings(context, prepared).count()


@dataclass
class _Sittings:
    """Both sittings, in the order of `steps/train.py`."""

    context: StepContext
    prepared: Prepared
    test: Work = field(default_factory=Work)
    beside: Work = field(default_factory=Work)
    uncounted: list[str] = field(default_factory=list[str])

    def count(self) -> DryExam:
        probes = chosen_probes(self.prepared.job)
        readings: dict[tuple[str, Who], Sequence[Reading]] = {}
        turns: tuple[tuple[Who, bool], ...] = (("base", False), ("tuned", False), ("base", True))
        for who, looks_back in turns:
            memory: Memory = {}
            answers = [] if looks_back else self._sit(who, memory)
            for probe in probes:
                if probe.looks_back == looks_back or (probe.looks_back and who == "tuned"):
                    readings[probe.name, who] = self._ask(
                        CountingAnswerer(self.prepared, who, memory=memory),
                        probe,
                        answers,
                        readings,
                    )
        return DryExam(self.test, self.beside, tuple(dict.fromkeys(self.uncounted)))

    def _sit(self, who: Who, memory: Memory) -> list[Answer]:
        answerer = CountingAnswerer(self.prepared, who, memory=memory)
        job, template = self.prepared.job, self.prepared.base.template
        examples = self.prepared.dataset.test[: job.evaluation.limit]
        answers = ask(
            answerer,
            [(example.id, example.record) for example in examples],
            [reference_of(example.record, template) for example in examples],
            max_new_tokens=job.evaluation.max_new_tokens or 1,
        )
        self.test += answerer.work
        return score_answers(answers, self.prepared.task)

    def _ask(
        self,
        answerer: CountingAnswerer,
        probe: Probe,
        answers: Sequence[Answer],
        readings: Mapping[tuple[str, Who], Sequence[Reading]],
    ) -> Sequence[Reading]:
        who = answerer.who
        other: Who = "tuned" if who == "base" else "base"
        first = readings.get((probe.name, other), ())
        asked = sitting(
            self.prepared, who, answerer, answers, first, lambda *_: stop_if_asked(self.context)
        )
        try:
            found = probe.ask(asked)
        except Interrupted:
            raise
        except Exception:  # a probe may rest on what only a model says: it is then named as missing
            self.uncounted.append(probe.name)
            found = []
        self.beside += answerer.work
        return found


def _prompt_tokens(rows: Sequence[list[int]], slots: int) -> int:
    """Tokens computed to take prompts in, group by group as `engine/generate.py` does."""
    total, ordered = 0, [rows[number] for number in neighbours(rows)]
    while ordered:
        fitting = num_fitting(ordered[:slots])
        total += len(lay(ordered[:fitting]).tokens)
        ordered = ordered[fitting:]
    return total
