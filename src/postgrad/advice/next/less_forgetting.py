"""Less forgetting: a gate of what the model could do before was not passed."""

from __future__ import annotations

from postgrad.advice.figures import percent, rounded
from postgrad.core.report import ProbeReport
from postgrad.core.suggestion import Change, Evidence, Grade, Suggestion

GENERAL_SHARE = 0.2
"""Every fifth row a general one: a quarter more rows. One in a hundred keeps old tasks (Scialom et
al. 2022, arXiv:2205.12393); a pre-trained model's loss takes one in twenty where the new text is
like the old, and one in four where it is of another language (Ibrahim et al. 2024,
arXiv:2403.08763). One in five between them is our own choice: see docs/probes/general_text.md."""

GENTLER = 0.5
"""Half the learning rate. Learning less goes with forgetting less (Biderman et al. 2024,
arXiv:2405.09673); the factor is a judgement."""


class LessForgetting:
    """Mix general rows in, or learn more gently."""

    name = "less_forgetting"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If a probe of the section forgetting did not pass its gate. That there is a loss is shown
        where the interval of its comparison leaves nought out; else it is only not ruled out."""
        not_passed = [
            probe
            for probe in it.report.probes
            if probe.section == "forgetting" and probe.outcome in ("failed", "undecided")
        ]
        if not not_passed:
            return None
        worst = max(not_passed, key=_is_shown)
        grade: Grade = "shown" if _is_shown(worst) else "possible"
        if grade == "possible" and it.setting("evaluation.effort") == "quick":
            return Suggestion(
                self.name,
                "Ask all items about forgetting",
                worst.text,
                grade,
                "A narrower interval: either the loss is ruled out, or it is shown.",
                changes=(Change("evaluation.effort", "quick", "full"),),
            )
        share, rate = it.setting("data.general_share"), it.setting("training.learning_rate")
        if share is not None and share < GENERAL_SHARE:
            return Suggestion(
                self.name,
                f"Mix general rows in: {percent(GENERAL_SHARE)} of the training rows",
                worst.text,
                grade,
                "Less is forgotten, for a quarter more steps. A lower learning rate and fewer "
                "epochs do it too, at the cost of what is learned.",
                changes=(Change("data.general_share", share, GENERAL_SHARE),),
            )
        if rate is None:
            return None
        return Suggestion(
            self.name,
            "Halve the learning rate",
            f"{worst.text} General rows were mixed in already.",
            grade,
            "Less is forgotten, and perhaps less learned; the test will say.",
            changes=(Change("training.learning_rate", rate, rounded(rate * GENTLER)),),
        )


def _is_shown(probe: ProbeReport) -> bool:
    if not probe.comparisons:
        return False
    found = probe.comparisons[0]
    low, high = found.ci95
    return high < 0 if found.higher_is_better else low > 0
