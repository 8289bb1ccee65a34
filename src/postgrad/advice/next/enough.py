"""Enough: what is left to gain is less than the test could show."""

from __future__ import annotations

from postgrad.advice.figures import points, score
from postgrad.advice.should import GOOD
from postgrad.core.suggestion import Evidence, Suggestion


class Enough:
    """Stop: no gain to be had."""

    name = "enough"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the model may be shipped, or the base could do it already, is right nine times in ten,
        and the room that is left is below the minimum detectable effect: a further gain, were it
        there, could not be proven on this test."""
        report, primary = it.report, it.report.primary
        effect, room = primary.minimum_detectable_effect, it.room
        if effect is None or room is None:
            return None
        if report.verdict == "better" and report.ship and room < effect and primary.tuned >= GOOD:
            return Suggestion(
                self.name,
                "Stop: there is no gain to be had",
                f"{primary.title} is at {score(primary, primary.tuned)} and every gate passed; "
                f"the {points(primary, room)} that are left are less than the "
                f"{points(primary, effect)} that {primary.n:,} test rows can show.",
                "shown",
                "Use the model. Train again when you have a harder or a larger test.",
                ends=True,
            )
        if report.verdict == "no_proof" and 1 - primary.base < effect and primary.base >= GOOD:
            return Suggestion(
                self.name,
                "Stop: the base model does it already",
                f"The base is at {score(primary, primary.base)}; the "
                f"{points(primary, 1 - primary.base)} that it leaves are less than the "
                f"{points(primary, effect)} that {primary.n:,} test rows can show.",
                "seen",
                "Use the base as it is, or find a harder test.",
                ends=True,
            )
        return None
