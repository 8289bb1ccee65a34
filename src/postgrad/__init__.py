"""postgrad: from a base model and a file of examples to a specialist, with the proof.

import postgrad

run = postgrad.train("examples.jsonl")
print(run.report.headline)
"""

from postgrad.core.job import Job
from postgrad.core.report import Report
from postgrad.errors import PostgradError, UserError
from postgrad.verbs import (
    Run,
    chat,
    check,
    clean,
    collect,
    compare,
    evaluate,
    family,
    judge,
    next_job,
    plan,
    pull,
    report,
    restore,
    resume,
    review,
    suggest,
    train,
    what_changed,
)

__version__ = "0.1.0"

__all__ = [
    "Job",
    "PostgradError",
    "Report",
    "Run",
    "UserError",
    "chat",
    "check",
    "clean",
    "collect",
    "compare",
    "evaluate",
    "family",
    "judge",
    "next_job",
    "plan",
    "pull",
    "report",
    "restore",
    "resume",
    "review",
    "suggest",
    "train",
    "what_changed",
]
