"""inspect: tasks of the UK AI Security Institute's Inspect.

A task is a Python file (`tasks.py`, or `tasks.py@name`) or the name of one that an installed
package brings; its code runs. The model is asked through our answerer, greedily, and what its
scorers said of each sample is read from Inspect's own log, which stays in the run folder.

Source: inspect-ai 0.3.285 (https://inspect.aisi.org.uk).
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any

from postgrad import plugins
from postgrad.core.generation import Generated
from postgrad.core.interfaces import OpenSuite, SuiteSitting, TextAnswerer
from postgrad.core.probe import Reading
from postgrad.core.records import Chat, Message
from postgrad.core.suite import Measure, SuiteRequest, SuiteResult
from postgrad.errors import JobError, PostgradError, SetupError

MOST_NEW_TOKENS = 256
"""Of an answer where the task says nothing (max_tokens): the default of lm-eval, because Inspect
leaves it to a service."""

PROVIDER = "postgrad"

AT_ONCE = 48
"""Samples in progress: as many as the engine answers at once even where prompts are long
(engine/generate.py, half of SLOTS)."""

GATHER_SECONDS = 0.05
"""A question waits so long for others that can be answered with it; an answer takes seconds."""


class Inspect:
    """Inspect, by the UK AI Security Institute."""

    name = "inspect"
    title = "Inspect"

    def open(self, request: SuiteRequest) -> OpenSuite:
        """Tasks of files or of installed packages. Option limit; all others are the task's own."""
        version = plugins.package("inspect_ai", "inspect").__version__
        options = dict(request.options)
        limit = options.pop("limit", None)
        if limit is not None and (type(limit) is not int or limit < 1):
            raise JobError(
                f"limit={limit} is not a whole number.",
                fix="For example: --suite inspect:tasks.py,limit=50",
                code="suite_option",
            )
        for task in request.tasks:
            _refuse_unless_known(task)
        return _Opened(f"inspect-ai {version}", request.tasks, limit, options)


