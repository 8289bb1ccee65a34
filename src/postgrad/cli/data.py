"""postgrad data"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from postgrad import verbs
from postgrad.cli.options import changes, job_options, json_option, print_json
from postgrad.cli.screen import Screen

SHADES = {"blocks": "red", "hurts": "yellow", "look": "cyan"}
HEADINGS = {"blocks": "Blocks training", "hurts": "Hurts", "look": "Worth a look"}


@click.group()
def data() -> None:
    """Your examples: check them before you spend anything."""


@data.command()
@click.argument("source", metavar="FILE|JOB")
@job_options
@click.option("--only", multiple=True, metavar="RULE", help="Run this rule. May be repeated.")
@click.option("--strict", is_flag=True, help="Exit with 1 if something blocks training.")
@json_option
def check(
    source: str,
    base: str | None,
    method: str | None,
    settings: Sequence[str],
    only: Sequence[str],
    strict: bool,
    as_json: bool,
) -> None:
    """Say what is wrong with a data file, and what to do about it.

    With --base, or of a job file, the data is seen as that base model sees it: tokens are counted
    and not estimated, and the first row shows which of them are taught.
    """
    on_base = bool(base) or source.endswith((".yaml", ".yml"))
    with Screen(quiet=as_json) as screen:
        found = verbs.check(
            source,
            on_base=on_base,
            rules=list(only) or None,
            on_event=screen.show,
            changes=changes(base, method, settings),
        )
    if as_json:
        print_json(found)
    else:
        _show(screen, found)
    if strict and (found["problem"] or any(_blocks(each) for each in found["findings"])):
        raise click.exceptions.Exit(1)


def _blocks(finding: dict[str, Any]) -> bool:
    return finding["severity"] == "blocks"


def _show(screen: Screen, found: dict[str, Any]) -> None:
    for note in found["notes"]:
        screen.line(f"  {note}")
    about = "" if found["exact"] else "about "
    for split, counts in found["splits"].items():
        screen.line(
            f"  {split}: {counts['rows']:,} rows, {counts['turns']:,} turns, {about}"
            f"{counts['tokens']:,} tokens, {counts['trained_tokens']:,} of them taught"
        )
    for severity, heading in HEADINGS.items():
        findings = [each for each in found["findings"] if each["severity"] == severity]
        if findings:
            screen.line(heading, style=f"bold {SHADES[severity]}")
        for finding in findings:
            _show_finding(screen, finding)
    if found["problem"]:
        problem = found["problem"]
        screen.line("Training would stop here", style="bold red")
        for text in filter(None, (problem["what"], problem["why"], problem["fix"])):
            screen.line(f"  {text}")
    elif not found["findings"]:
        screen.line("Nothing is wrong that the rules know.", style="green")
    if found.get("example"):
        _show_example(screen, found["example"])


def _show_finding(screen: Screen, finding: dict[str, Any]) -> None:
    share = finding["share_of_trained_tokens"]
    screen.line(
        f"  {finding['count']:,} x {finding['title']} ({finding['code']}, "
        f"{share:.1%} of the taught tokens)",
        style=SHADES[finding["severity"]],
    )
    for place in finding["examples"]:
        path = f", {place['path']}" if place["path"] else ""
        screen.line(f"    {place['file']} line {place['line']}{path}: {place['what']}")
    screen.line(f"    {finding['why']} {finding['fix']}", style="dim")


def _show_example(screen: Screen, example: dict[str, Any]) -> None:
    from rich.text import Text  # see cli/screen.py

    screen.line(f"  {example['id']} as the model sees it (green is taught):")
    text = Text("    ")
    for piece in example["pieces"]:
        text.append(piece["text"].replace("\n", "\n    "), "green" if piece["taught"] else "dim")
    screen.console.print(text)
