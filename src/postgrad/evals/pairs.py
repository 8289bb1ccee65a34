"""Pairs of stored answers, in the one random order in which all who compare them see them.

A person who stops early, and a judge with a limit, have seen the beginning of this order: a random
sample of the test, and the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from postgrad.core.pair import Pair, Side
from postgrad.core.task import Answer
from postgrad.errors import RunError


def pairs_of(base: Sequence[Answer], tuned: Sequence[Answer], seed: int) -> list[Pair]:
    """Both answers to each question, in an order that only the seed and the ids decide.

    Raises:
        RunError: the two don't answer the same questions, or nothing was asked (plain text).
    """
    after = {answer.id: answer for answer in tuned}
    if len(base) != len(after) or {answer.id for answer in base} != after.keys():
        raise RunError(
            "Base and tuned did not answer the same questions.",
            why="Only answers to the same question can be compared.",
            fix="Ask both models again: postgrad eval RUN",
            code="answers_do_not_match",
        )
    pairs = [
        Pair(each.id, each.prompt, each.reference, each.answer, after[each.id].answer)
        for each in base
        if each.prompt
    ]
    if not pairs:
        raise RunError(
            "This run has no answers that could be compared.",
            why="Its rows are plain text: there, nothing is asked.",
            code="no_questions",
        )
    return sorted(pairs, key=lambda pair: _drawn(seed, "order", pair.id))


def shown_first(pair: Pair, seed: int) -> Side:
    """Whose answer a person sees as A; fair, and the same whenever it is asked."""
    return "base" if int(_drawn(seed, "side", pair.id), 16) % 2 else "tuned"


def _drawn(seed: int, what: str, name: str) -> str:
    return hashlib.sha256(f"{seed}:{what}:{name}".encode()).hexdigest()
