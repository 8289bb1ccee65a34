"""postgrad next"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from postgrad import verbs
from postgrad.cli.options import changes, json_option, print_json, set_option
from postgrad.cli.screen import VERDICTS, Screen
from postgrad.core.report import Comparison
from postgrad.errors import JobError
from postgrad.reports import next_steps, reading, words


@click.command("next")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--take", type=int, metavar="N", help="Write the job of suggestion N.")
@set_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The job file (default: next.yaml)."
)
@click.option("--tree", "as_tree", is_flag=True, help="Show the runs beside it as a tree.")
@click.option("--diff", "as_diff", is_flag=True, help="Show what it changed, and what came of it.")
@json_option
def next_command(
    run: Path,
    take: int | None,
    settings: Sequence[str],
    output: Path | None,
    as_tree: bool,
    as_diff: bool,
    as_json: bool,
) -> None:
    """Say what to try after a run, and write its job.

    Alone it suggests at most three things, each from evidence in the run. With --take, --set or
    -o it writes a job file that knows the run it came from; without --take, --set makes your own
    changes and nothing else.
    """
    own = changes(None, None, settings)
    writes = take is not None or own or output
    if sum((as_tree, as_diff, bool(writes))) > 1:
        raise JobError(
            "--tree and --diff only look, each by itself.",
            why="A job is written with --take, --set or -o.",
            fix="Give one of them.",
            code="usage",
        )
    screen = Screen(quiet=as_json)
    if as_tree:
        found, show = verbs.family(run), _show_tree
    elif as_diff:
        found, show = verbs.what_changed(run), _show_diff
    elif writes:
        found, show = verbs.next_job(run, take=take, output=output, changes=own), _show_job
    else:
        found, show = verbs.suggest(run), _show_suggestions
    if as_json:
        print_json(found)
    else:
        show(screen, found)


def _show_suggestions(screen: Screen, found: Mapping[str, Any]) -> None:
    verdict = str(found["verdict"])
    screen.line(f"{_shout(verdict)}  {found['headline']}", f"bold {VERDICTS[verdict]}")
    if not found["suggestions"]:
        screen.line("")
        screen.line(next_steps.NOTHING)
    for number, each in enumerate(found["suggestions"], start=1):
        screen.line("")
        screen.line(f"{number}. {each['title']}", style="bold")
        screen.line(f"   Because  {each['evidence']} ({next_steps.GRADES[each['grade']]})")
        for change in each["changes"]:
            screen.line(f"   Change   {next_steps.change(change)}")
        screen.line(f"   Expect   {each['expect']}")
        if each["do"]:
            screen.line(f"   Do       {each['do']}")
        if each["command"]:
            screen.line(f"   First    {each['command']}")
        if each["is_job"]:
            screen.line(f"   Take it  postgrad next {found['run']} --take {number}")
    screen.line("")
    screen.line(next_steps.judged(found["judged"]), style="dim")


def _show_job(screen: Screen, found: Mapping[str, Any]) -> None:
    if found["suggestion"]:
        screen.line(found["suggestion"]["title"], style="bold")
    for change in found["changed"]:
        screen.line(f"  {next_steps.change(change)}")
    screen.line(f"Train it with: {found['command']}")


def _show_tree(screen: Screen, found: Mapping[str, Any]) -> None:
    screen.line(found["folder"], style="bold")
    _show_branches(screen, found["runs"], "")


def _show_branches(screen: Screen, branches: Sequence[Mapping[str, Any]], indent: str) -> None:
    for number, each in enumerate(branches, start=1):
        is_last = number == len(branches)
        below = indent + ("   " if is_last else "│  ")
        screen.line(f"{indent}{'└─' if is_last else '├─'} {each['run']}  {_standing(each)}")
        beside = below + ("│  " if each["children"] else "   ")
        if each["missing_parent"]:
            screen.line(f"{beside}from {each['missing_parent']}, which is not here", style="dim")
        for change in each["changed"]:
            screen.line(f"{beside}{next_steps.change(change)}", style="dim")
        _show_branches(screen, each["children"], below)


def _show_diff(screen: Screen, found: Mapping[str, Any]) -> None:
    parent, name = found["parent"], Path(found["run"]).absolute().name
    gone = "" if parent["folder"] else " (which is gone: its job is told from this one's)"
    screen.line(f"{name}, made from {parent['name']}{gone}", style="bold")
    if found["why"]:
        screen.line(f"  Because   {found['why']}")
    for change in found["changed"]:
        screen.line(f"  Changed   {next_steps.change(change)}")
    if not found["changed"]:
        screen.line("  Changed   no setting")
    for what in ("data", "code"):
        told = {True: "the same", False: "changed", None: "not known"}[found[what]["same"]]
        screen.line(f"  {what.capitalize():<10}{told}")
    for which, whose in (("old", parent["name"]), ("new", name)):
        if found[which]:
            screen.line(f"  {whose}: {_standing(found[which])}")
    if parent["folder"]:
        screen.line(
            "Whether that is more than chance says: "
            f"postgrad compare {parent['folder']} {found['run']}"
        )


def _standing(found: Mapping[str, Any]) -> str:
    """Verdict, primary metric from base to tuned, and the gates, in one line."""
    if not found["verdict"]:
        return "not finished"
    it = Comparison.model_validate(found["primary"])
    base, tuned = (reading.short_score(it, value) for value in (it.base, it.tuned))
    gain = f"{it.title}: {base} -> {tuned} (n = {words.number(it.n)})"
    parts = [f"{_shout(found['verdict'])}  {gain}"]
    open_still = [name for name, passed in found["gates"].items() if not passed]
    if found["gates"]:
        parts.append(f"not passed: {', '.join(open_still)}" if open_still else "all gates passed")
    return "; ".join(parts)


def _shout(verdict: str) -> str:
    return verdict.replace("_", " ").upper()
