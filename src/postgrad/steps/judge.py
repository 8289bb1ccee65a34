"""Judge: a language model behind a URL compares both models' stored answers, pair by pair.

Every reply is stored as it comes. A stop, or a URL that falls silent, loses none of them: the next
time only what is missing is asked.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job, JudgeSection
from postgrad.core.pair import Pair, Side
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer
from postgrad.errors import Interrupted, JobError, PostgradError, SetupError, UserError
from postgrad.evals.judge_prompt import CRITERIA, messages
from postgrad.evals.judgements import SIDES, Judge, add_reply, chosen
from postgrad.evals.pairs import pairs_of
from postgrad.evals.stored_answers import load_answers
from postgrad.steps.chat_url import ChatURL, QuestionRefusedError, completions_url, is_local
from postgrad.steps.event_log import JUDGE_FAILED, JUDGE_STAGE
from postgrad.steps.preferences import recounted, refuse_unless_finished, tell_verdict
from postgrad.steps.stop import stop_if_asked

LOOK_SECONDS = 0.2
"""How often it is seen whether the step was asked to stop."""

GRACE_SECONDS = 5.0
"""After a stop, replies that are under way may still come in for so long."""

MOST_REFUSALS = 4
"""So many questions refused one after the other, and none answered: it is not the question."""

Question = tuple[Pair, Side]


def judge(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a judge about a finished run's stored answers, and write its report anew.

    Raises:
        JobError, SetupError: see `ask_judge`.
    """
    run, job = RunFolder(context.folder), Job.build(request["job"])
    refuse_unless_finished(run)
    base, tuned = (load_answers(run, who) for who in ("base", "tuned"))
    ask_judge(context, run, job, base, tuned)
    report = recounted(run, job)
    tell_verdict(context, report)
    return report.model_dump(mode="json")


def ask_judge_if_named(
    context: StepContext,
    run: RunFolder,
    job: Job,
    base: Sequence[Answer],
    tuned: Sequence[Answer],
) -> None:
    """Ask the judge that a job names, if it names one. That it fails is a warning: no verdict
    waits for a judge.

    Raises:
        Interrupted: the step was asked to stop.
    """
    if job.judge.url is None:
        return
    try:
        ask_judge(context, run, job, base, tuned)
    except UserError as error:
        if isinstance(error, Interrupted) or error.code == "disk":
            raise
        text = f"{error.what} The verdict does not need it. Ask it later: postgrad eval {run.path} "
        text += f"--judge {job.judge.url} --judge-model {job.judge.model}"
        context.emit(Event("warning", {"code": JUDGE_FAILED, "text": text}))


def check_judge(settings: JudgeSection, environment: Mapping[str, str]) -> None:
    """See, before anything is spent, that a judge could be asked as a job says.

    Raises:
        JobError: its URL can't be one, or its model has no name.
        SetupError: the environment variable for the key is empty.
    """
    if settings.url is not None:
        _opened(settings, environment)


def ask_judge(
    context: StepContext,
    run: RunFolder,
    job: Job,
    base: Sequence[Answer],
    tuned: Sequence[Answer],
) -> None:
    """Ask what is not stored yet, both orders of each pair, and store every reply.

    Raises:
        JobError, SetupError: see `check_judge`; or the URL does not answer.
        Interrupted: the step was asked to stop.
    """
    stop_if_asked(context)
    server = _opened(job.judge, context.environment)
    criteria = job.judge.criteria or CRITERIA
    judge = Judge(server.url, server.model, criteria, job.judge.reference)
    pairs = pairs_of(base, tuned, job.training.seed)[: job.judge.limit]
    known = chosen(judge.path(run))
    questions: list[Question] = [
        (pair, side)
        for pair in pairs
        if not pair.is_same
        for side in SIDES
        if not known.get((pair.key, side))
    ]
    title = f"Asking {judge.model} which answers are better"
    context.emit(Event("stage", {"name": JUDGE_STAGE, "title": title}))
    num_same = sum(pair.is_same for pair in pairs)
    context.emit(Event("note", {"text": _what_is_sent(judge, server, questions, num_same)}))
    if questions:
        _Sitting(context, run, judge, server, questions, title).hold(job.judge.at_once)


def _opened(settings: JudgeSection, environment: Mapping[str, str]) -> ChatURL:
    url = completions_url(settings.url or "")
    if not settings.model:
        raise JobError(
            "The judge's model has no name.",
            why="A chat-completions URL is asked for a model by its name.",
            fix="Name it: --judge-model NAME, or judge.model in the job file.",
            code="judge_model",
        )
    key = None
    if settings.key_env:
        key = environment.get(settings.key_env, "").strip()
        if not key:
            raise SetupError(
                f"The environment variable {settings.key_env} is empty.",
                why="judge.key_env names it as the place of the judge's key.",
                fix=f"Set it in this shell: export {settings.key_env}=...",
                code="judge_key",
            )
    return ChatURL(url, settings.model, key)


