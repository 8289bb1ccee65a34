"""Exact match: 1 if the answer is the reference, else 0.

Both are compared in Unicode NFC with runs of whitespace as one space; case and punctuation count.
Source: the exact match of SQuAD (Rajpurkar et al. 2016, section 6.1), without its lower-casing and
its removal of articles and punctuation, which would call wrong code and wrong names right.
"""

from __future__ import annotations

from postgrad.evals import marking


class ExactMatch:
    """The answer is the reference, character for character."""

    name = "exact_match"
    title = "Exactly right"
    higher_is_better = True
    right_or_wrong = True

    def score(self, answer: str, reference: str) -> float | None:
        return float(marking.one_spaced(answer) == marking.one_spaced(reference))
