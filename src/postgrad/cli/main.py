"""`postgrad`: the commands, and what an error looks like."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

import click

from postgrad import __version__, plugins
from postgrad.errors import InternalError, Interrupted, PostgradError, UserError, exit_code


class ByName(click.Command):
    """A command whose module is loaded when it is called; the list shows only this row of it."""

    def __init__(self, name: str, target: str, line: str) -> None:
        super().__init__(name, help=line)
        self.target = target

    def loaded(self) -> click.Command:
        """The command itself."""
        return plugins.find(self.target)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The command's own context: from here on click knows only the command itself."""
        return self.loaded().make_context(info_name, args, parent, **extra)


class _InOrder(click.Group):
    """Lists commands in the order of a specialist's life, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="postgrad")
def cli() -> None:
    """From a base model and a file of examples to a specialist that you own, with the proof of
    what got better and what got worse.

    Begin with: postgrad demo
    """


IN_ORDER = (
    ("demo", "demo:demo", "The whole life of a specialist, on a bundled example."),
    ("models", "models:models", "Base models: list, pull, show."),
    ("data", "data:data", "Your examples: collect, check and clean them, before you train."),
    ("plan", "plan:plan", "Say whether to fine-tune at all, and what it will take and cost."),
    ("train", "train:train", "Train a specialist and prove what got better."),
    ("eval", "evaluate:evaluate", "Ask both models of a finished run again, and report anew."),
    ("review", "review:review", "Compare both models' answers yourself, blind."),
    ("report", "report:report", "Show a finished run's report, and write its pages anew."),
    ("compare", "compare:compare", "Say what the second of two does better than the first."),
    ("next", "next:next_command", "Say what to try after a run, and write its job."),
    ("chat", "chat:chat", "Talk to the model of a run."),
    ("doctor", "doctor:doctor", "Look at this machine: each line is ok, or says what to do."),
)
for name, target, line in IN_ORDER:
    cli.add_command(ByName(name, f"postgrad.cli.{target}", line))


def main() -> None:
    """The entry point: 0 done, 1 a user's fault, 2 ours, 3 not better under --strict."""
    try:
        ended = cli(prog_name="postgrad", standalone_mode=False)  # a click Exit comes as its code
        sys.exit(ended if isinstance(ended, int) else 0)
    except (Exception, KeyboardInterrupt) as error:
        told = _explained(error)
        if "--json" in sys.argv:
            click.echo(json.dumps({"error": told.as_dict()}, ensure_ascii=False))
        elif isinstance(error, click.ClickException):
            error.show()
        else:
            _show(told)
        sys.exit(exit_code(told))


def _explained(error: BaseException) -> PostgradError:
    """Whatever ended a command, as an error of ours."""
    if isinstance(error, PostgradError):
        return error
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        fix = f"See: {context.command_path if context else 'postgrad'} --help"
        return UserError(error.format_message(), fix=fix, code="usage")
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return Interrupted("Stopped.", code="stopped")
    traceback.print_exception(error)
    return InternalError(
        f"{type(error).__name__}: {error}",
        why="This is an error of postgrad itself.",
        fix="Please report it, with the trace above.",
        code="unexpected",
    )


def _show(error: PostgradError) -> None:
    if isinstance(error, Interrupted):
        click.echo(error.what, err=True)
    else:
        click.secho(f"Error: {error.what}", fg="red", err=True)
    for line in (error.why, error.fix):
        if line:
            click.echo(line, err=True)
