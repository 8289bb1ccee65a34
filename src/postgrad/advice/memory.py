"""Memory: from the bytes of each part to the most that a run holds at once.

    training  = weights + adapter + optimizer + max(going forward, coming back)
    forward   = activations + head (+ gradients, if earlier parts of the step left them)
    back      = gradients + the gradients of one layer in flight
    asking    = weights + adapter + max(reading, answering)
    counted   = framework + max(training, asking)
    total     = counted * HELD

Reading is the logits of texts whose likelihood is taken, answering the keys and values of answers
in progress. The parts are counted (`engine/footprint.py`); the framework, which is Python, PyTorch
and the data, is what the process holds before a weight is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

HELD = 1.16
"""What a process really holds for a byte that was counted: an allocator keeps holes between what it
gave back. The median of seven cases on a CPU, 1.12 to 1.22 (`benchmarks/estimates.py`); on a GPU,
one run held 1.11."""
COUNTED_LOW, COUNTED_HIGH = 1.0, 1.35
"""The bounds of the same: those seven and five longer runs held 1.12 to 1.24. Three steps that were
taken say more; see below."""
MEASURED_LOW, MEASURED_HIGH = 0.95, 1.1
"""The same of what three steps held, the heaviest of the run among them: later steps are of other
shapes, so that the holes grow a little (`benchmarks/estimates.py`)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Bytes by part; see the module's formulas.

    Attributes:
        accumulates: whether a step is computed in several parts.
    """

    weights: int
    adapter: int
    gradients: int
    optimizer: int
    activations: int
    head: int
    layer: int
    framework: int
    reading: int
    answering: int
    accumulates: bool

    @property
    def training(self) -> int:
        """The most that training holds at once, the framework left out."""
        fixed = self.weights + self.adapter + self.optimizer
        forward = self.activations + self.head + (self.gradients if self.accumulates else 0)
        return fixed + max(forward, self.activations + self.layer, self.gradients + self.layer)

    @property
    def asking(self) -> int:
        """The most that the test and what lies beside it hold at once, the framework left out."""
        return self.weights + self.adapter + max(self.reading, self.answering)

    @property
    def total(self) -> int:
        """The most that the run holds at once, holes left out."""
        return self.framework + max(self.training, self.asking)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval."""

    value: float
    low: float
    high: float


def total(parts: Parts, measured_training: int | None = None) -> Estimate:
    """The most that the run holds, in bytes.

    Args:
        parts: as counted.
        measured_training: peak of the process in the steps that were tried, framework included;
            None: none were.
    """
    if measured_training is None:
        counted = parts.total
        return Estimate(counted * HELD, counted * COUNTED_LOW, counted * COUNTED_HIGH)
    value = max(measured_training, parts.framework + parts.asking)
    return Estimate(value, value * MEASURED_LOW, value * MEASURED_HIGH)