def _refuse_unless_known(task: str) -> None:
    """See that a file is there; names of installed packages are only known once they are asked."""
    file = Path(task.partition("@")[0])
    if file.suffix == ".py" and not file.is_file():
        raise JobError(
            f"There is no file {file}.",
            why="A task of Inspect is a Python file, or the name of one that a package brings.",
            fix="For example: --suite inspect:tasks.py@my_task",
            code="unknown_suite_task",
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    harness: str
    tasks: Sequence[str]
    limit: int | None
    arguments: Mapping[str, Any]

    def ask(self, sitting: SuiteSitting) -> list[SuiteResult]:
        if not sitting.answerer.chats:
            raise JobError(
                "Inspect asks in chats, and the base model has no chat template.",
                fix="Choose tasks of lm-eval, which can be asked without one.",
                code="suite_needs",
            )
        return [result for task in self.tasks for result in self._ask(task, sitting)]

    def _ask(self, task: str, sitting: SuiteSitting) -> Iterator[SuiteResult]:
        model_of = plugins.package("inspect_ai.model", "inspect")
        model = _model(model_of, sitting)
        for log in self._logs(task, model, sitting):
            if model.api.error:
                raise model.api.error
            if log.status != "success":
                raise _failed(task, log)
            yield self._result(log, model.api.drawn)

    def _logs(self, task: str, model: Any, sitting: SuiteSitting) -> list[Any]:
        package = plugins.package("inspect_ai", "inspect")
        file, at, name = task.partition("@")
        path, logs = Path(file), sitting.folder.resolve()
        is_file = path.is_file()
        # Inspect finds all tasks of a file only by a relative path
        place = contextlib.chdir(path.parent) if is_file else contextlib.nullcontext()
        try:
            with place:
                return package.eval(
                    f"{path.name}{at}{name}" if is_file else task,
                    model=model,
                    task_args=dict(self.arguments),
                    limit=self.limit,
                    display="none",
                    log_dir=str(logs),
                    log_format="json",
                    log_realtime=False,
                    ctl_server=False,
                    max_samples=AT_ONCE,
                    max_connections=AT_ONCE,
                    fail_on_error=True,
                )
        except (OSError, ImportError) as error:
            raise SetupError(
                f"The task {task} can't be opened: {_first_line(error)}",
                why="Its code needs a package or data that are not on this machine.",
                fix="Install the package, or put the data into a file beside the task.",
                code="suite_data",
            ) from error
        except Exception as error:  # the task's own code, or Inspect of the task
            raise JobError(
                f"The task {task} can't be run: {_first_line(error)}",
                why="Inspect could not make a task of it.",
                fix="Try it with Inspect itself: inspect eval TASK --model mockllm/model",
                code="bad_suite_task",
            ) from error

    def _result(self, log: Any, drawn: bool) -> SuiteResult:
        cluster = _cluster(log)
        marks = _Marks()
        marks.take(log.samples or [], cluster)
        limit = self.limit
        settings = {
            "chat template": "yes, for both models",
            "items": "all" if limit is None else f"the first {limit}",
            "arguments": ", ".join(f"{k}={v}" for k, v in sorted(log.eval.task_args.items())),
        }
        notes = [
            "The task asks for answers that are drawn; both models were asked greedily, so that a "
            "difference is no luck of the draw."
        ]
        return SuiteResult(
            suite=Inspect.name,
            task=str(log.eval.task),
            harness=self.harness,
            settings={name: text for name, text in settings.items() if text},
            measures=tuple(Measure(name, name) for name in marks.names),
            readings=tuple(marks.readings),
            clustered=cluster is not None,
            notes=tuple(notes if drawn else ()),
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _failed(task: str, log: Any) -> JobError:
    told = log.error.message if log.error else f"it ended as {log.status!r}"
    return JobError(
        f"The task {task} did not come to its end: {str(told).strip().partition(chr(10))[0]}",
        why="A sample failed; a comparison without it could hide a broken model.",
        fix=f"Inspect's log tells more: {log.location}",
        code="bad_suite_task",
    )


def _cluster(log: Any) -> str | None:
    """The key of a sample's metadata that the first scorer's standard error names as cluster."""
    for scorer in log.eval.scorers or []:
        metrics = scorer.metrics or []
        groups = [metrics] if isinstance(metrics, list) else metrics.values()
        for metric in chain.from_iterable(groups):
            options = getattr(metric, "options", None) or {}
            if options.get("cluster"):
                return str(options["cluster"])
    return None


@dataclass(slots=True)
class _Asked:
    """A question that waits for its answer."""

    chat: Chat
    most: int
    until: tuple[str, ...]
    answer: Generated | None = None


@dataclass(slots=True)
class _Desk:
    """Where questions gather, so that they are answered together."""

    answerer: TextAnswerer
    on_done: Callable[[int, int], None]
    waiting: list[_Asked] = field(default_factory=list[_Asked])
    num_done: int = 0

    async def ask(self, question: _Asked) -> Generated:
        """The answer to a question; the first that has waited asks for all."""
        self.waiting.append(question)
        await asyncio.sleep(GATHER_SECONDS)
        if question.answer is None:
            waiting, self.waiting = self.waiting, []
            self._answer(waiting)
        assert question.answer is not None
        return question.answer

    def _answer(self, waiting: Sequence[_Asked]) -> None:
        for most in sorted({question.most for question in waiting}):
            group = [question for question in waiting if question.most == most]
            answers = self.answerer.answer(
                [question.chat for question in group], max_new_tokens=most
            )
            for question, answer in zip(group, answers, strict=True):
                question.answer = _cut(answer, question.until)
        self.num_done += len(waiting)
        self.on_done(self.num_done, 0)


def _cut(answer: Generated, until: Sequence[str]) -> Generated:
    """An answer up to the first of the texts that end it."""
    ends = [at for end in until if (at := answer.text.find(end)) >= 0]
    if not ends:
        return answer
    return Generated(answer.text[: min(ends)], "stop", answer.num_tokens)


def _model(model_of: Any, sitting: SuiteSitting) -> Any:
    """The answerer as a model of Inspect, from a provider of our own."""
    desk = _Desk(sitting.answerer, sitting.on_done)

    @model_of.modelapi(name=PROVIDER)
    class AnswererModel(model_of.ModelAPI):
        drawn = False
        error: PostgradError | None = None

        async def generate(
            self, input: list[Any], tools: list[Any], tool_choice: Any, config: Any
        ) -> Any:
            self.drawn = self.drawn or bool(config.temperature)
            try:
                answer = await desk.ask(_question(input, tools, config))
            except PostgradError as error:  # Inspect would log it as a fault of the sample
                self.error = error
                raise
            output = model_of.ModelOutput.from_content(self.model_name, answer.text)
            output.choices[0].stop_reason = "stop" if answer.finish == "stop" else "max_tokens"
            return output

        def max_connections(self) -> int:
            return AT_ONCE

    return model_of.get_model(f"{PROVIDER}/{sitting.who}", memoize=False)


def _question(messages: Sequence[Any], tools: Sequence[Any], config: Any) -> _Asked:
    """A question of Inspect as one of ours.

    Raises:
        JobError: it wants more than a text.
    """
    what = "tools" if tools else "several answers at once" if (config.num_choices or 1) > 1 else ""
    if what or config.logprobs:
        raise JobError(
            f"The task wants {what or 'the likelihoods of tokens'}.",
            why="Here a task of Inspect can ask for one text at a time.",
            fix="Choose another task; lm-eval has tasks that go by likelihood.",
            code="suite_needs",
        )
    chat = Chat((*(Message(each.role, each.text) for each in messages), Message("assistant", "")))
    return _Asked(chat, config.max_tokens or MOST_NEW_TOKENS, tuple(config.stop_seqs or ()))


@dataclass(slots=True)
class _Marks:
    """What scorers said of each sample, as readings."""

    names: list[str] = field(default_factory=list[str])
    readings: list[Reading] = field(default_factory=list[Reading])

    def take(self, samples: Sequence[Any], cluster: str | None) -> None:
        """Add samples; of one that was asked several times (epochs), the mean counts."""
        by_id: dict[str, list[Any]] = {}
        for sample in samples:
            by_id.setdefault(str(sample.id), []).append(sample)
        for name, same in by_id.items():
            first = same[0]
            scores = [dict(_values(sample.scores or {})) for sample in same]
            values = {key: fmean(each[key] for each in scores if key in each) for key in scores[0]}
            self.names += [key for key in values if key not in self.names]
            group = name if cluster is None else str((first.metadata or {}).get(cluster, name))
            self.readings.append(
                Reading(
                    name,
                    group,
                    values,
                    prompt=_text(first.input),
                    answer=first.output.completion,
                    detail={
                        "target": first.target,
                        "metadata": _plain(first.metadata or {}),
                        "scores": {k: _plain(s.model_dump()) for k, s in first.scores.items()}
                        if first.scores
                        else {},
                    },
                )
            )


def _values(scores: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Each score as a number: C and I are 1 and 0, and a score of several parts is several."""
    to_float = plugins.package("inspect_ai.scorer", "inspect").value_to_float()
    for name, score in scores.items():
        parts = score.value.items() if isinstance(score.value, dict) else [("", score.value)]
        for part, value in parts:
            if value is None or isinstance(value, list):
                continue
            number = float(to_float(value))
            if math.isfinite(number):
                yield (f"{name}.{part}" if part else name), number


def _text(given: Any) -> str:
    if isinstance(given, str):
        return given
    return "\n".join(each.text for each in given if each.role == "user")


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON can hold of a mapping."""
    kinds = (str, int, float, bool)
    return {
        str(key): item if item is None or isinstance(item, kinds) else str(item)
        for key, item in value.items()
        if item is not None
    }
