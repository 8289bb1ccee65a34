"""JSON read strictly: what Python's reader lets pass silently is refused here.

Python keeps the last of two equal keys, accepts NaN, turns 1e999 into infinity and lets half a
surrogate pair through, which then can't be written as UTF-8. Each would change the training text
without a word.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from postgrad.errors import RowError

# As deep as the service allows (knowledge/service.md, uploads); Python's own limit is about 1000,
# but code after this one walks the value again, from a deeper stack.
MAX_DEPTH = 64

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(text: str) -> Any:
    """The one JSON value in a text.

    Raises:
        RowError: invalid_json, duplicate_key, not_a_number, number_too_long, lone_surrogate or
            too_deep.
    """
    value, end, problem = decode(text, len(text) - len(text.lstrip(" \t\r\n")))
    rest = text[end:].lstrip(" \t\r\n")
    if rest:
        column = len(text) - len(rest) + 1
        raise RowError(
            f"There is more after the JSON value, from column {column}: {_shown(rest)}.",
            fix="Put each JSON object on a line of its own.",
            code="invalid_json",
        )
    if problem:
        raise problem
    return value


def decode(text: str, start: int) -> tuple[Any, int, RowError | None]:
    """The JSON value that starts at an index, the index after it, and what is wrong with it.

    Raises:
        RowError: the value can't be read to its end, so that nothing after it can be either.
    """
    try:
        value, end = QUICK.raw_decode(text, start)
    except (ValueError, RecursionError):
        return _decode_with_care(text, start)
    return value, end, _problem_within(value, text[start:end])


def _different(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        raise ValueError
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError
    return value


def _no_constant(name: str) -> None:
    raise ValueError


QUICK = json.JSONDecoder(
    object_pairs_hook=_different, parse_constant=_no_constant, parse_float=_finite
)
"""Reads what nothing is wrong with, and gives up where something is."""


def _decode_with_care(text: str, start: int) -> tuple[Any, int, RowError | None]:
    """As `decode`, for values with which something is wrong."""
    problems: list[RowError] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            problems.append(_duplicate_key([key for key, _ in items]))
        return found

    def constant(name: str) -> None:
        problems.append(_not_a_number(name))

    def real(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            problems.append(_not_a_number(digits))
        return value

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant, parse_float=real)
    try:
        value, end = decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _invalid(error, text) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # Python converts at most 4300 digits (sys.get_int_max_str_digits)
        raise RowError(
            "A number has more than 4300 digits.",
            fix="Write it as a string, or round it.",
            code="number_too_long",
        ) from None
    problem = problems[0] if problems else _problem_within(value, text[start:end])
    return value, end, problem


def _problem_within(value: Any, text: str) -> RowError | None:
    """What can only be seen in the value; looked for only where the text gives a reason to."""
    if text.count("{") + text.count("[") > MAX_DEPTH and _is_too_deep(value):
        return _too_deep()
    if "\\u" in text and _SURROGATE_ESCAPE.search(text):
        found = _half_character(value)
        if found:
            return RowError(
                f"The text has half a character in it (a lone surrogate): {_shown(found[1])}.",
                path=found[0],
                why="It can't be written as UTF-8. A cut emoji is the usual reason.",
                fix="Write the row again with the whole character, or remove it.",
                code="lone_surrogate",
            )
    return None


def _is_too_deep(value: Any) -> bool:
    """Level by level, with nothing kept but what holds something: a line may be all brackets."""
    level = [value]
    for _ in range(MAX_DEPTH - 1):
        level = [inner for inner in _holders(level) if inner]
    return any(True for _ in _holders(level))


def _holders(level: list[Any]) -> Iterator[Any]:
    """The objects and lists inside these values."""
    for item in level:
        held: Iterable[Any] = ()
        if isinstance(item, dict):
            held = cast("dict[str, Any]", item).values()
        elif isinstance(item, list):
            held = cast("list[Any]", item)
        yield from (inner for inner in held if isinstance(inner, dict | list))


def _half_character(value: Any) -> tuple[str, str] | None:
    """(path, text) of the first text inside a JSON value that is not whole characters.

    Without recursion, and with nothing kept but the way to the place that is looked at.
    """
    opened, way = [_inside(value)], [""]
    if isinstance(value, str) and not _is_unicode(value):
        return "", value
    while opened:
        step, inner = next(opened[-1], ("", None))
        if not step:
            opened.pop()
            way.pop()
        elif not _is_unicode(step):
            return "".join(way).removeprefix("."), step.removeprefix(".")
        elif isinstance(inner, str) and not _is_unicode(inner):
            return "".join((*way, step)).removeprefix("."), inner
        elif isinstance(inner, dict | list):
            opened.append(_inside(inner))
            way.append(step)
    return None


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    """(step of the path, value) of what a JSON value holds."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield f".{key}", inner
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield f"[{index}]", inner


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _duplicate_key(keys: list[str]) -> RowError:
    seen: set[str] = set()
    key = next(key for key in keys if key in seen or seen.add(key))
    return RowError(
        f"The key {_cut(key)!r} occurs twice in one object.",
        path=_cut(key),
        why="Only one of the two values could be used.",
        fix="Remove one of them.",
        code="duplicate_key",
    )


def _not_a_number(name: str) -> RowError:
    return RowError(
        f"{_cut(name)} is not a number that JSON knows.",
        fix="Write null, or a number, in its place.",
        code="not_a_number",
    )


def _too_deep() -> RowError:
    return RowError(
        f"The JSON is nested more than {MAX_DEPTH} deep.",
        fix="Flatten the row, or write the inner part as a string.",
        code="too_deep",
    )


def _invalid(error: json.JSONDecodeError, text: str) -> RowError:
    stripped = text.strip()
    if stripped in ("[", "[{"):
        fix = "A file that is one list is named .json; or write a row on each line: jq -c '.[]'"
    elif stripped == "{" or stripped[:1] not in ("{", "["):
        fix = "Write one JSON object on each line; for rows that are spread over lines: jq -c ."
    elif stripped.startswith(("{'", "[{'")):
        fix = "JSON has double quotes: write the rows with json.dumps(row), not with str(row)."
    elif error.pos >= len(text.rstrip()):
        fix = "The line ends too early: it may have been cut off. Write it again."
    else:
        fix = "Write the rows with a JSON library, for example json.dumps(row)."
    return RowError(
        f"This is not JSON: {error.msg} at column {error.colno}, before "
        f"{_shown(text[error.pos :])}.",
        fix=fix,
        code="invalid_json",
    )


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _shown(text: str) -> str:
    return ascii(text[:30]) if text else "the end"
