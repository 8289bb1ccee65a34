"""lm_eval: tasks of EleutherAI's lm-evaluation-harness.

Its own tasks and prompts, asked through our answerer; what it notes of each item is kept. Of its
figures only those count that are a mean over items, because only these can be compared pair by
pair. It asks both models with the chat template or both without, and never samples.

Source: lm-eval 0.4.13 (Gao et al., doi:10.5281/zenodo.12608602).
"""

from __future__ import annotations

import contextlib
import difflib
import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from postgrad import plugins
from postgrad.core.interfaces import OpenSuite, SuiteSitting, TextAnswerer
from postgrad.core.probe import Reading
from postgrad.core.records import Message
from postgrad.core.suite import Measure, SuiteRequest, SuiteResult
from postgrad.data.encode import restore
from postgrad.errors import JobError, PostgradError, SetupError

OPTIONS = ("chat_template", "limit", "num_fewshot")

MOST_NEW_TOKENS = 256
"""Of an answer where the task says nothing: `max_gen_toks` of lm-eval's own model of transformers
(lm_eval/models/huggingface.py, `max_gen_toks`)."""

TITLES = {
    "acc": "Right answers",
    "acc_norm": "Right answers, likelihood by length",
    "exact_match": "Exact answers",
    "neg_log_likelihood": "Surprise at the right text",
    "bits_per_byte": "Surprise at the text",
}
"""Of measures whose name says little."""

LIKELIHOODS = {
    "perplexity": ("neg_log_likelihood", "nats"),
    "bits_per_byte": ("bits_per_byte", ""),
}
"""How a figure that is no mean over items is taken item by item."""

OTHER_UNITS = ("word_perplexity", "byte_perplexity")
"""The same as bits_per_byte; see `PerplexityTask.process_results`."""


class LmEval:
    """EleutherAI's lm-eval."""

    name = "lm_eval"
    title = "lm-eval"

    def open(self, request: SuiteRequest) -> OpenSuite:
        """Its own tasks by name, or files that describe one; options chat_template, limit and
        num_fewshot."""
        version = plugins.package("lm_eval", "lm-eval").__version__
        options = _checked(request.options)
        manager = _manager(request.tasks)
        opened = [_open(name, manager) for name in request.tasks]
        return _Opened(f"lm-eval {version}", opened, options)


class _Task(NamedTuple):
    """A task, or a group of them, by its own name."""

    name: str
    parts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Opened:
    harness: str
    tasks: Sequence[_Task]
    options: Mapping[str, Any]

    def ask(self, sitting: SuiteSitting) -> list[SuiteResult]:
        return [self._ask(task, sitting) for task in self.tasks]

    def _ask(self, task: _Task, sitting: SuiteSitting) -> SuiteResult:
        templated = self.options.get("chat_template", sitting.answerer.chats)
        if templated and not sitting.answerer.chats:
            raise JobError(
                "chat_template=true can't be: the base model has no chat template.",
                fix="Leave it out, or: chat_template=false",
                code="suite_option",
            )
        found = self._evaluated(task, sitting, templated)
        marks = _Marks()
        for name, part in task.parts.items():
            marks.take(name, part, found["samples"][name])
        return SuiteResult(
            suite=LmEval.name,
            task=task.name,
            harness=self.harness,
            settings={
                "chat template": "yes, for both models" if templated else "no, for neither model",
                "solved examples": _one_or_many(found["n-shot"]),
                "version of the task": _one_or_many(found["versions"]),
                "items": _items(self.options.get("limit")),
            },
            measures=tuple(marks.measures.values()),
            readings=tuple(marks.readings),
            clustered=marks.clustered,
            notes=tuple(marks.notes()),
        )

    def _evaluated(self, task: _Task, sitting: SuiteSitting, templated: bool) -> Mapping[str, Any]:
        evaluator = plugins.package("lm_eval.evaluator", "lm-eval")
        self._set_up(task)
        try:
            return evaluator.evaluate(
                lm=_language_model(sitting),
                task_dict={"tasks": dict(task.parts)},
                limit=self.options.get("limit"),
                bootstrap_iters=0,  # intervals are ours, over pairs; 100,000 is its default
                log_samples=True,
                apply_chat_template=templated,
                fewshot_as_multiturn=templated,
            )
        except (PostgradError, MemoryError, RuntimeError):  # ours, or the machine's
            raise
        except Exception as error:  # of the task: its templates, its own code, what it needs
            raise JobError(
                f"The task {task.name} can't be run: {type(error).__name__}: {_first_line(error)}",
                why="lm-eval stopped at it.",
                fix="Choose another task, or mend its description: see docs/suites.md.",
                code="bad_suite_task",
            ) from error

    def _set_up(self, task: _Task) -> None:
        """What lm-eval's `simple_evaluate` does before it asks; it also gathers what it can of the
        machine, which takes longer than a small task."""
        defaults = plugins.package("lm_eval.defaults", "lm-eval")
        random.seed(defaults.DEFAULT_RANDOM_SEED)
        np.random.seed(defaults.DEFAULT_OTHER_SEED)  # tasks draw from this one
        wanted = self.options.get("num_fewshot")
        for part in task.parts.values():
            own = part.get_config("num_fewshot")
            if own is None or (wanted is not None and own != 0):  # a task's own 0 is kept
                part.set_config(key="num_fewshot", value=wanted or 0)
            part.set_fewshot_seed(seed=defaults.DEFAULT_OTHER_SEED)


