"""Every error that postgrad raises.

    PostgradError                     has a stable `code`, says what, why and what to do
    +-- UserError                     the caller can mend it            exit 1
    |   +-- JobError (ValueError)     the job file or a setting
    |   +-- DataError (ValueError)    a data file as a whole
    |   |   +-- RowError              one row of it; the run goes on without the row
    |   +-- ModelError (ValueError)   a base model that is unknown, unsafe or does not fit
    |   +-- RunError (ValueError)     a run folder that is missing, unfinished or of another job
    |   +-- SetupError (RuntimeError) something missing on this machine: a package, memory, disk
    |   +-- Interrupted (RuntimeError) stopped by the user or the system; the state is saved
    +-- InternalError (RuntimeError)  our own fault                     exit 2
        +-- CheckpointError           no checkpoint of a run passes its own hash
        +-- TrainingError             the numbers went wrong and could not be recovered

Each class is also the built-in error that callers already catch, and can be pickled.
"""

from __future__ import annotations

from typing import Any


class PostgradError(Exception):
    """An error with its cure.

    Args:
        what: what happened, with the offending value.
        why: the rule it breaks.
        fix: the exact command or key that mends it.
        code: stable snake_case name, for programs; the class's own when left out.
    """

    default_code = "error"

    def __init__(self, what: str, *, why: str = "", fix: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what, self.why, self.fix = what, why, fix
        self.code = code or self.default_code

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.fix) if part)

    def as_dict(self) -> dict[str, str]:
        """The error as it crosses from the worker to the caller; `from_dict` reads it."""
        return {
            "type": type(self).__name__,
            "code": self.code,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return from_dict, (self.as_dict(),)


class UserError(PostgradError):
    """The caller can mend it."""

    default_code = "user_error"


class JobError(UserError, ValueError):
    """The job file or one of its settings can't be used."""

    default_code = "invalid_job"


class DataError(UserError, ValueError):
    """A data file can't be used."""

    default_code = "invalid_data"


MOST_CHARACTERS = 1000
"""Of a sentence about a row: keys and values of a stranger's file may be of any length."""


def shortened(text: str) -> str:
    """A sentence about a row, cut at MOST_CHARACTERS."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


class RowError(DataError):
    """One row can't be used. The row is kept aside with this reason and the run goes on.

    Args:
        what: what is wrong, with the value.
        path: where in the row, as `messages[2].role`.
        fix: a hint for the author of the row.
        code: stable name of the rule.
    """

    default_code = "invalid_row"

    def __init__(
        self, what: str, *, path: str = "", why: str = "", fix: str = "", code: str = ""
    ) -> None:
        super().__init__(shortened(what), why=shortened(why), fix=shortened(fix), code=code)
        self.path = shortened(path)

    def as_dict(self) -> dict[str, str]:
        return {**super().as_dict(), "path": self.path}


class ModelError(UserError, ValueError):
    """A base model is unknown, unsafe to load, or does not fit the data."""

    default_code = "invalid_model"


class RunError(UserError, ValueError):
    """A run folder is missing, unfinished, or belongs to another job."""

    default_code = "invalid_run"


class SetupError(UserError, RuntimeError):
    """Something is missing on this machine: a package, memory, disk, the network."""

    default_code = "setup"


class Interrupted(UserError, RuntimeError):
    """The run was stopped on purpose; its state is saved and it can be resumed."""

    default_code = "interrupted"


class InternalError(PostgradError, RuntimeError):
    """Our own fault."""

    default_code = "internal_error"


class CheckpointError(InternalError):
    """No checkpoint of the run is whole."""

    default_code = "no_checkpoint"


class TrainingError(InternalError):
    """The numbers went wrong (loss or gradient not finite, again and again)."""

    default_code = "training_failed"


def _tree(root: type[PostgradError]) -> dict[str, type[PostgradError]]:
    found = {root.__name__: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


def from_dict(payload: dict[str, str]) -> PostgradError:
    """Rebuild an error from `PostgradError.as_dict`. An unknown type becomes InternalError."""
    kind = _tree(PostgradError).get(payload.get("type", ""), InternalError)
    arguments = {key: payload.get(key, "") for key in ("why", "fix", "code")}
    if issubclass(kind, RowError):
        arguments["path"] = payload.get("path", "")
    return kind(payload.get("what", "unknown error"), **arguments)


EXIT_DISK_FAILED = 74
"""A worker's exit code if it can't even write its events (EX_IOERR of sysexits.h)."""


def exit_code(error: BaseException) -> int:
    """1 for a user's fault, 2 for ours."""
    return 1 if isinstance(error, UserError) else 2
