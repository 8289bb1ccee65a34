"""Labelled rows: the label that each row teaches, where rows teach labels.

A label is the whole answer, or one field of an answer in JSON, as `{"intent": "refund", ...}`.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from postgrad.data.rows import MAX_LABEL_SHARE, MAX_LABEL_WORDS, MIN_REPEATED_SHARE, Rows

MAX_LABELS = 300
"""As `evals/choose.py`: twice the labels of CLINC150, the widest of the usual intent sets."""

MIN_SHARE = 0.99
"""Of the answers that are JSON objects with the field: one in a hundred may be defective itself."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels by the index of the row. `field` is the key of the answer that holds them, "" where
    the answer is the label."""

    field: str
    labels: Mapping[int, str]


def labelled(rows: Rows) -> Labelled | None:
    """The labels that the rows teach; None if they teach something else.

    Of several fields that hold labels, the first is taken: the others belong to it, as the slots
    of an intent do.
    """
    if rows.answer_kind == "label":
        return Labelled("", rows.answers) if len(set(rows.answers.values())) > 1 else None
    values: defaultdict[str, dict[int, str]] = defaultdict(dict)
    read = 0
    for row in rows.readable:
        answer = row.answer.strip()
        if not answer.startswith("{"):
            continue
        try:
            found: object = json.loads(answer)
        except (ValueError, RecursionError):
            continue
        read += 1
        if isinstance(found, dict):
            for key, value in found.items():  # pyright: ignore[reportUnknownVariableType]
                if isinstance(key, str) and isinstance(value, str):
                    values[key][row.index] = value
    if read < MIN_SHARE * len(rows.readable):
        return None
    for key, found in values.items():
        if len(found) >= MIN_SHARE * len(rows.readable) and _are_labels(list(found.values())):
            return Labelled(key, found)
    return None


def _are_labels(values: list[str]) -> bool:
    counts = Counter(values)
    repeated = sum(count for count in counts.values() if count > 1)
    return (
        1 < len(counts) <= min(MAX_LABELS, MAX_LABEL_SHARE * len(values))
        and all(len(value.split()) <= MAX_LABEL_WORDS for value in counts)
        and repeated >= MIN_REPEATED_SHARE * len(values)
    )
