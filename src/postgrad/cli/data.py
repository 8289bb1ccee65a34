"""postgrad data"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from postgrad import verbs
from postgrad.cli.collect import collect
from postgrad.cli.options import (
    base_option,
    changes,
    job_options,
    json_option,
    print_json,
    set_option,
)
from postgrad.cli.screen import SHADES, Screen
from postgrad.reports import findings
from postgrad.reports.words import count, number

WIDEST = 100
"""Characters of a line: what an eye takes in at once."""

INDENT = " " * 10

TOKEN_STYLES = {"trained": "green", "context": "dim", "cut": "strike red", "gap": "dim"}


@click.group()
def data() -> None:
    """Your examples: collect, check and clean them, before you train."""


data.add_command(collect)


@data.command()
@click.argument("source", metavar="FILE|JOB")
@job_options
@click.option("--only", multiple=True, metavar="RULE", help="Run this rule. May be repeated.")
@click.option("--html", "page", metavar="PAGE", help="Write findings and rows as a page (.html).")
@click.option("--strict", is_flag=True, help="Exit with 1 if something blocks training.")
@json_option
def check(
    source: str,
    base: str | None,
    method: str | None,
    settings: Sequence[str],
    only: Sequence[str],
    page: str | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Say what is wrong with a data file, and what to do about it.

    With --base, or of a job file, the data is seen as that base model sees it: tokens are counted
    and not estimated, and the first row (on the page, each) shows which of them are taught.
    """
    with Screen(quiet=as_json) as screen:
        found = verbs.check(
            source,
            on_base=_is_on_base(source, base),
            rules=list(only) or None,
            page=page,
            on_event=screen.show,
            changes=changes(base, method, settings),
        )
    if as_json:
        print_json(found)
    else:
        _show(screen, found)
        if page:
            screen.line(f"Page: {page}")
        elif found["findings"]:
            command = _again(source, base, settings)
            text = f"Why each matters, with the rows: {command} --html check.html"
            screen.line(text, style="dim")
    if strict and (found["problem"] or any(_blocks(each) for each in found["findings"])):
        raise click.exceptions.Exit(1)


@data.command()
@click.argument("source", metavar="FILE|JOB")
@click.option(
    "-o", "--output", metavar="OUT", required=True, help="The new file; it ends in .jsonl."
)
@base_option
@click.option("--only", multiple=True, metavar="CODE", help="Mend this finding. May be repeated.")
@click.option(
    "--except",
    "without",
    multiple=True,
    metavar="CODE",
    help="Leave this finding as it is. May be repeated.",
)
@set_option
@json_option
def clean(
    source: str,
    output: str,
    base: str | None,
    only: Sequence[str],
    without: Sequence[str],
    settings: Sequence[str],
    as_json: bool,
) -> None:
    """Write the file again without what is wrong with it, and a log of every decision.

    Rows that are broken or there twice are left out, private data is masked: what each finding of
    `data check` says. All else stays byte for byte. `data restore` undoes it.

    With --base, or of a job file, rows that this base model can't be trained on are left out too.
    """
    with Screen(quiet=as_json) as screen:
        found = verbs.clean(
            source,
            output,
            on_base=_is_on_base(source, base),
            only=only,
            without=without,
            on_event=screen.show,
            changes=changes(base, None, settings),
        )
    if as_json:
        print_json(found)
        return
    before, after = found["rows"]["before"], found["rows"]["after"]
    screen.line(
        f"  {count(before, 'row')}: {number(found['left_out'])} left out, "
        f"{number(found['changed'])} changed, {number(after - found['changed'])} as they were."
    )
    for code, touched in found["by_code"].items():
        screen.line(f"  {touched:>8,} x {code}")
    if found["left"]:
        left = ", ".join(f"{rows:,} x {code}" for code, rows in found["left"].items())
        screen.line(f"  Not mended, look at them yourself: {left}.", style="yellow")
    screen.line(f"Written:  {output}")
    screen.line(f"Why:      {_beside(output, found['log'])} (it holds what was taken out)")
    screen.line(f"Undo:     postgrad data restore {shlex.quote(output)}")
    screen.line(f"Next:     postgrad data check {shlex.quote(output)}")


