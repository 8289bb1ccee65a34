"""Talking to the model of a run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from postgrad.errors import Interrupted
from postgrad.verbs.asking import backend_of
from postgrad.verbs.jobs import read_job
from postgrad.verbs.runs import open_run, result_of


class Conversation:
    """A chat with the model of a run, kept open in a worker."""

    def __init__(self, folder: str | Path, *, base_only: bool = False) -> None:
        run = open_run(folder)
        job = read_job(run.job)
        result = None if base_only else str(result_of(run).resolve())
        self._place = tempfile.TemporaryDirectory(prefix="postgrad-chat-")
        self._inbox = Path(self._place.name) / "inbox.jsonl"
        request = {
            "job": job.model_dump(),
            "result": result,
            "max_new_tokens": job.evaluation.max_new_tokens or 256,
        }
        self._events = backend_of(job).run("chat", Path(self._place.name), request)
        for event in self._events:
            if event.kind == "note":
                break

    def ask(self, messages: list[dict[str, str]]) -> Iterator[str]:
        """The answer to a conversation, in pieces as they are written."""
        with self._inbox.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
        shown = ""
        for event in self._events:
            if event.kind == "text":
                shown += event["text"]
                yield event["text"]
            if event.kind == "answer":
                yield event["text"][len(shown) :]
                return
        raise Interrupted("The chat has ended.", code="stopped")

    def close(self) -> None:
        """End the worker."""
        self._events.close()
        self._place.cleanup()


@contextmanager
def chat(folder: str | Path, *, base_only: bool = False) -> Iterator[Conversation]:
    """Talk to the model of a run.

    Raises:
        RunError: the run has no model yet.
    """
    conversation = Conversation(folder, base_only=base_only)
    try:
        yield conversation
    finally:
        conversation.close()


def system_message(folder: str | Path) -> str | None:
    """The system message that all test rows of a run share, or None."""
    lines = open_run(folder).split("test").read_text(encoding="utf-8").split("\n")
    firsts = [json.loads(line).get("messages", [{}])[0] for line in lines if line]
    found = {first.get("content") if first.get("role") == "system" else None for first in firsts}
    return found.pop() if len(found) == 1 else None
