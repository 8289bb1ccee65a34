"""Less by heart: single training rows can be told from the model."""

from __future__ import annotations

from postgrad.core.report import ProbeReport
from postgrad.core.suggestion import Change, Evidence, Suggestion

MEMBERSHIP, CANARIES = "membership", "canaries"
AUC = "auc"

OF_NOTE = 0.6
"""Area under the curve: three pairs in five. Our own choice, above chance (0.5), which attacks on
pre-training data hardly beat in most settings (Duan et al. 2024, arXiv:2402.07841, abstract)."""


class LessByHeart:
    """LoRA instead of full fine-tuning, or fewer epochs."""

    name = "less_by_heart"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If planted numbers were learned, or trained rows can be told from held-out ones in more
        than 60 % of the pairs, the interval included."""
        probe = self._found(it)
        if probe is None:
            return None
        found = self._change(it)
        if found is None:
            return None
        title, change = found
        return Suggestion(
            self.name,
            title,
            probe.text,
            "shown",
            "Less is learned by heart, and perhaps less of the task. If no row is private, you "
            "may leave it as it is.",
            changes=(change,),
        )

    def _change(self, it: Evidence) -> tuple[str, Change] | None:
        epochs = it.setting("training.epochs")
        if it.setting("method.name") == "full":
            return "Train a LoRA instead", Change("method.name", "full", "lora")
        if epochs and epochs > 1:
            fewer = max(1, round(epochs / 2, 1))
            return f"Train for {fewer:g} epochs", Change("training.epochs", epochs, fewer)
        return None

    def _found(self, it: Evidence) -> ProbeReport | None:
        planted, told = it.probe(CANARIES), it.probe(MEMBERSHIP)
        if planted and planted.outcome == "changed" and planted.comparisons[0].delta > 0:
            return planted
        for figure in told.figures if told else ():
            if figure.name == AUC and figure.ci95 and figure.ci95[0] > OF_NOTE:
                return told
        return None
