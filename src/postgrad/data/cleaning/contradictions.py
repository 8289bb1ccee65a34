"""The same question with different answers.

A model can give one answer to a question, so each further one is wrong at least once. With labels
this bounds what any model can reach: no more than the share of rows that have the most frequent
answer of their question. The entropy of the answers to a question says how undecided the data is.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import MAX_LABEL_WORDS, Rows

FIX = "Decide which answer is right, and correct or remove the other."
SOURCE = "Northcutt et al., arXiv:2103.14749; Fano's inequality bounds accuracy by label entropy"


class Contradictions:
    """Rows whose question has another answer in most other rows."""

    name = "contradictions"
    title = "the same question, another answer"
    optional = False
    kinds = (
        Kind(
            "contradiction",
            "hurts",
            "the same question with another label or short answer",
            "One of the answers is wrong, and no model can get both right.",
            FIX,
            source=SOURCE,
        ),
        Kind(
            "different_answers",
            "look",
            "the same question with another text as answer",
            "Two good answers teach variety; two that disagree teach nothing.",
            FIX,
            source=SOURCE,
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """Every row that does not have the most frequent (else the first) answer."""
        groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for row in rows.readable:
            prompt = rows.prompts[row.index]
            if prompt != rows.answers[row.index]:  # a text has no question
                groups[row.split, row.system, prompt].append(row.index)
        num_rows = sum(map(len, groups.values()))
        counts = {
            key: Counter(rows.answers[index] for index in group)
            for key, group in groups.items()
            if len(group) > 1
        }
        lost = sum(each.total() - max(each.values()) for each in counts.values())
        ceiling = (num_rows - lost) / max(1, num_rows)
        for key, found in counts.items():
            if len(found) > 1:
                yield from _hits(rows, groups[key], found, ceiling)


def _hits(rows: Rows, group: list[int], found: Counter[str], ceiling: float) -> Iterator[Hit]:
    usual, _ = found.most_common(1)[0]
    first = next(index for index in group if rows.answers[index] == usual)
    short = all(len(answer.split()) <= MAX_LABEL_WORDS for answer in found)
    where = f"{rows[first].file} line {rows[first].line}"
    bound = (
        f" {len(found)} answers, {entropy(found):.2f} bits; over all rows no model can get more "
        f"than {100 * ceiling:.1f} % right."
        if short
        else ""
    )
    for index in group:
        if rows.answers[index] != usual:
            code = "contradiction" if short else "different_answers"
            yield Hit(code, index, f"Answers otherwise than {where}.{bound}")


def entropy(counts: Counter[str]) -> float:
    """Shannon entropy in bits of what was counted."""
    total = counts.total()
    return -sum(n / total * math.log2(n / total) for n in counts.values())