@data.command()
@click.argument("cleaned", metavar="OUT")
@click.option(
    "-o", "--output", metavar="FILE", help="Where to write (default: the original's name)."
)
@json_option
def restore(cleaned: str, output: str | None, as_json: bool) -> None:
    """Give back the original of a cleaned file, the same bytes."""
    with Screen(quiet=as_json) as screen:
        found = verbs.restore(cleaned, output, on_event=screen.show)
    if as_json:
        print_json(found)
    elif found["was_there"]:
        screen.line(f"{found['path']} is there already, and is the original.")
    else:
        screen.line(f"Restored: {found['path']}, the same bytes (sha256 {found['sha256'][:12]}).")


def _is_on_base(source: str, base: str | None) -> bool:
    """A job file always has a base model; of a data file only --base says which one is meant."""
    return bool(base) or source.endswith((".yaml", ".yml"))


def _blocks(finding: Mapping[str, Any]) -> bool:
    return finding["severity"] == "blocks"


def _again(source: str, base: str | None, settings: Sequence[str]) -> str:
    options = ["--base", base] if base else []
    options += [part for setting in settings for part in ("--set", setting)]
    return shlex.join(["postgrad", "data", "check", source, *options])


def _beside(output: str, log: str) -> str:
    return str(Path(output).with_name(Path(log).name))


def _show(screen: Screen, found: Mapping[str, Any]) -> None:
    width = min(screen.console.width, WIDEST)
    for note in found["notes"]:
        if not note.startswith("Rows: "):  # the table says it
            screen.line(f"  {note}")
    _show_sizes(screen, found)
    for severity, heading, group in findings.grouped(found["findings"]):
        screen.line("")
        screen.line(heading, style=f"bold {SHADES[severity]}")
        for finding in group:
            _show_finding(screen, finding, width)
    screen.line("")
    if found["problem"]:
        problem = found["problem"]
        screen.line("Training would stop here", style="bold red")
        for text in filter(None, (problem["what"], problem["why"], problem["fix"])):
            screen.line(f"  {text}")
    elif not found["findings"]:
        screen.line("Nothing is wrong that the rules know.", style="green")
    if found.get("example"):
        _show_example(screen, found["example"])
    if found["command"]:
        screen.line("Mend all that a program can mend, and keep a log of it:")
        screen.line(f"  {found['command']}")


def _show_sizes(screen: Screen, found: Mapping[str, Any]) -> None:
    """Rows, turns and tokens of each split, as a table."""
    screen.line(f"  {'':<7}{'rows':>10}{'turns':>10}{'tokens':>12}{'taught':>12}", style="dim")
    for split, counts in findings.splits(found):
        screen.line(
            f"  {split:<7}{counts['rows']:>10,}{counts['turns']:>10,}"
            f"{counts['tokens']:>12,}{counts['trained_tokens']:>12,}"
        )
    if not found["exact"]:
        screen.line("  Tokens are estimated; --base MODEL counts them.", style="dim")


def _show_finding(screen: Screen, finding: Mapping[str, Any], width: int) -> None:
    from rich.text import Text  # see cli/screen.py

    meta = finding["code"]
    if finding["share_of_trained_tokens"]:
        meta += f", {findings.share(finding)} of what is taught"
    head = Text(f"{finding['count']:>7,} x ")
    head.append(findings.one_line(finding["title"], width - 10), SHADES[finding["severity"]])
    gap = width - len(head) - len(meta)
    head.append(" " * gap + meta if gap > 1 else f"\n{INDENT}{meta}", "dim")
    screen.console.print(head)
    for example in finding["examples"]:
        where = findings.place(finding, example["file"], example["line"])
        path = f" {example['path']}" if example["path"] else ""
        screen.line(INDENT + findings.one_line(f"{where}{path}: {example['what']}", width - 10))
    if finding["command"]:  # never cut: it is to be copied
        screen.line(INDENT + finding["command"], style="bold")
    for line in [] if finding["command"] else textwrap.wrap(finding["fix"], width - 10):
        screen.line(INDENT + line, style="bold")


def _show_example(screen: Screen, example: Mapping[str, Any]) -> None:
    from rich.text import Text  # see cli/screen.py

    screen.line(f"  {example['id']} as the model sees it (green is taught):")
    text = Text("    ")
    for piece in example["pieces"]:
        text.append(piece["text"].replace("\n", "\n    "), TOKEN_STYLES[piece["kind"]])
    screen.console.print(text)
    screen.line("")
