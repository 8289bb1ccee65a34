"""Answer checks: whether an answer does what it was told to, as far as a program can see.

Each check is a name and a value, as `num_words: 1`; an answer passes if it passes all of its checks
(the idea of verifiable instructions: Zhou et al. 2023, arXiv:2311.07911). Case never counts but in
`case` and in `pattern`, and white space around an answer never does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

FENCE = re.compile(r"^```\w*\n(.*?)\n?```$", re.DOTALL)
"""A code block around the whole answer: a chat shows JSON so, and it is as good."""

NUMBERED = "1. "


def passes(answer: str, checks: Mapping[str, Any]) -> bool:
    """Whether an answer, stripped, passes every check."""
    text = answer.strip()
    return bool(text) and all(CHECKS[name](text, value) for name, value in checks.items())


def _num_words(text: str, value: int) -> bool:
    return len(text.split()) == value


def _most_words(text: str, value: int) -> bool:
    return len(text.split()) <= value


def _least_words(text: str, value: int) -> bool:
    return len(text.split()) >= value


def _case(text: str, value: str) -> bool:
    return text.isupper() if value == "upper" else text.islower()


def _pattern(text: str, value: str) -> bool:
    return re.fullmatch(value, text) is not None


def _num_parts(text: str, value: int) -> bool:
    return len([part for part in text.split(",") if part.strip()]) == value


def _num_lines(text: str, value: int) -> bool:
    return len(_lines(text)) == value


def _num_sentences(text: str, value: int) -> bool:
    return len(re.findall(r"[.!?]+(?=\s|\W*$)", text)) == value


def _starts_with(text: str, value: str) -> bool:
    return text.lstrip("\"'“*").casefold().startswith(value.casefold())


def _ends_with(text: str, value: str) -> bool:
    return text.rstrip(".!?\"'”*").casefold().endswith(value.casefold())


def _contains(text: str, value: list[str]) -> bool:
    return all(piece.casefold() in text.casefold() for piece in value)


def _without(text: str, value: list[str]) -> bool:
    return not any(piece.casefold() in text.casefold() for piece in value)


def _items(text: str, value: tuple[str, int]) -> bool:
    mark, count = value
    start = r"\d+\. " if mark == NUMBERED else re.escape(mark)
    return len([line for line in _lines(text) if re.match(start, line)]) == count


def _json_keys(text: str, value: list[str]) -> bool:
    found = _json(text)
    return isinstance(found, dict) and set(value) == set(found)


def _json_length(text: str, value: int) -> bool:
    found = _json(text)
    return isinstance(found, list) and len(found) == value


def _json(text: str) -> Any:
    fenced = FENCE.match(text)
    try:
        return json.loads(fenced[1] if fenced else text)
    except ValueError:
        return None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


CHECKS: dict[str, Callable[[str, Any], bool]] = {
    "num_words": _num_words,
    "most_words": _most_words,
    "least_words": _least_words,
    "case": _case,
    "pattern": _pattern,
    "num_parts": _num_parts,
    "num_lines": _num_lines,
    "num_sentences": _num_sentences,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "contains": _contains,
    "without": _without,
    "items": _items,
    "json_keys": _json_keys,
    "json_length": _json_length,
}
