"""A lower learning rate: training made the model worse, or its numbers broke down."""

from __future__ import annotations

from postgrad.advice.figures import points, rounded
from postgrad.core.suggestion import Change, Evidence, Suggestion

LOWER = 1 / 3
"""Half an order of magnitude: learning rates are searched on a logarithmic scale. A judgement."""

NOT_FINITE = "had no finite"
"""In the warning of a dropped step; see `training/loop.py`."""


class LowerRate:
    """A third of the learning rate."""

    name = "lower_rate"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the verdict is worse, or steps were dropped because their numbers were not finite."""
        rate, primary = it.setting("training.learning_rate"), it.report.primary
        dropped = sum(NOT_FINITE in text for text in it.report.warnings)
        if rate is None or not (it.report.verdict == "worse" or dropped):
            return None
        if it.report.verdict == "worse":
            evidence = (
                f"{primary.title} got worse by {points(primary, primary.delta)} on "
                f"{primary.n:,} test rows, with proof."
            )
        else:
            evidence = f"{dropped} steps had no finite numbers and were dropped."
        return Suggestion(
            self.name,
            "Lower the learning rate to a third",
            evidence,
            "shown" if it.report.verdict == "worse" else "seen",
            "If steps were too large, the validation loss falls steadily. If it is worse again, "
            "it is the data that teaches something else than the test asks: read the examples.",
            changes=(Change("training.learning_rate", rate, rounded(rate * LOWER)),),
        )
