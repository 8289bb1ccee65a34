"""Private values: the model says what stood in a training row and in no question."""

from __future__ import annotations

from postgrad.advice.cleaning import cleaning, file_of
from postgrad.core.suggestion import Evidence, Suggestion

VERBATIM = "verbatim"


class PrivateValues:
    """Mask private values before the next training."""

    name = "private_values"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the probe `verbatim` drew one out that the base does not say."""
        probe, file = it.probe(VERBATIM), file_of(it)
        if not probe or probe.outcome != "changed" or file is None:
            return None
        command, change = cleaning(it, *file)
        return Suggestion(
            self.name,
            "Mask the private values, and train again",
            probe.text,
            "shown",  # said is said: no interval is needed
            "What was never taught can't be drawn out. This model should not be given away.",
            changes=(change,),
            command=command,
        )
