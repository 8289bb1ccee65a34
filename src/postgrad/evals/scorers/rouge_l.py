"""ROUGE-L: how long a sequence of words answer and reference share, with gaps allowed.

    P = LCS / words of the answer,  R = LCS / words of the reference,  F1 = 2 P R / (P + R)

LCS is the length of the longest common subsequence of words.
Source: Lin 2004, section 3.1, with beta 1 and the words of the package rouge-score 0.1.2 without
stemming, to which it is equal for ASCII texts. Changed: letters of all scripts make words, see
`marking.rouge_words`; a reference without any word is compared as a whole instead of scoring 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from postgrad.evals import marking


class RougeL:
    """The longest sequence of words that answer and reference share."""

    name = "rouge_l"
    title = "Wording (ROUGE-L)"
    higher_is_better = True
    right_or_wrong = False

    def score(self, answer: str, reference: str) -> float | None:
        wanted, given = marking.rouge_words(reference), marking.rouge_words(answer)
        if not wanted:
            return float(marking.one_spaced(answer) == marking.one_spaced(reference))
        return 2 * common_subsequence(given, wanted) / (len(given) + len(wanted))


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table as the bits of one integer.

    Source: Hyyro 2004, "Bit-parallel LCS-length computation revisited". For two texts of 500 words
    0.3 ms where the table of Lin 2004 takes 48 ms (measured, Python 3.11).
    """
    places: defaultdict[str, int] = defaultdict(int)
    for place, word in enumerate(left):
        places[word] |= 1 << place
    all_ones = (1 << len(left)) - 1
    row = all_ones  # a zero bit: the subsequence grew at this word of `left`
    for word in right:
        matches = row & places[word]
        row = ((row + matches) | (row - matches)) & all_ones
    return len(left) - row.bit_count()