def _checked(options: Mapping[str, Any]) -> Mapping[str, Any]:
    fits = {"chat_template": bool, "limit": int, "num_fewshot": int}
    for name, value in options.items():
        if name not in fits:
            raise JobError(
                f"lm-eval has no option {name!r} here.",
                fix="Options: " + ", ".join(OPTIONS),
                code="suite_option",
            )
        if type(value) is not fits[name] or (name == "limit" and value < 1):
            wanted = {bool: "true or false", int: "a whole number"}[fits[name]]
            raise JobError(
                f"{name}={value} is not {wanted}.",
                fix="For example: --suite lm-eval:my_task.yaml,limit=200,chat_template=false",
                code="suite_option",
            )
    return options


def _manager(names: Sequence[str]) -> Any:
    """The index of tasks; lm-eval's own are read (12 s) only where one of them is asked."""
    tasks = plugins.package("lm_eval.tasks", "lm-eval")
    with_own = not all(Path(name).is_file() and "group:" not in _text(name) for name in names)
    return tasks.TaskManager(include_defaults=with_own)


def _text(name: str) -> str:
    return Path(name).read_text(encoding="utf-8", errors="replace")


def _open(name: str, manager: Any) -> _Task:
    path = Path(name)
    is_file = path.is_file()
    if not is_file and name not in manager.all_tasks:
        near = difflib.get_close_matches(name, manager.all_tasks, n=3)
        raise JobError(
            f"lm-eval has no task named {name!r}, and there is no such file.",
            fix=f"Did you mean {' or '.join(near)}?"
            if near
            else "List its tasks: lm-eval ls tasks",
            code="unknown_suite_task",
        )
    # files that a description names lie beside it
    place = contextlib.chdir(path.parent) if is_file else contextlib.nullcontext()
    try:
        with place:
            loaded = manager.load([name])
    except (OSError, ImportError) as error:
        raise _no_data(name, error) from error
    except Exception as error:  # a description of somebody else's: YAML, Jinja, keys, its code
        raise JobError(
            f"The task {name} can't be read: {type(error).__name__}: {_first_line(error)}",
            why="lm-eval could not make a task of its description.",
            fix="See docs/suites.md for one that works.",
            code="bad_suite_task",
        ) from error
    asked = [*loaded.get("groups", {}), *loaded["tasks"]] if is_file else [name]
    return _Task(asked[0], loaded["tasks"])


