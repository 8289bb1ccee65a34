"""postgrad report"""

from __future__ import annotations

from pathlib import Path

import click

from postgrad import verbs
from postgrad.cli.options import json_option, print_json
from postgrad.cli.screen import Screen, show_report
from postgrad.core.run import RunFolder


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
@json_option
def report(run: Path, show: bool, as_json: bool) -> None:
    """Show a finished run's report, and write its pages anew."""
    with Screen(quiet=as_json) as screen:
        found = verbs.report(run, on_event=screen.show)
    if as_json:
        print_json(found.report.model_dump(mode="json"))
    else:
        show_report(screen, found.report, RunFolder(run))
    if show:
        click.launch(str(RunFolder(run).report_html))
