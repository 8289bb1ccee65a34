"""More test rows: a gain was seen that so few rows can't prove."""

from __future__ import annotations

import math

from postgrad.advice.figures import points
from postgrad.core.suggestion import Change, Evidence, Suggestion

MOST_TIMES = 10
"""Times as many rows that are still worth asking for. Beyond, the gain seen is under a third of
what the test can show (the effect shrinks with the root of the rows), and may as well be none."""


class MoreTestRows:
    """Ask more held-out rows."""

    name = "more_test_rows"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If there is no proof, a gain was seen, and the minimum detectable effect is larger."""
        primary = it.report.primary
        effect = primary.minimum_detectable_effect
        if it.report.verdict != "no_proof" or effect is None or not 0 < it.gain < effect:
            return None
        # the smallest effect that can be seen goes with 1 / root of the rows (Cohen 1988, ch. 2)
        wanted = math.ceil(primary.n * (effect / it.gain) ** 2)
        if wanted > MOST_TIMES * primary.n:
            return None
        held_out = it.report.dataset.rows.get("test", 0)
        limit = it.setting("evaluation.limit")
        evidence = (
            f"The gain seen, {points(primary, it.gain)}, is less than the "
            f"{points(primary, effect)} that {primary.n:,} test rows can show."
        )
        expect = (
            f"If the true gain is what was seen, about {wanted:,} rows prove it in 80 % of cases."
        )
        if limit and limit < held_out:
            return Suggestion(
                self.name,
                f"Ask all {held_out:,} test rows",
                evidence,
                "seen",
                expect,
                changes=(Change("evaluation.limit", limit, None),),
            )
        return Suggestion(
            self.name,
            f"Collect about {wanted - primary.n:,} more test rows",
            evidence,
            "seen",
            expect + " Training again without them will not.",
            do="Put held-out rows into a file of their own, and name it: --set data.test=FILE",
        )
