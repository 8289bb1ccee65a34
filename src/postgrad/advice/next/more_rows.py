"""More training rows: the learning curve falls, or there are fewer than the task takes."""

from __future__ import annotations

from postgrad.core.report import LearningCurve
from postgrad.core.suggestion import Evidence, Grade, Suggestion

FEW_ROWS = "few_rows"

STEEP = 0.05
"""Of the loss by each doubling of the rows so far: below a twentieth, as much again is hardly worth
collecting; the same line as where the learning curve says that no more is to be had."""


class MoreRows:
    """Collect more rows to train on."""

    name = "more_rows"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the learning curve says that twice the data helps, its interval included; if it can't
        tell, but fell steeply so far; where it was not asked, or neither, if the data doctor found
        few rows and the model may not be shipped."""
        curve = it.report.learning_curve
        found = next((e for e in it.report.dataset.findings if e.code == FEW_ROWS), None)
        grade: Grade = "shown"
        if curve and curve.outcome == "more_helps":
            evidence = curve.text
            expect = "A lower loss, as the curve foresees; what that is worth, the test will say."
        elif curve and _is_steep(curve):
            evidence, grade = curve.text, "seen"
            expect = "A lower loss if it goes on as so far, which the curve does not promise."
        elif found and not it.report.ship and not (curve and curve.outcome == "no_more"):
            evidence, grade = found.example.what, "possible"
            expect = "Perhaps a better model. postgrad eval RUN --curve foresees whether."
        else:
            return None
        return Suggestion(
            self.name,
            "Collect more training rows",
            evidence,
            grade,
            expect,
            do="Make rows of what you have with postgrad data collect, or write them; hold the "
            "test fixed, so that the two runs can be compared. Then: --set data.train=FILE "
            "--set data.test=TEST",
        )


def _is_steep(curve: LearningCurve) -> bool:
    """Whether the loss fell much with each doubling, and no end of it was seen."""
    slope = curve.per_doubling
    return curve.outcome == "cannot_tell" and slope is not None and slope <= -STEEP
