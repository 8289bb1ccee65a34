"""Fewer epochs: the model went on learning the training rows by heart."""

from __future__ import annotations

from postgrad.advice.figures import percent, rounded
from postgrad.core.suggestion import Change, Evidence, Suggestion

RISE = 0.02
"""Of the validation loss over its best: two per cent, what `evaluation.margin` calls a loss."""

MUCH_BELOW = 0.8
"""Training loss at the end against the best validation loss: under four fifths. A judgement: the
two are nearly equal where nothing is learned by heart."""

GENTLER = 0.5
"""Where the best step lies within the first epoch there are no epochs to leave out."""


class FewerEpochs:
    """Stop where the validation loss was best."""

    name = "fewer_epochs"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the validation loss rose after its best step while the training loss went on down."""
        training, curves = it.report.training, it.report.curves
        epochs, best = it.setting("training.epochs"), training.best_valid_loss
        if not epochs or not best or "valid" not in curves or "train" not in curves:
            return None
        last = curves["valid"].values[-1]
        values = curves["train"].values
        late = values[-max(1, len(values) // 4) :]
        trained = sum(late) / len(late)
        if last < best * (1 + RISE) or trained > best * MUCH_BELOW:
            return None
        evidence = (
            f"The validation loss was best at step {training.best_step:,} of {training.steps:,} "
            f"({best:.3f}) and rose by {percent(last / best - 1)} after it, while the training "
            f"loss went down to {trained:.3f}."
        )
        wanted = round(training.epochs * training.best_step / training.steps, 1)
        rate = it.setting("training.learning_rate")
        if wanted < 1 and rate:
            return Suggestion(
                self.name,
                "Halve the learning rate",
                evidence,
                "seen",
                "The rows are learned by heart before one epoch is over; smaller steps may find "
                "more before that. More rows help more, if you can get them.",
                changes=(Change("training.learning_rate", rate, rounded(rate * GENTLER)),),
            )
        if wanted >= epochs:
            return None
        return Suggestion(
            self.name,
            f"Train for {wanted:g} epochs",
            evidence,
            "seen",
            "The best step was kept already, so expect less time, and a little more quality "
            "because the learning rate then ends there. More rows help more, if you can get them.",
            changes=(Change("training.epochs", epochs, wanted),),
        )
