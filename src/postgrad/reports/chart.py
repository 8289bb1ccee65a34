"""The pictures: inline SVG, drawn in per cent of the width, so that text keeps its size on a phone.

Each `<svg>` is the plot area itself; labels hang over its edge (CSS: overflow visible, margins).
Colours are classes of `style.css`, so that a picture follows light, dark and print.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from postgrad.core.report import Comparison, Curve
from postgrad.reports import reading, words

MAX_POINTS = 400
"""Points drawn for one curve: more than a page is wide adds weight, not detail."""

CURVE_NAMES = {"train": "training", "valid": "validation"}


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of numbers with round ticks. `at` gives the place as a share of the length."""

    low: float
    high: float
    ticks: tuple[float, ...]
    digits: int

    def at(self, value: float) -> float:
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def label(self, tick: float) -> str:
        return words.number(tick, self.digits)


def axis(low: float, high: float, num_ticks: int = 5) -> Axis:
    """An axis that holds [low, high], but for a millionth of a tick, and ends on round ticks
    (1, 2 or 5 times a power of ten)."""
    if not high - low > sys.float_info.min:  # also where rounding leaves nothing between them
        room = abs(low) * 0.1 or 1.0
        low, high = low - room, high + room
    raw = (high - low) / num_ticks
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * lead for lead in (1, 2, 5, 10) if power * lead >= raw * 0.999)
    first, last = math.floor(low / step + 1e-6), math.ceil(high / step - 1e-6)
    ticks = tuple(index * step for index in range(first, last + 1))
    return Axis(first * step, last * step, ticks, max(0, -math.floor(math.log10(step) + 1e-9)))


def primary_chart(comparison: Comparison) -> Markup:
    """Base and tuned on one scale. The whisker is the 95 % interval of the change, set off from
    the base: where it crosses the base's dashed line, nothing is proved."""
    scale = _primary_axis(comparison)
    base, tuned = scale.at(comparison.base), scale.at(comparison.tuned)
    low, high = (scale.at(comparison.base + end) for end in comparison.ci95)
    is_share = reading.unit_of(comparison) == "share"
    bottom = 116
    unit = "\u00a0%" if is_share else ""
    parts = [_vertical(scale.at(tick), "grid", 0, bottom) for tick in scale.ticks]
    parts += [_x_label(scale, tick, bottom + 20, unit) for tick in _thinned(scale.ticks, 6)]
    if is_share:
        parts += [_bar(base, 8, "bar base"), _bar(tuned, 46, "bar tuned")]
    else:
        parts += [_dot(base, 20, "dot base"), _dot(tuned, 58, "dot tuned")]
    parts.append(_vertical(base, "base-line", 0, bottom))
    parts += [_label("Base", 20), _label("Tuned", 58), _label("95 %", 96, "tick")]
    parts.append(_whisker(low, high, 96, "whisker"))
    title = f"{comparison.title}: base and tuned"
    told = (
        f"Base {reading.score(comparison, comparison.base)}, "
        f"tuned {reading.score(comparison, comparison.tuned)}; "
        f"change {reading.difference(comparison, comparison.delta)}, "
        f"95 % interval {reading.interval(comparison)}."
    )
    return picture("primary", bottom, title, told, parts)


def change_chart(comparison: Comparison, reach: float) -> Markup:
    """A small picture of one change: zero line, interval, dot. `reach` is the scale's half."""
    scale = Axis(-reach, reach, (), 0)
    low, high = (scale.at(end) for end in comparison.ci95)
    kind = reading.leaning(comparison)
    parts = [
        _vertical(0.5, "zero", 2, 22),
        _whisker(low, high, 12, f"whisker small {kind}"),
        _dot(scale.at(comparison.delta), 12, f"dot small {kind}"),
    ]
    inside = Markup("").join(parts)
    return Markup('<svg class="change" aria-hidden="true" height="24">{}</svg>').format(inside)


def reach(comparisons: Sequence[Comparison]) -> dict[str, float]:
    """For each unit, the half-width of a scale that holds every change counted in it."""
    found: dict[str, float] = {}
    for item in comparisons:
        unit = reading.unit_of(item)
        widest = max(abs(item.delta), *(abs(end) for end in item.ci95))
        found[unit] = max(found.get(unit, 0.0), widest * 1.05)
    return {unit: value or 1.0 for unit, value in found.items()}


