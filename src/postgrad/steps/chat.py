"""Chat: a tuned model that answers messages as they come.

Messages come as lines of `inbox.jsonl` in the step's folder: {"messages": [...]} asks, and
{"end": true} ends. Answers go out as `text` events, and a `note` when one is complete.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from postgrad import plugins
from postgrad.core.base import ModelRef
from postgrad.core.events import Event
from postgrad.core.interfaces import Method, StepContext
from postgrad.core.job import Job
from postgrad.core.records import Message
from postgrad.engine.answerer import LocalAnswerer
from postgrad.steps import machine
from postgrad.steps.evaluate import load_base
from postgrad.steps.prepare import open_base
from postgrad.steps.stop import stop_if_asked

INBOX = "inbox.jsonl"
POLL_SECONDS = 0.05


def chat(context: StepContext, request: Mapping[str, Any]) -> None:
    """Answer until told to end.

    Args:
        context: its folder holds the inbox.
        request: `job` of the run; `result`: folder of the adapter or weights, or null to talk to
            the base; `max_new_tokens`.
    """
    job = Job.build(request["job"])
    base = open_base(context, job)
    device = machine.use_machine(job.backend)
    method: Method = plugins.load("methods", job.method.name)()
    model = load_base(base, device, method)
    if request["result"]:
        method.load(model.model, Path(request["result"]))
    answerer = LocalAnswerer(model, base.template, base.context_tokens)

    def on_text(text: str) -> None:
        context.emit(Event("text", {"text": text}))
        stop_if_asked(context)

    context.emit(Event("note", {"text": f"{ModelRef.parse(job.base.model)} is ready."}))
    for asked in _inbox(context):
        messages = [Message(turn["role"], turn["content"]) for turn in asked["messages"]]
        given = answerer.stream(
            messages,
            max_new_tokens=int(request["max_new_tokens"]),
            on_text=on_text,
        )
        context.emit(Event("answer", {"text": given.text, "finish": given.finish}))


def _inbox(context: StepContext) -> Iterator[dict[str, Any]]:
    path = context.folder / INBOX
    path.touch()
    with path.open(encoding="utf-8") as file:
        rest = ""
        while not context.should_stop():
            rest += file.readline()
            if not rest.endswith("\n"):  # nothing new, or a line still being written
                time.sleep(POLL_SECONDS)
                continue
            asked, rest = json.loads(rest), ""
            if asked.get("end"):
                return
            yield asked
