"""What a job takes and costs, in lines for a screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from postgrad.reports.words import count, duration, number, size

DAY_SECONDS = 86_400
PARTS = {
    "weights": "weights",
    "adapter": "adapter",
    "gradients": "gradients",
    "optimizer": "optimizer",
    "activations": "activations",
    "head": "logits",
    "framework": "Python and PyTorch",
    "reading": "texts being read",
    "answering": "answers being written",
}
"""The parts of the memory in the words of a screen."""


def estimate_lines(estimate: Mapping[str, Any]) -> list[str]:
    """Tokens, seconds and memory of a job on this machine, with their intervals."""
    spans = estimate["intervals"]
    parts = [
        f"training about {_time(estimate, 'training_seconds')}",
        f"the test about {_time(estimate, 'evaluation_seconds')}",
    ]
    if estimate["again_seconds"]:
        parts.append(f"training again about {_long(estimate['again_seconds'])}")
    if estimate["probing_seconds"]:
        parts.append(f"beside it about {_time(estimate, 'probing_seconds')}")
    low, high = spans["memory_bytes"]
    held = ", ".join(
        f"{title} {size(estimate['memory'][name])}"
        for name, title in PARTS.items()
        if estimate["memory"][name]
    )
    lines = [
        f"{count(estimate['steps'], 'step')}, {estimate['tokens']:,} tokens: {', '.join(parts)}; "
        f"{_time(estimate, 'seconds')} in all.",
        f"Memory: about {size(estimate['memory_bytes'])} ({_span(low, high, size)}): {held}; not "
        "all at once.",
        "Checked with three training steps that were taken here."
        if estimate["trial"]
        else "Counted only; no step was tried for it.",
    ]
    if estimate["uncounted"]:
        lines.append(f"Not counted: {', '.join(estimate['uncounted'])}.")
    return lines


def cost_lines(costs: Mapping[str, Any]) -> list[str]:
    """The job on this machine and on others, and a model like it from scratch."""
    rows = [("What it costs", "time", "memory", "energy", "money")]
    rows += [_row(each) for each in costs["machines"]]
    scratch = costs["from_scratch"]
    here = costs["machines"][0]["from_scratch"]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        *(_aligned(row, widths) for row in rows),
        f"Such a model from scratch: {scratch['tokens'] / 1e9:,.1f} billion tokens (20 for each "
        f"parameter), {_long(here['seconds']['value'])} here"
        + "".join(f", {_long(seconds)} on {title}" for title, seconds in _rented(costs))
        + ".",
    ]


def _row(machine: Mapping[str, Any]) -> tuple[str, ...]:
    memory, seconds = machine["memory_bytes"], machine["seconds"]
    held = size(memory["value"]) + ("" if machine["fits"] else ": too much")
    spent, energy = machine["money"], machine["kilowatt_hours"]
    money = "not known"
    if spent:
        span = _span(spent["low"], spent["high"], _amount)
        money = f"{_amount(spent['value'])} ({span}) {machine['currency']}"
        money += "" if machine["rented"] else ", electricity"
    time = f"{_long(seconds['value'])} ({_span(seconds['low'], seconds['high'], _long)})"
    kwh = f"{_amount(energy['value'])} kWh" if energy else "not known"
    return (machine["title"], time, held, kwh, money)


def _rented(costs: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [
        (each["title"], each["from_scratch"]["seconds"]["value"])
        for each in costs["machines"][1:]
        if each["rented"]
    ]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "   ".join(cells).rstrip()


def _time(estimate: Mapping[str, Any], key: str) -> str:
    low, high = estimate["intervals"][key]
    return f"{_long(estimate[key])} ({_span(low, high, _long)})"


def _span(low: float, high: float, told: Any) -> str:
    return f"{told(low)} to {told(high)}"


def _long(seconds: float) -> str:
    """A time, in days where hours are too many to count."""
    if seconds < 3 * DAY_SECONDS:
        return duration(seconds)
    return count(round(seconds / DAY_SECONDS), "day")


def _amount(value: float) -> str:
    """Money or energy: two digits behind the point, more where all of them would be 0."""
    if value >= 100:
        return number(value, 0)
    return number(value, 2 if value >= 0.1 else 3 if value >= 0.01 else 4)
