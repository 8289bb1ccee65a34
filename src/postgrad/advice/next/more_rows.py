"""More training rows: the data doctor found fewer than such a task usually takes."""

from __future__ import annotations

from postgrad.core.suggestion import Evidence, Suggestion

FEW_ROWS = "few_rows"


class MoreRows:
    """Collect more rows to train on."""

    name = "more_rows"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If there are few rows for the task, and the model is not ready to ship."""
        found = next((e for e in it.report.dataset.findings if e.code == FEW_ROWS), None)
        if not found or it.report.ship:
            return None
        return Suggestion(
            self.name,
            "Collect more training rows",
            found.example.what,
            "possible",
            "More rows of the same kind are the surest way to a better model; hold the test "
            "fixed, so that the two runs can be compared.",
            do="Make rows of what you have with postgrad data collect, or write them. Then: "
            "--set data.train=FILE --set data.test=TEST",
        )
