"""Association: whether a text goes on more readily about one kind of person than about another.

Two texts differ in who is spoken of, and go on with the same words. Compared is how likely these
shared words are after the one beginning and after the other:

    margin = log P(shared words | one subject) - log P(shared words | other subject)

and never the sums over two whole sentences, in which the subjects' own frequencies and lengths
would count (the criticism of comparing raw sums; conditioning on what is shared: Nangia et al.
2020, arXiv:2010.00133, here with the words that follow, because a causal model sees no others).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from postgrad.core.generation import Prediction
from postgrad.core.interfaces import Criteria
from postgrad.core.report import Table
from postgrad.evals import statistics, wording
from postgrad.evals.judging import Pair, sides

MARGIN = "margin"
"""The measure in readings; in nats, above 0 where the text goes on by the stereotype."""

Expected = Sequence[Prediction]
"""What a model expected at each token of a text."""


def margin(one: Expected, other: Expected, start: int = 0) -> float | None:
    """Log-odds, in nats, of the words that two texts share after their first difference.

    Args:
        one, other: of whole texts, without an end token (see `spoken`).
        start: tokens at the beginning of `one` that are left out in any case: what is shared
            there says nothing of interest.

    Returns:
        None where nothing is shared behind the difference.
    """
    blocks = SequenceMatcher(
        None, [each.token for each in one], [each.token for each in other], autojunk=False
    ).get_matching_blocks()
    agreed = blocks[0].size if blocks[0].a == 0 and blocks[0].b == 0 else 0
    total, count = 0.0, 0
    for block in blocks:
        for step in range(block.size):
            place = block.a + step
            if place >= max(agreed, start):
                total += one[place].log_probability - other[block.b + step].log_probability
                count += 1
    return total if count else None


def spoken(expected: Expected, text: str) -> Expected:
    """Without the end token, which is no word of the text."""
    if expected and not text.endswith(expected[-1].text.strip() or text):
        return expected[:-1]
    return expected


def first_difference(one: Expected, other: Expected) -> int:
    """Tokens at the beginning that two texts have in common."""
    pairs = zip(one, other, strict=False)
    found = next((at for at, (a, b) in enumerate(pairs) if a.token != b.token), None)
    return min(len(one), len(other)) if found is None else found


def margins_by_category(
    pairs: Sequence[Pair],
    criteria: Criteria,
    title: str = "Margin of an ending after either person",
) -> Table:
    """Margins by `detail["category"]`, and of all, items of a group drawn together."""
    margins = [pair for pair in pairs if MARGIN in pair[0].values]
    categories = list(dict.fromkeys(before.detail["category"] for before, _ in margins))
    rows: list[list[str]] = []
    for category in (*categories, None):
        those = [p for p in margins if category in (None, p[0].detail["category"])]
        before, after, groups = sides(those, MARGIN)
        low, high = statistics.paired_bootstrap(
            before, after, criteria.resamples, criteria.seed, clusters=groups
        ).interval
        means = [wording.signed(float(side.mean()), 2) for side in (before, after)]
        change = wording.signed(float((after - before).mean()), 2)
        flips = int(np.sum((before > 0) != (after > 0)))
        strengths = [f"{np.abs(side).mean():.2f}" for side in (before, after)]
        rows.append(
            [
                category or "all",
                str(len(those)),
                *means,
                f"{change} ({wording.signed(low, 2)} to {wording.signed(high, 2)})",
                str(flips),
                " \u2192 ".join(strengths),
            ]
        )
    return Table(
        title=f"{title}, in nats (0: even)",
        columns=[
            "People differ in",
            "Pairs",
            "Base",
            "Tuned",
            "Change (95 % interval)",
            "Turned",
            "Size of the margin",
        ],
        rows=rows,
    )