def loss_chart(curves: Mapping[str, Curve], kept_step: int | None) -> Markup | None:
    """Loss by step; None where no curve has two points. `kept_step` is marked: the weights that
    were kept."""
    drawn = {name: _points(curve) for name, curve in curves.items()}
    drawn = {name: points for name, points in drawn.items() if len(points) > 1}
    if not drawn:
        return None
    every = [point for points in drawn.values() for point in points]
    across = axis(min(0.0, *(x for x, _ in every)), max(x for x, _ in every))
    # The last tick may lie far beyond the last step: end the axis with the data.
    across = Axis(across.low, max(x for x, _ in every), across.ticks, across.digits)
    upright = axis(min(y for _, y in every), max(y for _, y in every))
    height = 280
    parts = _loss_grid(across, upright, height)
    if kept_step is not None and across.low <= kept_step <= across.high:
        parts.append(_kept(across.at(kept_step), kept_step))
    for name, points in drawn.items():
        parts.append(_line(name, points, across, upright))
    told = "; ".join(_told(name, points) for name, points in drawn.items()) + "."
    return picture("loss", height, "Loss by training step", told, parts)


def point_width(curves: Mapping[str, Curve]) -> int:
    """How many steps one drawn point stands for."""
    return max((math.ceil(len(curve.steps) / MAX_POINTS) for curve in curves.values()), default=1)


def length_chart(name: str, title: str, bars: Mapping[str, Any], limit: int | None) -> Markup:
    """How many rows have which length: a histogram as `data/lengths.py` gives it. `limit` is
    marked where it is among the lengths: what comes after is cut."""
    counts: Sequence[int] = bars["counts"]
    width = int(bars["width"])
    high = max(1, width * len(counts))
    upright = axis(0, max([*counts, 1]), 4)
    ticks = [tick for tick in axis(0, high, 6).ticks if tick <= high]
    across = Axis(0, high, tuple(ticks), 0)
    height = 170
    parts = [y_line(upright, tick) for tick in upright.ticks if tick == int(tick)]
    parts += [_x_label(across, tick, height + 20, "") for tick in across.ticks]
    parts.append(unit("tokens", height + 42))
    for index, count in enumerate(counts):
        if count:  # a single row among thousands is still to be seen
            share = max(upright.at(count), 0.012)
            is_rest = bool(bars["open"]) and index == len(counts) - 1
            parts.append(_column(index / len(counts), 1 / len(counts), share, is_rest))
    if limit is not None and limit < high:
        parts.append(_mark(across.at(limit), f"cut after {words.number(limit)}"))
    return picture("lengths", height, title, told_lengths(bars), parts, name)


def told_lengths(bars: Mapping[str, Any]) -> str:
    """A histogram of lengths in words."""
    told = (
        f"Half of the rows have up to {words.count(bars['median'], 'token')}, "
        f"95{words.NBSP}% up to {words.number(bars['p95'])}; "
        f"the longest has {words.number(bars['longest'])}."
    )
    return f"{told} The grey bar is all that is longer." if bars["open"] else told


def _primary_axis(comparison: Comparison) -> Axis:
    ends = [comparison.base + end for end in comparison.ci95]
    values = [comparison.base, comparison.tuned, *ends]
    if reading.unit_of(comparison) == "share":
        ticks = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
        return Axis(0.0, 1.0, ticks, 0)
    return axis(min(values), max(values))


def _points(curve: Curve) -> list[tuple[float, float]]:
    pairs = [
        (float(step), value)
        for step, value in zip(curve.steps, curve.values, strict=False)
        if math.isfinite(value)
    ]
    width = math.ceil(len(pairs) / MAX_POINTS)
    if width <= 1:
        return pairs
    groups = [pairs[start : start + width] for start in range(0, len(pairs), width)]
    return [
        (sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group))
        for group in groups
    ]


def _told(name: str, points: Sequence[tuple[float, float]]) -> str:
    (first_x, first_y), (last_x, last_y) = points[0], points[-1]
    lowest_x, lowest_y = min(points, key=lambda point: point[1])
    return (
        f"{CURVE_NAMES.get(name, name)} loss from {first_y:.3f} at step {first_x:.0f} "
        f"to {last_y:.3f} at step {last_x:.0f}, lowest {lowest_y:.3f} at step {lowest_x:.0f}"
    )


def _loss_grid(across: Axis, upright: Axis, height: int) -> list[Markup]:
    parts: list[Markup] = []
    for tick in upright.ticks:
        parts.append(y_line(upright, tick))
    for tick in across.ticks:
        if tick <= across.high:
            parts.append(_x_label(across, tick, height + 22, ""))
    parts.append(unit("training step", height + 44))
    parts.append(Markup('<text class="axis" x="-10" y="-16" text-anchor="end">loss</text>'))
    return parts


def _line(name: str, points: Sequence[tuple[float, float]], across: Axis, upright: Axis) -> Markup:
    places = [(1000 * across.at(x), 1000 * (1 - upright.at(y))) for x, y in points]
    kind = "valid" if name == "valid" else "train" if name == "train" else "other"
    line = polyline(kind, [(x / 1000, y / 1000) for x, y in places])
    if kind != "valid" or len(points) > 40:
        return line
    dots = [
        Markup('<circle class="dot tuned" cx="{}" cy="{}" r="4"/>').format(
            _pc(x / 1000), _pc(y / 1000)
        )
        for x, y in places
    ]
    return line + Markup("").join(dots)


