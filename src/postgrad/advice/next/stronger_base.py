"""A stronger base: neither training nor examples in the prompt make answers right."""

from __future__ import annotations

from postgrad.advice.figures import score
from postgrad.advice.should import NOTHING_RIGHT
from postgrad.core.suggestion import Evidence, Suggestion

FEWEST_ROWS = 20
"""Below, "hardly any is right" says nothing: of 20 rows none right, up to 14 % may be (rule of
three)."""

LADDER = "ladder"


class StrongerBase:
    """Try a larger base model."""

    name = "stronger_base"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the model is not better, hardly ever right, and no simpler way is either."""
        primary, ladder = it.report.primary, it.probe(LADDER)
        if it.report.verdict == "better" or it.room is None or primary.n < FEWEST_ROWS:
            return None
        simpler = [found.base for found in ladder.comparisons] if ladder else []
        best = max([primary.tuned, *simpler])
        if best > NOTHING_RIGHT:
            return None
        return Suggestion(
            self.name,
            "Try a stronger base model",
            f"The tuned model is at {score(primary, primary.tuned)} on {primary.n:,} test rows "
            f"({primary.title}), and the base at {score(primary, primary.base)}"
            + ("; examples in the prompt do no better." if ladder else "."),
            "seen",
            "A base that can do it with examples in its prompt can be taught to do it without.",
            do="postgrad models list names some; postgrad plan FILE --base NAME says whether one "
            "fits, and what it can do by itself.",
        )
