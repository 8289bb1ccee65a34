"""Collect: what a company has, as one file that can be learned from.

name the sources -> see what each is -> read each, row by row -> take the shares -> name the files
"""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from postgrad.core.collecting import CollectSettings, Skipped, Visit
from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.data.collect import mix
from postgrad.data.collect.given import Given, parse_sources
from postgrad.data.collect.output import Output, disk_error, line_of_row, skipped_path
from postgrad.data.collect.recognise import Recognised, recognise
from postgrad.data.collect.tally import Tally, kind_of
from postgrad.errors import DataError, Interrupted

TELL_SECONDS = 0.1
"""How often progress is told: smooth for an eye, and nothing beside the work."""


def collect(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """Collect the rows of one source or several into a new file.

    Args:
        context: of the step.
        request: `sources`: as a person names them; `folder`: that their paths are seen from;
            `output`: the path to write; `settings`: dotted keys with values.

    Returns:
        `path`, `skipped_path` (null if nothing was left out), `rows`, `gives` (texts or chats),
        `command` (what to do next), and `sources`: of each its counts, reasons, notes, and how
        many of its rows were taken.
    """
    settings = CollectSettings.build(request["settings"])
    given = parse_sources(request["sources"], Path(request["folder"]))
    mix.check_shares([each.share for each in given])
    path = Path(request["output"])
    output = Output(path)
    sources = [recognise(each, settings) for each in given]
    _check_alike(sources)
    tallies: list[Tally] = []
    try:
        scratch_place = tempfile.TemporaryDirectory(prefix=".postgrad-collect-", dir=path.parent)
        with output, scratch_place as folder:
            scratch = Path(folder)
            for source in sources:
                tallies.append(Tally())
                _gather(context, source, settings, output, scratch, tallies)
            taken = _mix(sources, tallies, output, scratch, settings.seed)
            if not sum(taken):
                raise _nothing(sources, tallies)
            written = output.finish()
    except OSError as error:
        raise disk_error(path, error) from error
    return {
        "path": str(path),
        "skipped_path": str(skipped_path(path)) if skipped_path(path) in written else None,
        "rows": sum(taken),
        "gives": next(tally.gives for tally in tallies if tally.gives),
        "command": f"postgrad data check {shlex.quote(str(path))}",
        "sources": [
            {
                "source": source.given.text,
                "kind": source.collector.name,
                "item": source.collector.item,
                "read_as": source.sentence,
                "taken": number,
                **tally.as_dict(),
            }
            for source, tally, number in zip(sources, tallies, taken, strict=True)
        ],
    }


def _gather(
    context: StepContext,
    source: Recognised,
    settings: CollectSettings,
    output: Output,
    scratch: Path,
    tallies: Sequence[Tally],
) -> None:
    """Read one source: rows go to the new file, or aside if only some of them will be taken."""
    given, tally = source.given, tallies[-1]
    title = f"Collecting {given.label}"
    context.emit(Event("stage", {"name": "collect", "title": title}))
    context.emit(Event("note", {"text": source.sentence}))
    visit = Visit(given.label, settings, scratch, _progress(context, title), tally.notes.append)
    aside = _aside(scratch, given, len(tallies))
    with aside.open("wb") if aside else nullcontext() as file:
        write = file.write if file else output.write
        for found in source.collector.collect(given.path, visit):
            if isinstance(found, Skipped):
                output.skip(found)
                tally.skip(found)
                continue
            before = next((each.gives for each in tallies if each.gives), "")
            if before and kind_of(found.row) != before:
                raise _different(f"{given.label} gives {kind_of(found.row)}", f"others {before}")
            write(line_of_row(found.row))
            tally.use(found.row, found.num_items)


def _mix(
    sources: Sequence[Recognised],
    tallies: Sequence[Tally],
    output: Output,
    scratch: Path,
    seed: int,
) -> list[int]:
    """Take what is wanted of the rows that were put aside; how many rows of each source are in."""
    weights = [
        mix.Weight(tally.num_rows, source.given.share, source.given.limit)
        for source, tally in zip(sources, tallies, strict=True)
    ]
    taken = mix.taken(weights)
    for number, (source, tally, count) in enumerate(zip(sources, tallies, taken, strict=True), 1):
        aside = _aside(scratch, source.given, number)
        if not aside:
            continue
        with aside.open("rb") as file:
            choice = mix.chosen(tally.num_rows, count, f"{seed} {number}")
            for line, take in zip(file, choice, strict=True):
                if take:
                    output.write(line)
        aside.unlink()
        share, total = source.given.share, sum(taken)
        if share is not None and count == tally.num_rows and count < round(share * total):
            tally.notes.append(
                f"All its {count:,} rows are taken, {count / total:.1%} of the new file: it has "
                f"too few for {share:.4g} of it."
            )
    return taken


def _aside(scratch: Path, given: Given, number: int) -> Path | None:
    """Where the rows of a weighted source wait until it is known how many are taken."""
    weighted = given.share is not None or given.limit is not None
    return scratch / f"aside-{number}.jsonl" if weighted else None


def _progress(context: StepContext, title: str) -> Callable[[int, int, str], None]:
    told_at = 0.0

    def tell(done: int, total: int, unit: str) -> None:
        nonlocal told_at
        if context.should_stop():
            raise Interrupted("Stopped; nothing was written.", code="stopped")
        now = time.monotonic()
        if now - told_at >= TELL_SECONDS or done == total:
            told_at = now
            fields = {"stage": title, "done": done, "total": total, "unit": unit}
            context.emit(Event("progress", fields))

    return tell


def _check_alike(sources: Sequence[Recognised]) -> None:
    """See, before anything is read, that all sources give the same kind of rows."""
    kinds = {each.collector.gives: each for each in reversed(sources) if each.collector.gives}
    if len(kinds) > 1:
        told = [f"{each.given.label} gives {gives}" for gives, each in kinds.items()]
        raise _different(told[0], told[1])


def _different(one: str, other: str) -> DataError:
    return DataError(
        f"{one}, {other}.",
        why="A model is trained on one kind of rows: texts to go on with, or chats to answer.",
        fix="Collect them into two files, and train on one after the other.",
        code="different_kinds",
    )


def _nothing(sources: Sequence[Recognised], tallies: Sequence[Tally]) -> DataError:
    reasons = sorted(
        (reason for tally in tallies for reason in tally.reasons.values()),
        key=lambda reason: -reason.count,
    )
    told = [
        f"  {each.count:,} x {each.code}, as {each.source}: {each.what}" for each in reasons[:5]
    ]
    labels = ", ".join(source.given.label for source in sources)
    return DataError(
        "\n".join([f"Nothing in {labels} could be collected.", *told]),
        why="Nothing was written.",
        fix=next((reason.fix for reason in reasons if reason.fix), "Name another source."),
        code="nothing_collected",
    )
