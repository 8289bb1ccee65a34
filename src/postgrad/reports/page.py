"""report.html: one page that loads nothing, for people to read, print and forward."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from postgrad.advice.suggestions import suggest
from postgrad.core.pair import PERSON
from postgrad.core.report import Comparison, Report, Setting
from postgrad.reports import (
    chart,
    examples,
    findings,
    learning,
    next_steps,
    probes,
    reading,
    words,
)

if TYPE_CHECKING:
    from jinja2 import Environment

VERDICT_TEXT = {
    "better": "The tuned model is better than the base, beyond what chance explains.",
    "worse": "The tuned model is worse than the base, beyond what chance explains.",
    "no_proof": "The test could not tell the two models apart. That proves neither a gain nor "
    "that there is none.",
}

PERSON_TEXT = {
    "better": "A person who compared both models’ answers blind prefers the tuned model’s, beyond "
    "what chance explains.",
    "worse": "A person who compared both models’ answers blind prefers the base model’s, beyond "
    "what chance explains.",
    "no_proof": "A person who compared both models’ answers blind shows no preference beyond what "
    "chance explains. That proves neither that one is better nor that there is no difference.",
}


def render_html(report: Report) -> str:
    """The report as one self-contained HTML page.

    No script, no address that is fetched: style and pictures are inline, and the page's own
    Content-Security-Policy forbids the rest. Everything taken from the report is escaped.
    """
    return environment().get_template("page.html.jinja").render(_context(report))


@cache
def environment() -> Environment:
    """Where the templates of all pages are; what they are given is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # 20 ms, only needed to write

    return Environment(
        loader=PackageLoader("postgrad.reports", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def _context(report: Report) -> dict[str, Any]:
    return {
        "words": words,
        "reading": reading,
        "chart": chart,
        "examples": examples,
        "probes": probes,
        "probe_groups": probes.groups([*report.preferences, *report.probes, *report.suites]),
        "report": report,
        "primary": report.primary,
        "verdict": reading.VERDICTS[report.verdict],
        "verdict_text": _verdict_text(report),
        "is_text": reading.is_text(report),
        "primary_chart": chart.primary_chart(report.primary),
        "change_chart": _change_charts(report.secondary),
        "learning": learning,
        "curve_chart": report.learning_curve and learning.curve_chart(report.learning_curve),
        "loss_chart": chart.loss_chart(report.curves, kept_step(report)),
        "opening": examples.shared_opening([item.prompt for item in report.examples]),
        "cards": examples.cards(report),
        "counts": examples.counts(report),
        "splits": splits(report),
        "findings": findings,
        "found": [item.model_dump() for item in report.dataset.findings],
        "chosen": _by_section([item for item in report.settings if item.source != "default"]),
        "defaults": _by_section([item for item in report.settings if item.source == "default"]),
        "environment": words.machine(report.environment),
        "next_steps": next_steps,
        "suggestions": [each.as_dict() for each in suggest(report)],
        "parent": report.parent.model_dump() if report.parent else None,
    }


def _verdict_text(report: Report) -> str:
    if report.primary.metric == PERSON:
        return PERSON_TEXT[report.verdict]
    return VERDICT_TEXT[report.verdict]


def kept_step(report: Report) -> int | None:
    """The step whose weights were kept, where validation chose one."""
    return report.training.best_step if report.training.best_valid_loss is not None else None


def splits(report: Report) -> list[tuple[str, int, int | None, int | None]]:
    """(split, rows, tokens, taught tokens), in the order of the dataset's own rows."""
    data = report.dataset
    return [
        (name, rows, data.tokens.get(name), data.supervised_tokens.get(name))
        for name, rows in data.rows.items()
    ]


def _change_charts(comparisons: list[Comparison]) -> dict[str, str]:
    reach = chart.reach(comparisons)
    return {
        item.metric: chart.change_chart(item, reach[reading.unit_of(item)]) for item in comparisons
    }


def _by_section(settings: list[Setting]) -> list[tuple[str, list[Setting]]]:
    def section(setting: Setting) -> str:
        return setting.key.partition(".")[0]

    return [(name, list(group)) for name, group in groupby(settings, section)]
