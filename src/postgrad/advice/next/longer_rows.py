"""Longer rows: the length limit cut off what was to be taught."""

from __future__ import annotations

import re

from postgrad.advice.figures import count, percent
from postgrad.core.suggestion import Change, Evidence, Suggestion

MOST_LOST = 0.01
"""Share of the taught tokens: one in a hundred, among them each cut row's stop token. A judgement;
where the gate of the stop rate failed, any cut row is enough."""

_LONGEST = re.compile(r"the longest row has (\d+) tokens")
_CONTEXT = "the base model's context"


class LongerRows:
    """Raise the length limit, or shorten the rows."""

    name = "longer_rows"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If cut rows lost one taught token in a hundred, or answers no longer end."""
        data, limit = it.report.dataset, it.setting("training.max_length")
        lost = data.cut_supervised_tokens
        share = lost / max(1, lost + data.supervised_tokens.get("train", 0))
        gate = it.report.gates.get("stop_rate")
        unending = gate is not None and not gate.passed
        if not data.cut_rows or not limit or (share < MOST_LOST and not unending):
            return None
        evidence = (
            f"{count(data.cut_rows, 'training row')} cut at {limit:,} tokens lost "
            f"{count(lost, 'taught token')} ({percent(share)}), the end of the answer first."
        )
        expect = "Whole answers are taught, and where they end."
        source = it.source("training.max_length")
        if source.startswith(_CONTEXT):
            return Suggestion(
                self.name,
                "Shorten the rows, or take a base with a longer context",
                evidence,
                "seen",
                expect,
                do="The limit is the base model's own. Cut long prompts in the file: "
                "postgrad data check FILE --base MODEL names the lines.",
            )
        told = _LONGEST.search(source)
        longest = int(told[1]) if told else 2 * limit
        return Suggestion(
            self.name,
            f"Allow rows of {longest:,} tokens",
            evidence,
            "seen",
            f"{expect} It takes more memory and time; if the base can't read so far, "
            "postgrad plan says so.",
            changes=(Change("training.max_length", limit, longest),),
        )
