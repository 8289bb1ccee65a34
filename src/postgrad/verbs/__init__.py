"""The verbs, once: Python, the command line and HTTP all call these.

A verb takes plain values, runs its step through a backend, hands every event to `on_event`, and
returns the result. Nothing here loads a model.
"""

from postgrad.verbs.asking import OnEvent
from postgrad.verbs.comparing import compare
from postgrad.verbs.conversation import Conversation, chat, system_message
from postgrad.verbs.data import check, clean, collect, restore
from postgrad.verbs.iterating import family, next_job, suggest, what_changed
from postgrad.verbs.jobs import JobSource, load_job
from postgrad.verbs.reviewing import Review, review
from postgrad.verbs.runs import (
    BUNDLED,
    DEMO_JOB,
    Run,
    evaluate,
    judge,
    open_run,
    plan,
    pull,
    report,
    resume,
    train,
)

__all__ = [
    "BUNDLED",
    "DEMO_JOB",
    "Conversation",
    "JobSource",
    "OnEvent",
    "Review",
    "Run",
    "chat",
    "check",
    "clean",
    "collect",
    "compare",
    "evaluate",
    "family",
    "judge",
    "load_job",
    "next_job",
    "open_run",
    "plan",
    "pull",
    "report",
    "restore",
    "resume",
    "review",
    "suggest",
    "system_message",
    "train",
    "what_changed",
]
