"""Stored answers, read back from a run's folder. Needs no model and no mathematics."""

from __future__ import annotations

import json

from postgrad.core.run import RunFolder
from postgrad.core.task import Answer
from postgrad.errors import RunError


def load_answers(run: RunFolder, who: str) -> list[Answer]:
    """The stored answers of `who`, base or tuned.

    Raises:
        RunError: there are none, or the file is damaged.
    """
    path = run.answers(who)
    try:
        # not splitlines: it also cuts at signs that JSON leaves as they are, such as U+2028
        lines = path.read_text(encoding="utf-8").split("\n")
        return [Answer.from_dict(json.loads(line)) for line in lines if line]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"The answers of the {who} model can't be read: {error}.",
            fix=f"Ask again: postgrad eval {run.path}",
            code="no_answers",
        ) from error
