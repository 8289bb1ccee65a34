"""The learning curve in words and as a picture: held-out loss by the number of training rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from postgrad.core.report import LearningCurve, MoreData
from postgrad.reports import chart, words

HEADING = "Would more data help?"

OUTCOMES: dict[MoreData, str] = {
    "more_helps": "More data would help",
    "no_more": "No more to be had",
    "cannot_tell": "Cannot tell",
}

HEAD = ["Rows", "Of the run's rows", "Held-out loss", "95 % interval", "Steps"]

SMOOTH = 60
"""Points of the drawn law: no corner is seen on a page."""

HEIGHT = 280

LETTER = 7.5 / 240
"""Of the picture's width where that is least: a digit of the labels (13 px) has 7.5 px, a phone of
360 px leaves 240 to the picture."""


def rows(curve: LearningCurve) -> list[list[str]]:
    """The table: a line for each training, then what is foreseen for more rows."""
    measured = [
        [
            words.number(point.rows),
            words.percent(point.share),
            words.number(point.loss, 3),
            words.NOTHING,
            f"{words.number(point.best_step)} of {words.number(point.steps)}",
        ]
        for point in curve.points
    ]
    foreseen = [
        [
            f"{words.number(it.rows)} (foreseen)",
            words.percent(it.factor),
            words.number(it.loss, 3),
            " to ".join(words.number(end, 3) for end in it.interval95),
            words.NOTHING,
        ]
        for it in curve.forecasts
    ]
    return measured + foreseen


def notes(curve: LearningCurve) -> list[str]:
    """How the curve did on what is known, what the law is, and what must be known beside it."""
    found: list[str] = []
    test = curve.back_test
    if test:
        low, high = (words.number(end, 3) for end in test.interval95)
        found.append(
            f"Back-test: from at most {words.count(test.rows, 'row')} the curve foresees "
            f"{words.number(test.foreseen, 3)} for this run ({low} to {high}); measured "
            f"{words.number(test.measured, 3)}, an error of {_signed_percent(test.error)}."
        )
    if curve.law:
        law = curve.law
        found.append(
            f"The law: loss = {words.small(law.scale)} / ({words.small(law.prelearned)} + "
            f"rows^{words.small(law.exponent)}) + {words.small(law.floor)}."
        )
    return [*found, *curve.notes]


def curve_chart(curve: LearningCurve) -> Markup | None:
    """Loss by rows, each doubling as wide as the other; None where there is only the run itself."""
    points = [(float(point.rows), point.loss) for point in curve.points]
    if len(points) < 2:
        return None
    most = max([x for x, _ in points] + [float(it.rows) for it in curve.forecasts])
    first = points[0][0]
    span = math.log2(most / first) or 1.0

    def across(number: float) -> float:
        return math.log2(number / first) / span

    law = _law(curve, first, most)
    every = [y for _, y in (*points, *law)]
    every += [end for it in curve.forecasts for end in it.interval95]
    upright = chart.axis(min(every), max(every))
    parts = [chart.y_line(upright, tick) for tick in upright.ticks]
    ticks = [x for x, _ in points] + [float(it.rows) for it in curve.forecasts]
    parts += [chart.x_text(across(x), words.number(x), HEIGHT + 22) for x in _spaced(ticks, across)]
    parts.append(chart.unit("training rows", HEIGHT + 44))
    parts.append(Markup('<text class="axis" x="-10" y="-16" text-anchor="end">loss</text>'))
    parts.append(
        chart.polyline("other", [(across(x), 1 - upright.at(y)) for x, y in law or points])
    )
    for it in curve.forecasts:
        low, high = (1 - upright.at(end) for end in it.interval95)
        parts.append(chart.upright_whisker(across(it.rows), low, high))
        parts.append(chart.dot_at(across(it.rows), 1 - upright.at(it.loss), "dot base"))
    for x, y in points:
        parts.append(chart.dot_at(across(x), 1 - upright.at(y), "dot tuned"))
    told = "; ".join(f"{words.number(x)} rows: {y:.3f}" for x, y in points) + f". {curve.text}"
    return chart.picture("learning", HEIGHT, "Held-out loss by training rows", told, parts)


def _law(curve: LearningCurve, first: float, most: float) -> list[tuple[float, float]]:
    if curve.law is None:
        return []
    it = curve.law
    places = [first * (most / first) ** (number / SMOOTH) for number in range(SMOOTH + 1)]
    return [(x, it.scale / (it.prelearned + x**it.exponent) + it.floor) for x in places]


def _spaced(ticks: Sequence[float], across: Callable[[float], float]) -> list[float]:
    """Ticks whose labels have room on a phone, from the largest down."""
    kept: list[float] = []
    for tick in reversed(ticks):
        if not kept or across(kept[-1]) - across(tick) > _room(kept[-1], tick):
            kept.append(tick)
    return kept


def _room(*ticks: float) -> float:
    """What two labels side by side and a gap take, in widths of the picture."""
    letters = sum(len(words.number(tick)) for tick in ticks) / 2
    return LETTER * (letters + 1)


def _signed_percent(share: float) -> str:
    return ("+" if share > 0 else "") + words.percent(share)
