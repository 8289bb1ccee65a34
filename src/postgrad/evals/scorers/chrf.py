"""chrF: how many pieces of 1 to 6 characters answer and reference share, recall counting twice.

    chrF2 = (1 + 4) P R / (4 P + R)

P and R are the means over n = 1..6 of the precision and recall of character n-grams, whitespace
left out; lengths for which either text has no n-gram are left out of the mean (effective order).
Source: Popovic 2015, with the defaults of sacrebleu 2.6's `sentence_chrf` (signature
nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no), to which it is equal, scaled to 0..1.
Changed: texts are put into Unicode NFC first; a blank reference is matched by a blank answer.
"""

from __future__ import annotations

from collections import Counter

from postgrad.evals import marking

MAX_ORDER = 6
BETA = 2


class Chrf:
    """The pieces of words that answer and reference share; good for code and for rich grammar."""

    name = "chrf"
    title = "Characters right (chrF)"
    higher_is_better = True
    right_or_wrong = False

    def score(self, answer: str, reference: str) -> float | None:
        given = "".join(marking.nfc(answer).split())
        wanted = "".join(marking.nfc(reference).split())
        order = min(MAX_ORDER, len(given), len(wanted))
        if order == 0:
            return float(given == wanted)
        precision = recall = 0.0
        for n in range(1, order + 1):
            shared = (_pieces(given, n) & _pieces(wanted, n)).total()
            precision += shared / (len(given) - n + 1)
            recall += shared / (len(wanted) - n + 1)
        precision, recall = precision / order, recall / order
        if precision == 0:
            return 0.0
        score = (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)
        return min(1.0, score)  # rounding may leave a hair over 1


def _pieces(text: str, n: int) -> Counter[str]:
    return Counter(text[i : i + n] for i in range(len(text) - n + 1))
