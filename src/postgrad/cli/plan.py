"""postgrad plan"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from postgrad import verbs
from postgrad.cli.options import changes, job_options, json_option, print_json
from postgrad.cli.screen import Screen, show_advice, show_costs, show_plan
from postgrad.errors import SetupError


@click.command()
@click.argument("source", metavar="FILE|JOB")
@job_options
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the job file here.")
@click.option("--no-trial", is_flag=True, help="Only count: take no training steps to measure.")
@json_option
def plan(
    source: str,
    base: str | None,
    method: str | None,
    settings: Sequence[str],
    output: Path | None,
    no_trial: bool,
    as_json: bool,
) -> None:
    """Say whether to fine-tune at all, and what it will take and cost."""
    with Screen(quiet=as_json) as screen:
        found = verbs.plan(
            source,
            trial=not no_trial,
            on_event=screen.show,
            changes=changes(base, method, settings),
        )
    if output:
        _write(output, found["job"])
    if as_json:
        print_json(found)
        return
    show_plan(screen, found)
    show_costs(screen, found)
    show_advice(screen, found["advice"])
    if output:
        screen.line(f"Train it with: postgrad train {output}")
    else:
        screen.line("")
        screen.line(found["job"].rstrip(), style="dim")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(
            f"The job file {path} can't be written: {error.strerror}.",
            fix="Choose another place with -o.",
            code="disk",
        ) from None
