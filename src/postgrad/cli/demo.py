"""postgrad demo"""

from __future__ import annotations

from pathlib import Path

import click

from postgrad import verbs
from postgrad.cli.options import json_option, print_json
from postgrad.cli.screen import Screen, show_report
from postgrad.core.run import RunFolder


@click.command()
@click.option("--out", metavar="RUN", help="The run's folder (default: runs/pizzeria-1).")
@json_option
def demo(out: str | None, as_json: bool) -> None:
    """The whole life of a specialist, on a bundled example.

    A pizzeria wants every message of its customers answered as JSON, in its own voice.
    """
    with Screen(quiet=as_json) as screen:
        if not as_json:
            screen.line("Luna's Oven, a pizzeria, wants its customers' messages as JSON, and")
            screen.line("answered in its own voice. The base model has never seen the house.")
        run = verbs.train(verbs.DEMO_JOB, out=out, on_event=screen.show)
    if as_json:
        print_json({"run": str(run.folder), "report": run.report.model_dump(mode="json")})
    else:
        show_report(screen, run.report, RunFolder(Path(run.folder)))
