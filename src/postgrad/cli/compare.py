"""postgrad compare"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from postgrad import verbs
from postgrad.cli.options import json_option, print_json
from postgrad.cli.screen import VERDICTS, Screen
from postgrad.core.report import Comparison
from postgrad.reports import next_steps, reading, words

MOST_SHOWN = 3
"""Changed answers on the screen; --json has all."""

MOST_CHARACTERS = 110


@click.command()
@click.argument("first", metavar="RUN|FILE")
@click.argument("second", metavar="RUN|FILE")
@json_option
def compare(first: str, second: str, as_json: bool) -> None:
    """Say what the second of two does better than the first.

    Both are compared on the same held-out questions. RUN is a run's folder, or RUN@base for its
    base model; FILE holds chats whose last answers are what some other model said, a hosted one
    for example. At least one of the two is a run.
    """
    with Screen(quiet=as_json) as screen:
        found = verbs.compare(first, second, on_event=screen.show)
        if as_json:
            print_json(found)
        else:
            _show(screen, found)


def _show(screen: Screen, found: Mapping[str, Any]) -> None:
    verdict = str(found["verdict"])
    screen.line(
        f"{verdict.replace('_', ' ').upper()}  {found['headline']}", f"bold {VERDICTS[verdict]}"
    )
    rows = found["rows"]
    told = f"{words.count(rows['compared'], 'question')} compared"
    if rows["left_out"]:
        told += f", {rows['left_out']} left out because one of the models was trained on them"
    if rows["alone"]:
        told += f", {rows['alone']} answered by one side only"
    primary = Comparison.model_validate(found["primary"])
    screen.line(f"  {told}.{reading.clustered(primary)}")
    secondary = [Comparison.model_validate(values) for values in found["secondary"]]
    width = max(len(it.title) for it in (primary, *secondary))
    for it in (primary, *secondary):
        before, after = (reading.short_score(it, value) for value in (it.base, it.tuned))
        change = f"{reading.difference(it, it.delta)} ({reading.interval(it)})"
        screen.line(f"  {it.title:<{width}}{before:>9}{after:>9}   {change}")
    for setting in found["settings"]:
        screen.line(f"  {next_steps.change(setting)}", style="dim")
    for change in found["changes"][:MOST_SHOWN]:
        screen.line("")
        for name in ("prompt", "reference", "first", "second"):
            screen.line(f"  {name:<10}{_short(change[name])}")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 3] + "..."
