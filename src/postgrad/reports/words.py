"""Numbers, dates and names as people write them: 57.0 %, 12 min 30 s, 1.4 GB.

A no-break space (NBSP) stands between a number and its unit, so that a line never ends there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from postgrad.core.report import TrainingSummary

NBSP = "\u00a0"
MINUS = "\u2212"
NOTHING = "\u2013"
"""Shown where there is no value."""

_INITIALS = ("cpu", "gpu")
_SPLIT = re.compile(r"(?<=\d) (?=%)|(?<=\b[pq]) (?=[<=] )|(?<=\b[pq] [<=]) (?=\d)")


def number(value: float, digits: int = 0) -> str:
    """A number with thousands separators; NaN and infinity become a dash."""
    if not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):,.{digits}f}"
    return MINUS + text if value < 0 and float(text.replace(",", "")) else text


def percent(share: float) -> str:
    """0.57 as 57.0 %."""
    return number(100 * share, 1) + NBSP + "%" if math.isfinite(share) else NOTHING


def small(value: float) -> str:
    """A number of unknown size with about three telling digits."""
    size = abs(value)
    return number(value, 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 3)


def plain(value: float) -> str:
    """A number as short as it can be written: 3, 0.5, 2.25."""
    text = number(value, 2)
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate(value: float) -> str:
    """Learning rates and other settings, never rounded: 0.0002 stays 0.0002, not 0.000."""
    return f"{value:g}"


def duration(seconds: float) -> str:
    """750 as 12 min 30 s."""
    if not math.isfinite(seconds) or seconds < 0:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f}{NBSP}s"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours:,}{NBSP}h {minutes}{NBSP}min" if minutes else f"{hours:,}{NBSP}h"
    parts = [f"{minutes}{NBSP}min"] if minutes else []
    return " ".join(parts + ([f"{left}{NBSP}s"] if left or not parts else []))


def size(num_bytes: float) -> str:
    """1.4e9 bytes as 1.4 GB (powers of 1000, as disks and people count)."""
    value = float(num_bytes)
    for unit in ("bytes", "kB", "MB"):
        if abs(value) < 999.5:
            return f"{number(value, 0)}{NBSP}{unit}"
        value /= 1000
    return f"{number(value, 1)}{NBSP}GB"


def estimated(training: TrainingSummary, what: str) -> str:
    """What had been estimated of the seconds or the memory, in brackets; "" if nothing was."""
    told = training.estimate
    if told is None:
        return ""
    value = duration(told.seconds) if what == "seconds" else size(told.memory_bytes)
    return f" (estimated: {value})"


def count(value: float, one: str, many: str = "") -> str:
    """A count with its noun: 1 row, 1,234 rows."""
    return f"{number(value)}{NBSP}{one if value == 1 else many or one + 's'}"


def millions(value: int) -> str:
    """A number of parameters: 134.5 million."""
    if value >= 1_000_000_000:
        return f"{number(value / 1e9, 1)}{NBSP}billion"
    if value >= 1_000_000:
        return f"{number(value / 1e6, 1)}{NBSP}million"
    return number(value)


def p_value(value: float) -> str:
    """A p-value with its sign: p < 0.0001, p = 0.031."""
    if not math.isfinite(value):
        return f"p{NBSP}={NBSP}{NOTHING}"
    if value < 0.0001:
        return f"p{NBSP}<{NBSP}0.0001"
    digits = 4 if value < 0.001 else 3 if value < 0.1 else 2
    return f"p{NBSP}={NBSP}{value:.{digits}f}"


def under(level: float) -> str:
    """A level that a p-value has to be under: p < 0.0125."""
    return f"p{NBSP}<{NBSP}{level:.3g}"


def odds(value: float) -> str:
    """How often chance alone would do it, in words: about 3 times in 100."""
    if value < 0.0001:
        return "less than once in 10,000 tries"
    for tries in (10, 100, 1000, 10_000):
        times = round(value * tries)
        if times >= tries:
            return "nearly always"
        if times and (times >= 2 or tries == 10_000) and abs(times / tries - value) < 0.2 * value:
            often = "once" if times == 1 else f"{times} times"
            return f"about {often} in {tries:,} tries"
    return f"about {round(value * 10_000)} times in 10,000 tries"


def bound(text: str) -> str:
    """A sentence whose lines never end inside 57 % or p < 0.001."""
    return _SPLIT.sub(NBSP, text)


def date(created: str) -> str:
    """An ISO 8601 moment as 12 March 2026, 14:02 UTC; anything else unchanged."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def humane(name: str) -> str:
    """An identifier as words: stop_rate becomes Stop rate. A unit at the end is left to the
    value, which carries it."""
    text = name.removesuffix("_bytes").removesuffix("_seconds")
    text = text.replace("_", " ").replace(".", " ").strip()
    return text.upper() if text in _INITIALS else text[:1].upper() + text[1:]


def value(key: str, content: Any) -> str:
    """A setting's or an environment's value; the key's ending tells its unit."""
    if content is None:
        return "not set"
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, int | float):
        if key.endswith("_bytes"):
            return size(content)
        if key.endswith("_seconds"):
            return duration(content)
        if isinstance(content, int):
            # A seed or a year is a name rather than an amount.
            return number(content) if content >= 10_000 else str(content)
        return rate(content)
    if isinstance(content, str):
        return content
    if isinstance(content, list | tuple):
        items = list(cast("list[Any]", content))
        if all(isinstance(item, str | int | float) for item in items):
            return ", ".join(value(key, item) for item in items) or "none"
    return json.dumps(content, ensure_ascii=False, default=str)


def machine(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """An environment as (name, value in words) pairs; packages by their own names, and what there
    is none of left out."""
    return [
        (key.removeprefix("versions.") if key.startswith("versions.") else humane(key), text)
        for key, text in flatten({k: v for k, v in environment.items() if v is not None})
    ]


def flatten(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested mappings as (dotted key, value in words) pairs."""
    rows: list[tuple[str, str]] = []
    for key, item in content.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping):
            rows += flatten(cast("Mapping[str, Any]", item), name + ".")
        else:
            rows.append((name, value(key, item)))
    return rows
