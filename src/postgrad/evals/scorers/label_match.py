"""Label match: 1 if the whole answer is the label, else 0; its mean is the accuracy.

Case, and quotes, brackets and stops around the answer, don't count: `"Yes."` is `yes`. A label
inside a sentence is not an answer: a program that reads the label would not find it either.
Source: accuracy as in scikit-learn's `accuracy_score`, an answer that is no label being wrong.
"""

from __future__ import annotations

from postgrad.evals import marking


class LabelMatch:
    """The whole answer is the right label."""

    name = "label_match"
    title = "Right label (accuracy)"
    higher_is_better = True
    right_or_wrong = True

    def score(self, answer: str, reference: str) -> float | None:
        return float(marking.label_form(answer) == marking.label_form(reference))
