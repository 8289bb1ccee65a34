"""A simpler way: something below fine-tuning on the ladder does as well, or may do."""

from __future__ import annotations

from postgrad.advice.figures import percent
from postgrad.core.report import Comparison
from postgrad.core.suggestion import Evidence, Suggestion

LADDER = "ladder"


class SimplerWay:
    """Use the simpler way instead, or weigh it."""

    name = "simpler_way"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the tuned model is not ahead of the closest rung of the ladder, or was not shown to
        be."""
        probe = it.probe(LADDER)
        if not probe or not probe.comparisons or probe.outcome == "changed":
            return None
        found = probe.comparisons[0]
        # the title is "metric: the way, and tuned"
        way = found.title.rpartition(": ")[2].removesuffix(", and tuned")
        if found.delta <= 0:
            return _use(way, found)
        return _weigh(way, found, it.report.primary.n)


def _use(way: str, found: Comparison) -> Suggestion:
    return Suggestion(
        SimplerWay.name,
        f"Use something simpler: {way}",
        _beside(found),
        "shown" if found.ci95[1] < 0 else "seen",
        "The same quality or better, with no training to repeat when your data changes.",
        do="Build that first. Train again only where it fails: its wrong answers are the rows "
        "to collect.",
    )


def _weigh(way: str, found: Comparison, num_asked: int) -> Suggestion:
    if found.n < num_asked:
        do = (
            f"Write its answers to all {num_asked:,} test rows into a file of chats, and let both "
            "be compared: postgrad compare FILE RUN"
        )
    else:
        do = "Collect more test rows, and name their file: --set data.test=FILE"
    return Suggestion(
        SimplerWay.name,
        f"Weigh something simpler: {way}",
        f"{_beside(found)} It may do as well.",
        "possible",
        "Either the simpler way is enough, or you know by how much it is not.",
        do=do,
    )


def _beside(found: Comparison) -> str:
    low, high = found.ci95
    return (
        f"On {found.n:,} test rows it reached {percent(found.base)}, the tuned model "
        f"{percent(found.tuned)} (95 % interval of the difference {100 * low:+.0f} to "
        f"{100 * high:+.0f} points)."
    )
