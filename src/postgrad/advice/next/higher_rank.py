"""A higher rank: the rows hold more than the adapter can store."""

from __future__ import annotations

from postgrad.advice.figures import count
from postgrad.core.suggestion import Change, Evidence, Suggestion

BITS_PER_PARAMETER = 2
"""What a language model stores in a weight (Allen-Zhu and Li 2024, arXiv:2404.05405)."""

BITS_PER_TOKEN = 1
"""What a token of text teaches at most, about: the loss of a language model on it, 0.69 nats. That
LoRA falls behind where a data set holds more than its weights can store, and that this counts too
much for a task that generalizes: "LoRA Without Regret" (Schulman et al., Thinking Machines, 2025).
So the suggestion is only a possible one."""

LARGEST_RANK = 512
"""The largest that the same source tried. Beyond, full fine-tuning is simpler: our own choice."""


class HigherRank:
    """A LoRA that can hold what the rows teach."""

    name = "higher_rank"

    def suggest(self, it: Evidence) -> Suggestion | None:
        """If the taught tokens hold more bits than the adapter's weights."""
        rank, training = it.setting("method.rank"), it.report.training
        taught = it.report.dataset.supervised_tokens.get("train", 0)
        room = BITS_PER_PARAMETER * training.trainable_parameters
        if it.setting("method.name") != "lora" or not rank or taught * BITS_PER_TOKEN <= room:
            return None
        wanted = rank
        while wanted < LARGEST_RANK and taught * BITS_PER_TOKEN > room * wanted / rank:
            wanted *= 2
        if wanted == rank:
            return None
        return Suggestion(
            self.name,
            f"Raise the rank to {wanted}",
            f"The rows teach {count(taught, 'token')}, about a bit each, and the adapter's "
            f"{training.trainable_parameters:,} weights hold about {BITS_PER_PARAMETER} bits each.",
            "possible",
            "More of the rows can be learned, for more memory and a little more time. The learning "
            "rate may stay: alpha / rank scales with it.",
            changes=(Change("method.rank", rank, wanted),),
        )