def _what_is_sent(
    judge: Judge, server: ChatURL, questions: Sequence[Question], num_same: int
) -> str:
    """Said before anything leaves the machine."""
    if not questions:
        return "Everything is judged already, or both models gave the same answers."
    num_pairs = len({pair.key for pair, _ in questions})
    where = "which is on this machine" if is_local(server.url) else "which is another machine"
    wanted = ", the wanted answers" if judge.reference else ""
    told = (
        f"{num_pairs} test questions{wanted} and both models' answers are sent to {server.url}, "
        f"{where}: {len(questions)} requests, each pair in both orders. Nothing else is sent, and "
        "nothing to anybody else."
    )
    if num_same:
        told += f" {num_same} pairs with the same answer twice are ties, and are not sent."
    if server.url.startswith("http:") and not is_local(server.url):
        told += " It is not encrypted on its way."
    return told


@dataclass
class _Sitting:
    """Questions put to a judge, several at once; replies are stored by one thread, this one."""

    context: StepContext
    run: RunFolder
    judge: Judge
    server: ChatURL
    questions: Sequence[Question]
    title: str

    def __post_init__(self) -> None:
        self._open: queue.SimpleQueue[Question] = queue.SimpleQueue()
        for question in self.questions:
            self._open.put(question)
        self._came: queue.SimpleQueue[tuple[Question, dict[str, Any] | PostgradError]] = (
            queue.SimpleQueue()
        )
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._done = self._answered = self._refused = 0

    def hold(self, at_once: int) -> None:
        """Ask all of them.

        Raises:
            Interrupted: the step was asked to stop.
            SetupError: the URL does not answer, or answers nothing.
        """
        for _ in range(min(at_once, len(self.questions))):
            # a daemon: a reply that never comes must not keep the process from ending
            self._threads.append(threading.Thread(target=self._ask, daemon=True))
            self._threads[-1].start()
        try:
            while self._done < len(self.questions):
                stop_if_asked(self.context)
                self._take(LOOK_SECONDS)
        finally:
            self._ended.set()
            self._take_the_rest()

    def _ask(self) -> None:
        """A thread's work: questions one after the other, until none is left."""
        while not self._ended.is_set():
            try:
                question = self._open.get_nowait()
            except queue.Empty:
                return
            try:
                self._came.put((question, self._reply(question)))
            except PostgradError as error:
                self._came.put((question, error))
                return
            except Exception as error:  # whatever it is, the one who waits must hear of it
                told = SetupError(f"The judge can't be asked: {error!r}.", code="judge_failed")
                self._came.put((question, told))
                return

    def _reply(self, question: Question) -> dict[str, Any]:
        pair, first = question
        asked = messages(pair, first, self.judge.criteria, reference=self.judge.reference)
        began = time.monotonic()
        try:
            reply = self.server.ask(asked, self._ended.wait)
            told = {"reply": reply.text, "problem": "", "answered_by": reply.model}
        except QuestionRefusedError as error:
            told = {"reply": "", "problem": str(error), "answered_by": ""}
        return told | {"seconds": round(time.monotonic() - began, 3)}

    def _take(self, seconds: float) -> None:
        """Store the next reply, if one comes within so many seconds."""
        try:
            question, told = self._came.get(timeout=seconds)
        except queue.Empty:
            return
        if isinstance(told, PostgradError):
            raise told
        self._store(question, told)
        self._refused = self._refused + 1 if told["problem"] else 0
        self._answered += not told["problem"]
        fields = {"done": self._done, "total": len(self.questions), "unit": "replies"}
        self.context.emit(Event("progress", {"stage": self.title, **fields}))
        if self._refused >= MOST_REFUSALS and not self._answered:
            raise SetupError(
                f"The judge at {self.judge.url} refuses every question.",
                why=f"It says: {told['problem']}",
                fix="See whether the model's name is right, and whether it can chat.",
                code="judge_failed",
            )

    def _store(self, question: Question, told: Mapping[str, Any]) -> None:
        pair, first = question
        add_reply(self.run, self.judge, pair, first, told)
        self._done += 1

    def _take_the_rest(self) -> None:
        """Store what is still under way when it ends, for a while: it is paid for."""
        until = time.monotonic() + GRACE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        while not self._came.empty():
            question, told = self._came.get()
            if not isinstance(told, PostgradError):
                self._store(question, told)
