"""The screen: a run's events as a person wants to see them.

On a terminal, work in progress is a bar with its rate and the time left; elsewhere it is a plain
line now and then.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from postgrad.core.events import Event
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.reports import costs, findings, learning
from postgrad.reports.words import count, percent

if TYPE_CHECKING:  # rich is loaded where it draws: a help text draws nothing
    from rich.console import Console
    from rich.progress import TaskID

PLAIN_SECONDS = 10.0
"""Without a terminal, progress is said this often at most."""

RATED_SECONDS = 1.0
"""A stage is given a rate once it has gone on for so long."""

VERDICTS = {"better": "green", "worse": "red", "no_proof": "yellow"}
SHADES = {"blocks": "red", "hurts": "yellow", "look": "cyan"}
"""Colours of the severities of findings."""


class Screen:
    """Draws events; use as a context manager, and pass `show` as `on_event`."""

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self.console = console or Console(highlight=False, soft_wrap=True)
        self.quiet = quiet
        self._bars = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal or quiet,
        )
        self._bar: TaskID | None = None
        self._stage = ""
        self._began = self._said_at = 0.0
        self._said = ("", -1)

    def __enter__(self) -> Screen:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, event: Event) -> None:
        """Draw one event; kinds that people need not see are passed over."""
        draw = getattr(self, f"_show_{event.kind}", None)
        if draw and not self.quiet:
            draw(event)

    def line(self, text: str, style: str = "") -> None:
        """A line of plain text; square brackets in it are only brackets."""
        from rich.text import Text

        self.console.print(Text(text, style=style))

    def _show_stage(self, event: Event) -> None:
        self._end_bar()
        self.line(event["title"], style="bold")

    def _show_plan(self, event: Event) -> None:
        show_plan(self, dict(event.fields))

    def _show_progress(self, event: Event) -> None:
        self._move(event["stage"], event["done"], event["total"], unit=event["unit"])

    def _show_step(self, event: Event) -> None:
        loss = "not finite" if event["loss"] is None else f"{event['loss']:.3f}"
        detail = f"loss {loss}  {event['tokens_per_second']:,.0f} tokens/s"
        self._move("Training", event["step"], event["total_steps"], detail)

    def _show_validation(self, event: Event) -> None:
        best = "  (best so far)" if event["best"] else ""
        loss = "not finite" if event["loss"] is None else f"{event['loss']:.3f}"
        self.line(f"  step {event['step']}: validation loss {loss}{best}")

    def _show_sample(self, event: Event) -> None:
        if event["when"] == "before":
            self.line(f"  Question  {_short(event['prompt'])}")
            self.line(f"  Wanted    {_short(event['reference'])}", style="dim")
            self.line(f"  Base      {_short(event['answer'])}", style="red")
        else:
            self.line(f"  Question  {_short(event['prompt'])}")
            self.line(f"  Tuned     {_short(event['answer'])}", style="green")

    def _show_note(self, event: Event) -> None:
        self.line(f"  {event['text']}")

    def _show_warning(self, event: Event) -> None:
        self.line(f"  Warning: {event['text']}", style="yellow")

    def _move(self, stage: str, done: int, total: int, detail: str = "", unit: str = "") -> None:
        """Draw how far a stage is; `detail` stands behind it, or else what the unit tells."""
        now = time.monotonic()
        if self._bar is None or stage != self._stage:
            self._end_bar()
            self._stage, self._began = stage, now
            self._bar = self._bars.add_task(stage, total=total or None, detail="")
        if unit == "bytes":
            done, total, unit = round(done / 1e6), round(total / 1e6), "MB"
        seconds = now - self._began
        if unit:
            is_telling = done and seconds > RATED_SECONDS
            rate = f", {done / seconds:,.1f} {unit}/s" if is_telling else ""
            detail = unit + rate
        self._bars.update(self._bar, completed=done, total=total or None, detail=detail)
        since = now - max(self._began, self._said_at)
        due = since > PLAIN_SECONDS or (done == total and self._said != (stage, done))
        if due and not self.console.is_terminal:
            self._said_at, self._said = now, (stage, done)
            of = f"/{total}" if total else ""
            self.line(f"  {stage}: {done}{of}  {detail}")

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bars.remove_task(self._bar)
            self._bar = None


def show_plan(screen: Screen, plan: dict[str, Any]) -> None:
    """What a job will do, and what the data doctor found, a line each."""
    for text in plan_lines(plan):
        screen.line(f"  {text}")
    found = plan["dataset"]["findings"]
    if found:
        screen.line("  In the data (see them with: postgrad data check FILE):")
    for finding in found:
        screen.line(f"    {findings.summary(finding)}", style=SHADES[finding["severity"]])


def show_costs(screen: Screen, plan: dict[str, Any]) -> None:
    """What a job costs here and elsewhere."""
    screen.line("")
    head, *rest = costs.cost_lines(plan["costs"])
    screen.line(f"  {head}", style="bold")
    for text in rest:
        screen.line(f"  {text}")


def show_advice(screen: Screen, advice: dict[str, Any]) -> None:
    """Whether to fine-tune at all, and what that rests on."""
    screen.line("")
    screen.line(f"{advice['title']}: {advice['case']}.", style="bold")
    if advice["rungs"]:
        screen.line(f"  {advice['metric']} of {advice['rows']} test rows, with 95 % intervals:")
    for rung in advice["rungs"]:
        spread = f"{percent(rung['low'])} to {percent(rung['high'])}"
        screen.line(f"    {rung['title']:<46}{percent(rung['score']):>8}   {spread}")
    screen.line(f"  {advice['rule']}")
    screen.line(f"  {advice['text']}")


def plan_lines(plan: dict[str, Any]) -> list[str]:
    """What a job will do, in a few lines."""
    dataset, estimate, base = plan["dataset"], plan["estimate"], plan["base"]
    rows = ", ".join(f"{number:,} {split}" for split, number in dataset["rows"].items())
    return [
        *(note for note in dataset["notes"] if not note.startswith("Rows: ")),
        f"Rows: {rows}.",
        *_cut(dataset),
        f"Base: {base['model']}, {base['parameters'] / 1e6:,.0f} million parameters"
        + (f", {base['licence']}." if base["licence"] else "."),
        f"{plan['task']['primary']} decides. {plan['task']['why']}",
        plan["power"],
        *costs.estimate_lines(estimate),
    ]


def _cut(dataset: dict[str, Any]) -> list[str]:
    """What the length limit costs, where it costs anything."""
    if not dataset["cut_rows"]:
        return []
    lost = dataset["cut_supervised_tokens"]
    share = lost / max(1, lost + dataset["supervised_tokens"]["train"])
    return [
        f"Cut to the length limit: {count(dataset['cut_rows'], 'training row')}; "
        f"{count(lost, 'taught token')} ({percent(share)}) lost by it. "
        "To allow longer rows: --set training.max_length=TOKENS"
    ]


def show_report(screen: Screen, report: Report, run: RunFolder) -> None:
    """The end of a run: the verdict, why, and where to go on."""
    verdict = report.verdict.replace("_", " ").upper()
    screen.line("")
    screen.line(f"{verdict}  {report.headline}", style=f"bold {VERDICTS[report.verdict]}")
    for metric in report.secondary:
        if metric.metric not in ("bits_per_byte",) and not metric.metric.endswith("_rate"):
            values = f"{percent(metric.base)} to {percent(metric.tuned)}"
            screen.line(f"  {metric.title}: {values}")
    for preference in report.preferences:
        screen.line(f"  {preference.text}")
    for reason in report.reasons:
        screen.line(f"  {reason}")
    if report.recipe:
        screen.line(f"  Several seeds: {report.recipe.text}")
    if report.learning_curve:
        screen.line(f"  More data: {report.learning_curve.text}")
        for text in learning.notes(report.learning_curve):
            screen.line(f"    {text}")
    screen.line(f"Report: {run.report_html}")
    screen.line(f"Chat:   postgrad chat {run.path}")
    screen.line(f"Next:   postgrad next {run.path}")


def show_suites(screen: Screen, report: Report) -> None:
    """What public suites say, a sentence a task."""
    if report.suites:
        screen.line("Public suites, on the same items for both models:", style="bold")
    for task in report.suites:
        screen.line(f"  {task.title}: {task.text}")
        for note in task.notes:
            screen.line(f"    {note}", style="dim")


def _short(text: str, width: int = 150) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."
