"""postgrad eval"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from postgrad import verbs
from postgrad.cli.options import changes, end, json_option, print_json, set_option, strict_option
from postgrad.cli.screen import Screen, show_report, show_suites
from postgrad.core.run import RunFolder
from postgrad.errors import JobError


@click.command("eval")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--quick", is_flag=True, help="Ask a part of what lies beside the test; this sees less."
)
@click.option(
    "--anew",
    is_flag=True,
    help="Ask the base also the bundled items that an earlier run on this machine asked it.",
)
@click.option(
    "--curve", is_flag=True, help="Train on parts of the data instead: would more of it help?"
)
@click.option(
    "--suite",
    "suites",
    multiple=True,
    metavar="SUITE:TASK[,TASK][,option=value]",
    help="Only ask tasks of a public suite, and add them to the report: lm-eval:NAME, "
    "lm-eval:FILE.yaml, inspect:FILE.py@NAME. May be repeated.",
)
@click.option("--judge", metavar="URL", help="Let a model behind this URL compare the answers.")
@click.option("--judge-model", metavar="NAME", help="The judge's name at that URL.")
@set_option
@strict_option
@json_option
def evaluate(
    run: Path,
    quick: bool,
    anew: bool,
    curve: bool,
    suites: tuple[str, ...],
    judge: str | None,
    judge_model: str | None,
    settings: Sequence[str],
    strict: bool,
    as_json: bool,
) -> None:
    """Ask both models of a finished run again, and report anew.

    With --curve: train again on parts of the run's rows, to foresee what more data would bring.

    With --judge, neither is asked again: their stored answers and the test's questions are sent to
    URL (OpenAI-compatible chat completions), and a model there says which answers are better. Its
    other settings are keys of the job: --set judge.key_env=NAME, --set judge.limit=50.
    """
    wanted = changes(None, None, settings)
    with Screen(quiet=as_json) as screen:
        if judge:
            found = verbs.judge(run, judge, judge_model, on_event=screen.show, changes=wanted)
        elif judge_model or wanted:
            raise JobError(
                "Without --judge, a finished run is asked again as it was.",
                why="With other settings it would be another run.",
                fix="Add --judge URL, or leave out --judge-model and --set.",
                code="no_judge",
            )
        else:
            found = verbs.evaluate(
                run, quick=quick, anew=anew, curve=curve, suites=suites, on_event=screen.show
            )
    if as_json:
        print_json({"run": str(run), "report": found.report.model_dump(mode="json")})
    else:
        show_report(screen, found.report, RunFolder(run))
        show_suites(screen, found.report)
    end(found.report, strict)
