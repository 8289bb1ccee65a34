"""postgrad: from a base model and a file of examples to a specialist, with the proof.

import postgrad

run = postgrad.train("examples.jsonl")
print(run.report.headline)

A name loads what it needs when it is first asked for, so that `import postgrad` is quick.
"""

from typing import TYPE_CHECKING

from postgrad import plugins
from postgrad.errors import PostgradError, UserError

if TYPE_CHECKING:  # what editors and type checkers see
    from postgrad.core.job import Job
    from postgrad.core.report import Report
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
else:  # what runs

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return plugins.find(f"{_NOUNS.get(name, 'postgrad.verbs')}:{name}")


_NOUNS = {"Job": "postgrad.core.job", "Report": "postgrad.core.report"}
"""Where the names live that are not in `postgrad.verbs`."""

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


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
