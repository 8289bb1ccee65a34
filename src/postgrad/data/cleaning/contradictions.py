"""The same question with different answers.

A model can give one answer to a question, so each further one is wrong at least once. With labels
this bounds what any model can reach: no more than the share of rows that have the most frequent
answer of their question. The entropy of the answers to a question says how undecided the data is.

Two questions are the same too if they differ only in punctuation, in a word written twice, or in
words that ask nothing ("please", "the"). Any other word more is another question: "atypical
leukemia" is not "leukemia".
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import MAX_LABEL_WORDS, Rows
from postgrad.data.similar import are_alike, words_of

FILLERS = frozenset(
    (
        *("a", "an", "the", "of", "in", "on", "at", "please", "pls", "plz", "kindly", "just", "so"),
        *("hi", "hello", "hey", "well", "thanks", "also", "actually", "really"),
        *("der", "die", "das", "dem", "den", "ein", "eine", "bitte", "mal", "hallo"),
        *("le", "la", "les", "un", "une", "svp", "el", "los", "las", "una", "favor", "hola"),
        *("il", "lo", "gli", "favore", "o", "os", "as", "um", "uma", "het", "een", "alsjeblieft"),
    )
)
"""Articles, politeness, and prepositions that hardly ever stand for another one."""

FEWEST_WORDS = 5
"""Of what is left of a question without them, the speaker's name included: less says too little."""

LEAST_ANSWER_SIMILARITY = 0.5
"""From here on two answers are one, worded twice: as near duplicates are compared."""

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
        yield from _worded_anew(rows, groups)


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


def _worded_anew(rows: Rows, groups: Mapping[tuple[str, ...], list[int]]) -> Iterator[Hit]:
    """Rows that ask in other words what an earlier one asks, and answer otherwise."""
    first: dict[tuple[str, ...], int] = {}
    for (split, system, prompt), group in groups.items():
        asked = essence(prompt)
        if len(asked) < FEWEST_WORDS:
            continue
        # joined, the words take a tenth of the memory
        earlier = first.setdefault((split, system, " ".join(asked)), group[0])
        for index in group if earlier != group[0] else ():
            if _differ(rows, earlier, index):
                both = (rows.answers[earlier], rows.answers[index])
                short = all(len(answer.split()) <= MAX_LABEL_WORDS for answer in both)
                where = f"{rows[earlier].file} line {rows[earlier].line}"
                what = f"Asks in other words what {where} asks, and answers otherwise."
                yield Hit("contradiction" if short else "different_answers", index, what)


def essence(question: str) -> tuple[str, ...]:
    """What a question asks: its words without those that ask nothing, none twice in a row."""
    kept = [word for word in words_of(question) if word not in FILLERS]
    return tuple([word for word, before in zip(kept, ["", *kept], strict=False) if word != before])


def _differ(rows: Rows, first: int, second: int) -> bool:
    one, other = rows.answers[first], rows.answers[second]
    if one == other or rows.answer_kind == "label":
        return one != other
    return not are_alike(words_of(one), words_of(other), LEAST_ANSWER_SIMILARITY)


def entropy(counts: Counter[str]) -> float:
    """Shannon entropy in bits of what was counted."""
    total = counts.total()
    return -sum(n / total * math.log2(n / total) for n in counts.values())
