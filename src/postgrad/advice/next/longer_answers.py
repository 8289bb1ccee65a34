"""Longer answers: the tuned model's answers are cut at the limit of the test."""

from __future__ import annotations

from postgrad.core.suggestion import Change, Evidence, Suggestion


class LongerAnswers:
    """Raise the limit of an answer."""

    name = "longer_answers"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the gate of the stop rate failed although no training row was cut."""
        gate, most = it.report.gates.get("stop_rate"), it.setting("evaluation.max_new_tokens")
        if not gate or gate.passed or not most or it.report.dataset.cut_rows:
            return None
        is_shown = gate.ci95 is not None and gate.ci95[1] < 0
        return Suggestion(
            self.name,
            "Allow longer answers",
            gate.text,
            "shown" if is_shown else "possible",
            "If answers are only long, they now end and can be marked. If they go on without end, "
            "the stop rate stays as it is: look whether your answers break off.",
            changes=(Change("evaluation.max_new_tokens", most, 2 * most),),
        )
