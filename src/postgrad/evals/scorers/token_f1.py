"""Token F1: how many words answer and reference share, in any order.

    F1 = 2 x shared words / (words of the answer + words of the reference)

Source: SQuAD's F1 (Rajpurkar et al. 2016, section 6.1) and its script evaluate-v2.0.py: lower case,
no punctuation, no English articles. Changed: a reference that this leaves without a word (`A`, `?`)
is compared as a whole, where the script would give every empty answer full marks; and words beyond
ASCII are found too, see `marking.squad_words`.
"""

from __future__ import annotations

from collections import Counter

from postgrad.evals import marking


class TokenF1:
    """The words that answer and reference share."""

    name = "token_f1"
    title = "Words right (token F1)"
    higher_is_better = True
    right_or_wrong = False

    def score(self, answer: str, reference: str) -> float | None:
        wanted = Counter(marking.squad_words(reference))
        if not wanted:
            return float(marking.one_spaced(answer) == marking.one_spaced(reference))
        return marking.overlap_f1(Counter(marking.squad_words(answer)), wanted)
