"""postgrad review"""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import click

from postgrad import verbs
from postgrad.cli.options import json_option, print_json
from postgrad.cli.screen import Screen, show_report
from postgrad.evals.marks import MarkWord
from postgrad.reports.words import count
from postgrad.verbs.reviewing import Review, Shown

KEYS: dict[str, MarkWord] = {"a": "a", "b": "b", "t": "tie", "s": "skip"}
STOP = "q"
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of what follows (Unicode Annex 9, explicit formatting)."""

ASKED = "a, b, t (tie), s (skip) or q (stop)? "


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--page", metavar="FILE.html", help="Write a page to mark the answers in a browser.")
@click.option("--import", "marks", metavar="FILE", help="Take the marks that the page gave.")
@json_option
def review(run: Path, page: str | None, marks: str | None, as_json: bool) -> None:
    """Compare both models' answers yourself, blind.

    You see a question and two answers, and not whose they are: press a or b for the better one,
    t for a tie, s to skip, q to stop. Each mark is stored at once, and the same command goes on
    where you stopped. Once 50 pairs are marked, or all of a smaller test, your marks decide the
    verdict: postgrad report RUN

    With --json, each pair is one line of JSON, and each line of the input is a key.
    """
    it = verbs.review(run)
    if marks:
        told = it.import_page(marks)
        _told(it, as_json, **told)
    if page:
        pairs = it.write_page(page)
        _told(it, as_json, page=page, pairs=pairs)
    if not (marks or page):
        _mark_all(it, as_json)


def _mark_all(it: Review, as_json: bool) -> None:
    waiting = it.waiting
    total = it.marks.num_asked
    done = total - len(waiting)
    for number, pair in enumerate(waiting, start=done + 1):
        if as_json:
            shown = {"pair": pair.key, "number": number, "of": total, "turns": pair.turns}
            click.echo(json.dumps(shown | {"a": pair.a, "b": pair.b}, ensure_ascii=False))
        else:
            _show(pair, number, total)
        key = _key(as_json)
        if key == STOP:
            break
        it.mark(pair.key, KEYS[key])
    _told(it, as_json)
    if not it.waiting and not as_json:
        _reveal(it)


def _reveal(it: Review) -> None:
    """The end: everything is marked, so nothing need be hidden any more."""
    if not it.run.report_json.exists():
        return
    with Screen() as screen:
        found = verbs.report(it.run.path, on_event=screen.show)
    show_report(screen, found.report, it.run)


def _show(pair: Shown, number: int, total: int) -> None:
    click.echo()
    click.secho(f"Pair {number} of {total}", bold=True)
    for role, text in pair.turns:
        _block("Question" if role == "user" else role, text)
    _block("A", pair.a)
    _block("B", pair.b)


def _block(title: str, text: str) -> None:
    click.secho(title, bold=True)
    for line in plain(text).splitlines() or ["(empty)"]:
        click.echo(f"  {line}")


def plain(text: str) -> str:
    """A model's text without what could move the cursor, colour the screen or turn the line."""
    return "".join(
        "\N{MIDDLE DOT}" if unicodedata.category(sign) == "Cc" and sign not in "\n\t" else sign
        for sign in text
        if sign not in TURNING
    ).strip("\n")


def _key(as_json: bool) -> str:
    """One of the keys; whatever else is pressed is asked again. The end of the input is a stop."""
    while True:
        if not as_json:
            click.echo(ASKED, nl=False)
        if sys.stdin.isatty():
            key = click.getchar()
            click.echo(key)
        else:
            line = sys.stdin.readline()
            key = line.strip() if line else STOP
        key = key.strip().lower()
        if key in KEYS or key == STOP:
            return key
        if not as_json:
            click.echo("  Please press one of these keys.")


def _told(it: Review, as_json: bool, **more: object) -> None:
    """How far the marks are. What they say is not told: whoever goes on is to stay blind."""
    marks = it.marks
    state = {
        "marked": len(marks.found),
        "skipped": marks.num_skipped,
        "waiting": len(marks.waiting),
        "needed": marks.needed,
    }
    if as_json:
        print_json({"run": str(it.run.path), **state, **more})
        return
    if "added" in more:
        click.echo(
            f"{more['added']} marks added, {more['changed']} changed, "
            f"{more['known']} there already."
        )
    if "page" in more:
        click.echo(f"{count(len(marks.waiting), 'pair')} to mark in {more['page']}: open it in a")
        click.echo("browser. It sends nothing; give the file that it downloads back with:")
        click.echo(f"  postgrad review {it.run.path} --import FILE")
        return
    click.echo(f"{count(len(marks.found), 'pair')} marked, {len(marks.waiting)} left.")
    if marks.needed:
        click.echo(f"{count(marks.needed, 'more mark')} until they decide the verdict. Go on with:")
        click.echo(f"  postgrad review {it.run.path}")
    elif marks.waiting:
        click.echo("Enough to decide the verdict. Whoever sees it is no longer blind:")
        click.echo(f"  postgrad report {it.run.path}")
