"""Shown rows: the rows that a person looks at on the page of `data check`, as plain values.

Those with findings come first, each finding in its turn, so that a common one does not hide a rare
one; then rows without any, evenly spread over the data, to compare with.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from postgrad.core.findings import Hit
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.data.doctor import Diagnosis
from postgrad.data.rows import Row

MOST_ROWS = 300
LEAST_SAMPLE = 100
"""What a person scrolls through and a browser opens at once; a third of it ordinary rows."""

HEAD_CHARACTERS, TAIL_CHARACTERS = 3000, 1000
"""Of a longer text, the beginning and the end are shown."""

See = Callable[[Record], list[Any]]
"""A record as a base model sees it; see `steps/seen.py`."""


def shown_rows(diagnosis: Diagnosis, see: See | None = None) -> list[dict[str, Any]]:
    """The chosen rows: where they are, what was found in them, and their turns.

    `turns` have `role`, `text`, `taught` and `calls`; of a row that can't be read, `raw` is its
    text. `seen` is there where a base model looks on.
    """
    hits: dict[int, list[Hit]] = defaultdict(list)
    for hit in diagnosis.hits:
        hits[hit.row].append(hit)
    chosen = choose(diagnosis, hits)
    return [_row(diagnosis.rows[index], hits.get(index, []), see) for index in chosen]


def choose(diagnosis: Diagnosis, hits: Mapping[int, Sequence[Hit]]) -> list[int]:
    """Indices of at most MOST_ROWS rows: with findings, the worst first; then a sample."""
    rank = {finding.code: place for place, finding in enumerate(diagnosis.findings)}
    waiting: list[list[int]] = [[] for _ in rank]
    for index in sorted(hits):
        for code in {hit.code for hit in hits[index]}:
            waiting[rank[code]].append(index)
    clean = [row.index for row in diagnosis.rows if row.index not in hits]
    room = MOST_ROWS - min(LEAST_SAMPLE, len(clean))
    found: dict[int, None] = {}
    for turn in range(max(map(len, waiting), default=0)):
        for indices in waiting:
            if turn < len(indices) and len(found) < room:
                found.setdefault(indices[turn])
    worst = sorted(found, key=lambda index: (min(rank[hit.code] for hit in hits[index]), index))
    return worst + _spread(clean, MOST_ROWS - len(worst))


def _spread(indices: Sequence[int], count: int) -> list[int]:
    if len(indices) <= count:
        return list(indices)
    return [indices[number * len(indices) // count] for number in range(count)]


def _row(row: Row, hits: Sequence[Hit], see: See | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "file": row.file,
        "line": row.line,
        "split": row.split,
        "tokens": row.size.tokens,
        "taught": row.size.taught,
        "findings": [{"code": hit.code, "what": hit.what, "path": hit.path} for hit in hits],
        "turns": [],
        "raw": None,
    }
    if row.record is not None:
        shown["turns"] = turns_of(row.record)
        if see:
            shown["seen"] = see(row.record)
    elif row.rejection is not None:
        raw = row.rejection.row
        text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
        shown["raw"] = _shortened(text) if raw else ""
    return shown


def turns_of(record: Record) -> list[dict[str, Any]]:
    """The record's turns, as a chat shows them."""
    if isinstance(record, Text):
        return [_turn("text", record.text, True)]
    if isinstance(record, Chat):
        return [_message(message) for message in record.messages]
    return [
        *(_message(message) for message in record.prompt),
        _message(record.chosen, "preferred"),
        _message(record.rejected, "not preferred"),
    ]


def _message(message: Message, role: str = "") -> dict[str, Any]:
    calls = [
        {
            "name": call.name,
            "arguments": _shortened(json.dumps(dict(call.arguments), ensure_ascii=False)),
        }
        for call in message.tool_calls
    ]
    taught = message.role == "assistant" and message.weight > 0
    return _turn(role or message.role, message.content, taught and role != "not preferred", calls)


def _turn(
    role: str, text: str, taught: bool, calls: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    return {"role": role, "text": _shortened(text), "taught": taught, "calls": list(calls)}


def _shortened(text: str) -> str:
    left_out = len(text) - HEAD_CHARACTERS - TAIL_CHARACTERS
    if left_out <= 0:
        return text
    gap = f"\n[... {left_out:,} characters left out ...]\n"
    return text[:HEAD_CHARACTERS] + gap + text[-TAIL_CHARACTERS:]
