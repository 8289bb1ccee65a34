"""Examples made readable: JSON laid out, what differs from the expected answer marked,
and an opening that all questions share shown once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from postgrad.core.report import Example, Report
from postgrad.reports import reading

CHANGES = {
    "fixed": "Fixed",
    "broke": "Broke",
    "up": "Improved",
    "down": "Got worse",
    "same": "Same",
}
"""Kinds of change, in the order in which they are shown."""

MARKS = {"fixed": "✓", "broke": "✗", "up": "↑", "down": "↓", "same": "="}

OPEN_PER_CHANGE = 3
"""Cards of each kind that are open at first: enough to judge by, short enough to scroll past."""
LONG_CHARACTERS = 900
"""A longer text is folded: about a phone's screen."""
EXCERPT_CHARACTERS = 180


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text; `differs` if the expected answer has nothing like it in that place."""

    text: str
    indent: str = ""
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One text of a card. `mark` is right, wrong, a score, or nothing."""

    title: str
    lines: tuple[Line, ...]
    is_json: bool
    mark: str = ""
    kind: str = ""

    @property
    def text(self) -> str:
        return "\n".join(line.indent + line.text for line in self.lines)

    @property
    def is_long(self) -> bool:
        return len(self.text) > LONG_CHARACTERS

    @property
    def excerpt(self) -> str:
        return excerpt(self.text)


@dataclass(frozen=True, slots=True)
class Card:
    """One example, ready to be shown."""

    id: str
    change: str
    label: str
    mark: str
    question: str
    whole: Block | None
    """The whole question, where only its beginning is in `question`."""
    blocks: tuple[Block, ...]
    is_open: bool


def excerpt(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT_CHARACTERS else line[:EXCERPT_CHARACTERS].rstrip() + " …"


def shared_opening(prompts: Sequence[str]) -> str:
    """The lines with which every prompt begins, where something else follows in each."""
    if len(prompts) < 2:
        return ""
    rows = [prompt.splitlines() for prompt in prompts]
    shared = 0
    while all(len(row) > shared + 1 and row[shared] == rows[0][shared] for row in rows):
        shared += 1
    while shared and any(not "".join(row[shared:]).strip() for row in rows):
        shared -= 1
    return "\n".join(rows[0][:shared]).strip()


def counts(report: Report) -> dict[str, int]:
    """How many examples there are of each change, in the order of `CHANGES`."""
    found = Counter(example.change for example in report.examples)
    return {change: found[change] for change in CHANGES if found[change]}


def cards(report: Report) -> list[Card]:
    """Every example as a card: fixed first, then broke, then the rest."""
    opening = shared_opening([example.prompt for example in report.examples])
    order = list(CHANGES)
    examples = sorted(report.examples, key=lambda example: order.index(example.change))
    shown: Counter[str] = Counter()
    result: list[Card] = []
    for example in examples:
        card = _card(report, example, opening, shown[example.change] < OPEN_PER_CHANGE)
        shown[example.change] += 1
        result.append(card)
    return result


def _card(report: Report, example: Example, opening: str, is_early: bool) -> Card:
    if reading.is_text(report):
        question, blocks = example.reference or example.prompt, _surprises(report, example)
    else:
        question = example.prompt[len(opening) :].strip() if opening else example.prompt.strip()
        blocks = _answers(report, example)
    is_long = len(question) > 2 * EXCERPT_CHARACTERS
    return Card(
        id=example.id,
        change=example.change,
        label=CHANGES[example.change],
        mark=MARKS[example.change],
        question=excerpt(question) if is_long else question or "(no question)",
        whole=_block("", question) if is_long else None,
        blocks=blocks,
        is_open=is_early and sum(len(block.text) for block in blocks) < 4 * LONG_CHARACTERS,
    )


def _surprises(report: Report, example: Example) -> tuple[Block, ...]:
    """Plain text has no answers: how surprising each model finds it."""
    values = (("Base", example.base_score, "base"), ("Tuned", example.tuned_score, "tuned"))
    return tuple(
        Block(title, (Line(reading.score(report.automatic, value)),), False, kind=kind)
        for title, value, kind in values
    )


def _answers(report: Report, example: Example) -> tuple[Block, ...]:
    expected = _block("Expected", example.reference, kind="expected")
    known = _leaves(example.reference)
    return (
        expected,
        _block("Base", example.base, known, _marked(report, example.base_score), "base"),
        _block("Tuned", example.tuned, known, _marked(report, example.tuned_score), "tuned"),
    )


def _marked(report: Report, value: float) -> str:
    if report.automatic.fixed is None:
        return reading.short_score(report.automatic, value)
    return "right" if value >= 0.5 else "wrong"


def _block(
    title: str,
    text: str,
    known: frozenset[tuple[str, str]] | None = None,
    mark: str = "",
    kind: str = "",
) -> Block:
    found = _json(text)
    if found is None:
        return Block(title, tuple(Line(line) for line in text.splitlines()), False, mark, kind)
    lines = tuple(
        Line(_whole(line), "  " * depth, known is not None and (place, value) not in known)
        for place, value, line, depth in _laid_out(found)
    )
    return Block(title, lines, True, mark, kind)


def _leaves(text: str) -> frozenset[tuple[str, str]] | None:
    found = _json(text)
    if found is None:
        return None
    return frozenset((place, value) for place, value, _, _ in _laid_out(found))


def _laid_out(
    content: Any, place: str = "", head: str = "", tail: str = "", depth: int = 0
) -> Iterator[tuple[str, str, str, int]]:
    """JSON as lines: (place in the object, what stands there, the line, depth).

    Two objects with their keys in another order hold the same (place, what) pairs.
    """
    if not isinstance(content, dict | list) or not content:
        text = json.dumps(content, ensure_ascii=False)
        yield place, text, head + text + tail, depth
        return
    opening, closing = "{}" if isinstance(content, dict) else "[]"
    yield place, opening, head + opening, depth
    if isinstance(content, dict):
        names = cast("dict[str, Any]", content)
        items = [(f"{json.dumps(key, ensure_ascii=False)}: ", key, names[key]) for key in names]
    else:
        entries = cast("list[Any]", content)
        items = [("", str(index), entry) for index, entry in enumerate(entries)]
    for number, (name, key, item) in enumerate(items, start=1):
        comma = "," if number < len(items) else ""
        yield from _laid_out(item, f"{place}/{key}", name, comma, depth + 1)
    yield place, closing, closing + tail, depth


def _whole(text: str) -> str:
    # JSON's \\ud800 is half a character, which UTF-8 can't hold: show it as it was written.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _json(text: str) -> Any | None:
    """The text's object or list; None where it is not JSON or a bare word or number."""
    if not text.strip().startswith(("{", "[")):
        return None
    try:
        found = json.loads(text)
        json.dumps(found)  # nested too deep to be read is too deep to be laid out
        return found
    except (ValueError, RecursionError):
        return None
