"""The learning rate over a run: a linear rise, then a linear fall to zero."""

from __future__ import annotations

import math


def learning_rate(step: int, total_steps: int, peak: float, warmup_share: float) -> float:
    """The rate of a step, counted from 0.

    It rises over the first `warmup_share` of the steps (at least one) and reaches `peak`, then
    falls so that it would be 0 at `total_steps`. Linear decay to zero is the best of the usual
    schedules at equal cost (Bergsma et al., "Straight to Zero", arXiv:2502.15938).
    """
    warmup = max(1, math.ceil(total_steps * warmup_share))
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * max(0.0, (total_steps - step) / max(1, total_steps - warmup))
