"""postgrad data collect"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click

from postgrad import verbs
from postgrad.cli.options import changes, json_option, print_json
from postgrad.cli.screen import Screen
from postgrad.reports.words import count, number

MOST_REASONS = 8
"""Reasons a screen shows of one source; the file beside has all."""


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o", "--output", metavar="OUT", required=True, help="The new file; it ends in .jsonl."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="As house=acme.example or allow=unknown; docs/collect.md has all. May be repeated.",
)
@json_option
def collect(sources: Sequence[str], output: str, settings: Sequence[str], as_json: bool) -> None:
    """Make one data file from what you have.

    A SOURCE is a folder of documents, a code base, a mailbox, a helpdesk table, stored
    completions, or a data file; which one is detected, and said. KIND:PATH says it yourself.
    PATH=5% takes a share of the new file from a source, PATH=500 at most so many rows.

    What gives no row is listed with its reason in OUT.skipped.jsonl.
    """
    with Screen(quiet=as_json) as screen:
        found = verbs.collect(
            list(sources), output, on_event=screen.show, changes=changes(None, None, settings)
        )
    if as_json:
        print_json(found)
        return
    for source in found["sources"]:
        _show_source(screen, source, found["gives"], len(found["sources"]) > 1)
    screen.line(f"Written:  {output} ({count(found['rows'], 'row')})")
    if found["skipped_path"]:
        screen.line(f"Left out: {found['skipped_path']} (each with its reason)")
    screen.line(f"Next:     postgrad data check {shlex.quote(output)}")


def _show_source(screen: Screen, source: Mapping[str, Any], gives: str, several: bool) -> None:
    if several:
        screen.line(source["source"], style="bold")
    items = count(source["items"], source["item"])
    rows = count(source["rows"], gives.removesuffix("s"))
    screen.line(
        f"  {items}: {number(source['used'])} used, {number(source['skipped'])} left out. "
        f"They give {rows} of {number(source['characters'])} characters in all."
    )
    if source["taken"] != source["rows"]:
        screen.line(f"  {number(source['taken'])} of them are taken.")
    for note in source["notes"]:
        screen.line(f"  {note}")
    for reason in source["reasons"][:MOST_REASONS]:
        screen.line(f"  {reason['count']:>8,} x {reason['code']}", style="yellow")
        screen.line(f"             {reason['source']}: {reason['what']}", style="dim")
        if reason["fix"]:
            screen.line(f"             {reason['fix']}", style="bold")
