"""postgrad train"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from postgrad import verbs
from postgrad.cli.options import (
    changes,
    end,
    job_options,
    json_option,
    print_json,
    strict_option,
)
from postgrad.cli.screen import Screen, show_report
from postgrad.core.run import RunFolder
from postgrad.errors import JobError


@click.command()
@click.argument("source", metavar="FILE|JOB|RUN")
@job_options
@click.option("--out", metavar="RUN", help="The run's folder (default: runs/NAME-1).")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped.")
@strict_option
@json_option
def train(
    source: str,
    base: str | None,
    method: str | None,
    settings: Sequence[str],
    out: str | None,
    resume: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Train a specialist and prove what got better.

    FILE holds examples (JSONL, CSV, Parquet or text); JOB is a job file; with --resume, RUN is the
    folder of a run that was stopped.
    """
    wanted = changes(base, method, settings)
    with Screen(quiet=as_json) as screen:
        if resume:
            if wanted:
                raise JobError(
                    "A run that goes on keeps its settings.",
                    why="With other settings it would be another run.",
                    fix="Leave out --base, --method and --set, or start a new run.",
                )
            run = verbs.resume(out or source, on_event=screen.show)
        else:
            run = verbs.train(source, out=out, on_event=screen.show, changes=wanted)
    if as_json:
        print_json({"run": str(run.folder), "report": run.report.model_dump(mode="json")})
    else:
        show_report(screen, run.report, RunFolder(Path(run.folder)))
    end(run.report, strict)
