"""A simpler way: something below fine-tuning on the ladder does at least as well."""

from __future__ import annotations

from postgrad.advice.figures import percent
from postgrad.core.suggestion import Evidence, Suggestion

LADDER = "ladder"


class SimplerWay:
    """Use the simpler way instead."""

    name = "simpler_way"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the closest rung of the ladder is not behind the tuned model. That it is surely ahead
        is shown where the whole interval says so."""
        probe = it.probe(LADDER)
        if not probe or not probe.comparisons:
            return None
        found = probe.comparisons[0]
        if found.delta > 0:
            return None
        low, high = found.ci95
        # the title is "metric: the way, and tuned"
        way = found.title.rpartition(": ")[2].removesuffix(", and tuned")
        return Suggestion(
            self.name,
            f"Use something simpler: {way}",
            f"On {found.n:,} test rows it reached {percent(found.base)}, the tuned model "
            f"{percent(found.tuned)} (95 % interval of the difference {100 * low:+.0f} to "
            f"{100 * high:+.0f} points).",
            "shown" if high < 0 else "seen",
            "The same quality or better, with no training to repeat when your data changes.",
            do="Build that first. Train again only where it fails: its wrong answers are the rows "
            "to collect.",
        )
