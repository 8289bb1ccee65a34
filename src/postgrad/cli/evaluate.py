"""postgrad eval"""

from __future__ import annotations

from pathlib import Path

import click

from postgrad import verbs
from postgrad.cli.options import end, json_option, print_json, strict_option
from postgrad.cli.screen import Screen, show_report
from postgrad.core.run import RunFolder


@click.command("eval")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--curve", is_flag=True, help="Train on parts of the data instead: would more of it help?"
)
@strict_option
@json_option
def evaluate(run: Path, curve: bool, strict: bool, as_json: bool) -> None:
    """Ask both models of a finished run again, and report anew.

    With --curve: train again on parts of the run's rows, to foresee what more data would bring.
    """
    with Screen(quiet=as_json) as screen:
        found = verbs.evaluate(run, curve=curve, on_event=screen.show)
    if as_json:
        print_json({"run": str(run), "report": found.report.model_dump(mode="json")})
    else:
        show_report(screen, found.report, RunFolder(run))
    end(found.report, strict)
