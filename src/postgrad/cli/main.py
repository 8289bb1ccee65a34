"""`postgrad`: the commands, and what an error looks like."""

from __future__ import annotations

import json
import sys
import traceback

import click

from postgrad import __version__
from postgrad.cli.chat import chat
from postgrad.cli.compare import compare
from postgrad.cli.data import data
from postgrad.cli.demo import demo
from postgrad.cli.doctor import doctor
from postgrad.cli.evaluate import evaluate
from postgrad.cli.models import models
from postgrad.cli.next import next_command
from postgrad.cli.plan import plan
from postgrad.cli.report import report
from postgrad.cli.review import review
from postgrad.cli.train import train
from postgrad.errors import InternalError, Interrupted, PostgradError, UserError, exit_code


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
    *(demo, models, data, plan, train, evaluate, review, report, compare, next_command),
    *(chat, doctor),
)
for command in IN_ORDER:
    cli.add_command(command)


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