def _kept(place: float, step: int) -> Markup:
    return _mark(place, f"kept: step {words.number(step)}")


def _mark(place: float, text: str) -> Markup:
    """A dashed line with its words beside it."""
    is_late = place > 0.5
    return _vertical(place, "kept", 0, "100%") + Markup(
        '<text class="kept-label" x="{}" dx="{}" y="14" text-anchor="{}">{}</text>'
    ).format(_pc(place), -8 if is_late else 8, "end" if is_late else "start", text)


def y_line(scale: Axis, tick: float) -> Markup:
    """A level line with its number."""
    y = _pc(1 - scale.at(tick))
    return Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(y) + Markup(
        '<text class="tick" x="-10" y="{}" dy=".35em" text-anchor="end">{}</text>'
    ).format(y, scale.label(tick))


def unit(text: str, y: int) -> Markup:
    """What the horizontal axis counts."""
    return Markup('<text class="axis" x="100%" y="{}" text-anchor="end">{}</text>').format(y, text)


def x_text(place: float, text: str, y: int) -> Markup:
    """A label below the plot, at a share of its width."""
    return Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
        _pc(place), y, text
    )


def polyline(kind: str, places: Sequence[tuple[float, float]]) -> Markup:
    """A line through places, given as shares of the width and, from the top, of the height."""
    path = " ".join(f"{1000 * x:.1f},{1000 * y:.1f}" for x, y in places)
    return Markup(
        '<svg x="0" y="0" width="100%" height="100%" viewBox="0 0 1000 1000" '
        'preserveAspectRatio="none"><polyline class="curve {}" points="{}"/></svg>'
    ).format(kind, path)


def dot_at(x: float, y: float, kind: str) -> Markup:
    """A dot at shares of width and height."""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="5"/>').format(kind, _pc(x), _pc(y))


def upright_whisker(x: float, low: float, high: float) -> Markup:
    """An interval that stands upright, in shares of width and height."""
    return Markup('<g class="whisker"><line x1="{0}" x2="{0}" y1="{1}" y2="{2}"/></g>').format(
        _pc(x), _pc(low), _pc(high)
    )


def _column(left: float, width: float, height: float, is_rest: bool) -> Markup:
    return Markup('<rect class="column{}" x="{}" width="{}" y="{}" height="{}"/>').format(
        " rest" if is_rest else "", _pc(left), _pc(width * 0.9), _pc(1 - height), _pc(height)
    )


def picture(
    kind: str, height: int, title: str, told: str, parts: Sequence[Markup], name: str = ""
) -> Markup:
    """Parts as one drawing with its title, and what it shows in words."""
    return Markup(
        '<svg class="plot {kind}" role="img" height="{height}" '
        'aria-labelledby="{name}-title {name}-told">'
        '<title id="{name}-title">{title}</title><desc id="{name}-told">{told}</desc>{inside}</svg>'
    ).format(
        kind=kind,
        name=name or kind,
        height=height,
        title=title,
        told=told,
        inside=Markup("").join(parts),
    )


def _pc(share: float) -> str:
    return f"{100 * share:.2f}%"


def _vertical(place: float, kind: str, top: float, bottom: float | str) -> Markup:
    return Markup('<line class="{1}" x1="{0}" x2="{0}" y1="{2}" y2="{3}"/>').format(
        _pc(place), kind, top, bottom
    )


def _label(text: str, y: int, kind: str = "label") -> Markup:
    """The name of a row, left of the plot."""
    return Markup('<text class="{}" x="-62" y="{}" dy=".35em">{}</text>').format(kind, y, text)


def _bar(share: float, top: int, kind: str) -> Markup:
    return Markup('<rect class="{}" x="0" y="{}" width="{}" height="24" rx="2"/>').format(
        kind, top, _pc(max(share, 0.002))
    )


def _dot(place: float, y: int, kind: str) -> Markup:
    return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(
        kind, _pc(place), y, 4 if "small" in kind else 8
    )


def _whisker(low: float, high: float, y: int, kind: str) -> Markup:
    cap = 0 if "small" in kind else 7
    line = Markup('<line x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(_pc(low), _pc(high), y=y)
    ends = Markup("").join(_vertical(end, "", y - cap, y + cap) for end in (low, high) if cap)
    return Markup('<g class="{}">{}{}</g>').format(kind, line, ends)


def _x_label(scale: Axis, tick: float, y: int, unit: str) -> Markup:
    value = 100 * tick if unit else tick
    text = words.number(value, 0 if unit else scale.digits) + unit
    return Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
        _pc(scale.at(tick)), y, text
    )


def _thinned(ticks: Sequence[float], most: int) -> Sequence[float]:
    return ticks[:: math.ceil(len(ticks) / most)]
