"""More epochs: the model was still learning when training ended."""

from __future__ import annotations

from postgrad.advice.defaults import MOST_EPOCHS
from postgrad.core.report import Curve
from postgrad.core.suggestion import Change, Evidence, Suggestion

FALL = 0.02
"""Of the validation loss over the last quarter of the steps: two per cent, what
`evaluation.margin` calls a loss. The learning rate ends at nought, so that the last steps are
small: a fall that is seen in them is no noise of theirs."""

ALL_DONE = "all epochs were done"
"""How `training/loop.py` says that nothing else ended it."""


class MoreEpochs:
    """Twice the epochs."""

    name = "more_epochs"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If all epochs were done, the last validation was the best, and its loss was falling."""
        training, valid = it.report.training, it.report.curves.get("valid")
        epochs = it.setting("training.epochs")
        if not epochs or not valid or training.stopped != ALL_DONE or epochs >= MOST_EPOCHS:
            return None
        if not training.best_step or training.best_step < training.steps:
            return None
        step, before = _a_quarter_ago(valid)
        last = valid.values[-1]
        if not before or last > before * (1 - FALL):
            return None
        return Suggestion(
            self.name,
            f"Train for {min(MOST_EPOCHS, 2 * epochs):g} epochs",
            f"The validation loss was still falling when all {epochs:g} epochs were done: "
            f"{last:.3f} at the last step, {valid.steps[-1]:,}, after {before:.3f} at step "
            f"{step:,}.",
            "seen",
            "A better model for up to twice the time; training ends sooner if the loss no longer "
            "falls.",
            changes=(Change("training.epochs", epochs, min(MOST_EPOCHS, 2 * epochs)),),
        )


def _a_quarter_ago(curve: Curve) -> tuple[int, float]:
    """The last validation within the first three quarters of the steps; (0, 0.0) if none."""
    edge = 0.75 * curve.steps[-1]
    points = zip(curve.steps, curve.values, strict=True)
    return max(((step, value) for step, value in points if step <= edge), default=(0, 0.0))