def _no_data(name: str, error: Exception) -> SetupError:
    if isinstance(error, ImportError):
        what, fix = "needs a package that is not installed", "Install it, then ask again."
    else:
        what = "has no data here"
        fix = (
            "Ask on a machine that reaches the hub; or put the rows into a file of your own and "
            "describe the task with it: see docs/suites.md."
        )
    return SetupError(
        f"The task {name} {what}: {_first_line(error)}",
        why="lm-eval fetches the rows of its tasks from the Hugging Face hub.",
        fix=fix,
        code="suite_data",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _one_or_many(by_task: Mapping[str, Any]) -> str:
    values = sorted({str(value) for value in by_task.values()})
    return ", ".join(values)


def _items(limit: int | None) -> str:
    return "all" if limit is None else f"the first {limit} of each task"


def _language_model(sitting: SuiteSitting) -> Any:
    """The answerer as a model of lm-eval."""
    api = plugins.package("lm_eval.api.model", "lm-eval")
    asked = _Requests(sitting.answerer, sitting.on_done)

    class AnswererModel(api.LM):
        tokenizer_name = "postgrad"  # of caches, which are not used

        def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
            return asked.log_likelihoods([request.args for request in requests])

        def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[float]:
            pairs = [("", text) for (text,) in (request.args for request in requests)]
            return [told for told, _ in asked.log_likelihoods(pairs)]

        def generate_until(self, requests: Sequence[Any]) -> list[str]:
            return asked.texts([request.args for request in requests])

        def apply_chat_template(
            self, chat_history: Sequence[Mapping[str, str]], add_generation_prompt: bool = True
        ) -> str:
            messages = [Message(turn["role"], turn["content"]) for turn in chat_history]  # pyright: ignore[reportArgumentType]
            return sitting.answerer.prompt_text(messages)

        def chat_template(self, chat_template: bool | str = False) -> str:
            return "the base model's own" if chat_template else ""

    return AnswererModel()


@dataclass(frozen=True, slots=True)
class _Requests:
    """What lm-eval asks of a model."""

    answerer: TextAnswerer
    on_done: Callable[[int, int], None]

    def log_likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """Each pair once: items of a task often share one."""
        wanted = list(dict.fromkeys(pairs))
        found = self.answerer.continuations(
            wanted, on_done=lambda done: self.on_done(done, len(wanted))
        )
        told = dict(zip(wanted, found, strict=True))
        return [(told[pair].log_probability, told[pair].is_greedy) for pair in pairs]

    def texts(self, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
        """Greedy texts; requests of the same settings are answered together."""
        groups: dict[tuple[int, tuple[str, ...]], list[int]] = {}
        for number, (_, settings) in enumerate(asked):
            groups.setdefault(_manner(settings), []).append(number)
        found = [""] * len(asked)
        num_before = 0
        for (most, until), numbers in groups.items():

            def on_done(done: int, before: int = num_before) -> None:
                self.on_done(before + done, len(asked))

            texts = self.answerer.complete(
                [asked[number][0] for number in numbers],
                max_new_tokens=most,
                until=until,
                on_done=on_done,
            )
            for number, generated in zip(numbers, texts, strict=True):
                found[number] = generated.text
            num_before += len(numbers)
        return found


def _manner(settings: Mapping[str, Any]) -> tuple[int, tuple[str, ...]]:
    """How long an answer may be and what ends it.

    Raises:
        JobError: the task wants answers that are drawn.
    """
    if settings.get("do_sample") or float(settings.get("temperature") or 0.0) > 0:
        raise JobError(
            "The task draws its answers (do_sample, or a temperature above 0).",
            why="Both models are asked greedily here, so that a difference is no luck of the draw.",
            fix="Set in the task: generation_kwargs: {do_sample: false}",
            code="suite_samples",
        )
    names = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
    given = (int(settings[name]) for name in names if settings.get(name) is not None)
    until = settings.get("until") or ()
    ends = (until,) if isinstance(until, str) else tuple(until)
    return next(given, MOST_NEW_TOKENS), tuple(end for end in ends if end)


@dataclass(slots=True)
class _Marks:
    """What lm-eval noted of each item, as readings."""

    measures: dict[str, Measure] = field(default_factory=dict[str, Measure])
    readings: list[Reading] = field(default_factory=list[Reading])
    clustered: bool = False
    left_out: set[str] = field(default_factory=set[str])

    def take(self, name: str, task: Any, samples: Sequence[Mapping[str, Any]]) -> None:
        """Add the items of one task; of several filters of its answers, each is a measure."""
        cluster = (task.get_config("metadata") or {}).get("cluster")
        self.clustered = self.clustered or cluster is not None
        items: dict[int, list[Mapping[str, Any]]] = {}
        for sample in samples:
            items.setdefault(sample["doc_id"], []).append(sample)
        for number, rows in items.items():
            values: dict[str, float] = {}
            for row in rows:
                values |= self._values(task, row)
            item = f"{name}:{number}:{rows[0]['doc_hash'][:12]}"
            group = f"{name}:{rows[0]['doc'][cluster]}" if cluster is not None else item
            self.readings.append(_reading(item, group, name, values, rows))

    def notes(self) -> list[str]:
        """What was left out."""
        found = sorted(self.left_out - set(OTHER_UNITS))
        if not found:
            return []
        return [
            f"Not compared: {', '.join(found)}. lm-eval takes it over all items at once, so that "
            "items have no score of their own."
        ]

    def _values(self, task: Any, row: Mapping[str, Any]) -> dict[str, float]:
        values: dict[str, float] = {}
        for metric in row["metrics"]:
            how = getattr(task.aggregation().get(metric), "__name__", "")
            value = _value(how, row[metric])
            if value is None:
                self.left_out.add(metric)
            elif math.isfinite(value):
                name, unit = LIKELIHOODS.get(how, (metric, ""))
                better_high = how not in LIKELIHOODS and task.higher_is_better().get(metric, True)
                title = f"{TITLES[name]} ({name})" if name in TITLES else name
                if row["filter"] != "none":
                    name, title = f"{name},{row['filter']}", f"{title}, {row['filter']}"
                self.measures.setdefault(name, Measure(name, title, bool(better_high), unit))
                values[name] = value
        return values


def _value(how: str, value: Any) -> float | None:
    """An item's score, by what lm-eval does with it over all items; None: it has none."""
    if how in ("mean", "nanmean") and isinstance(value, int | float):
        return float(value)
    if how == "perplexity":  # exp(-mean)
        return -float(value)
    if how == "bits_per_byte":
        told, num_bytes = value
        return -told / math.log(2) / max(1, num_bytes)
    return None


def _reading(
    item: str,
    group: str,
    part: str,
    values: Mapping[str, float],
    rows: Sequence[Mapping[str, Any]],
) -> Reading:
    first = rows[0]
    detail = {
        "part": part,
        "target": first["target"],
        "doc": first["doc"],
        "responses": first["resps"],
        "filtered": {row["filter"]: row["filtered_resps"] for row in rows},
    }
    choices = first["arguments"]
    is_choice = len(choices) > 1 and len({str(pair[0]) for pair in choices}) == 1
    if is_choice and len(choices) == len(first["filtered_resps"]):
        detail["chance"] = 1 / len(choices)
    return Reading(
        item,
        group,
        values,
        prompt=restore(str(choices[0][0])),
        answer=_answer(first, is_choice),
        detail=json.loads(json.dumps(detail, default=str)),
    )


def _answer(sample: Mapping[str, Any], is_choice: bool) -> str:
    """What the model wrote, or the choice that it found likeliest."""
    found = sample["filtered_resps"]
    if is_choice and all(isinstance(each, tuple) for each in found):
        best = max(range(len(found)), key=lambda at: found[at][0])
        return str(sample["arguments"][best][1]).strip()
    return found[0] if found and isinstance(found[0], str) else ""
