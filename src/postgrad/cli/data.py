"""postgrad data"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from postgrad import verbs
from postgrad.cli.options import changes, job_options, json_option, print_json
from postgrad.cli.screen import Screen

MOST_SHOWN = 3


@click.group()
def data() -> None:
    """Your examples: check them before you spend anything."""


@data.command()
@click.argument("source", metavar="FILE|JOB")
@job_options
@json_option
def check(
    source: str, base: str | None, method: str | None, settings: Sequence[str], as_json: bool
) -> None:
    """Read a data file as training would, and say what is wrong with it.

    Shows the format, the split, every rejected row's reason with line numbers, and which tokens
    of the first row are taught.
    """
    with Screen(quiet=as_json) as screen:
        found = verbs.check(source, on_event=screen.show, changes=changes(base, method, settings))
    if as_json:
        print_json(found)
    else:
        _show(screen, found)


def _show(screen: Screen, found: dict[str, Any]) -> None:
    from rich.text import Text  # see cli/screen.py

    dataset = found["dataset"]
    for note in dataset["notes"]:
        screen.line(f"  {note}")
    for split, tokens in dataset["tokens"].items():
        taught = dataset["supervised_tokens"][split]
        screen.line(f"  {split}: {tokens:,} tokens, {taught:,} of them taught")
    screen.line(f"  {found['task']['primary']} would decide. {found['task']['why']}")
    reasons = Counter(row["code"] for row in found["rejected"])
    for code, number in reasons.most_common():
        rows = [row for row in found["rejected"] if row["code"] == code]
        screen.line(f"  {number} x {code}", style="yellow")
        for row in rows[:MOST_SHOWN]:
            place = f"{row['file']} line {row['line']}" + (
                f", {row['path']}" if row["path"] else ""
            )
            screen.line(f"    {place}: {row['what']}")
        if rows[0]["fix"]:
            screen.line(f"    {rows[0]['fix']}")
    screen.line(f"  {found['example']['id']} as the model sees it (green is taught):")
    text = Text("    ")
    for piece in found["example"]["pieces"]:
        text.append(piece["text"].replace("\n", "\n    "), "green" if piece["taught"] else "dim")
    screen.console.print(text)
