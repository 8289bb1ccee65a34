"""A training loop over a tiny random Llama: a dozen steps in a fraction of a second."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import torch

from families import VOCABULARY, tiny_model
from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.job import MethodSection, TrainingSection
from postgrad.data.render import Sequence
from postgrad.engine.model import LanguageModel
from postgrad.training.loop import Loop, Row

NUM_TRAIN, BATCH_SIZE, EPOCHS = 23, 4, 2
TOTAL_STEPS = 12
"""46 rows in steps of four: the last step has two."""


def rows(seed: int, count: int) -> list[Row]:
    """Random rows of 4 to 24 tokens; some are two sequences."""
    draw = random.Random(seed)
    found: list[Row] = []
    for number in range(count):
        sequences: list[Sequence] = []
        for _ in range(draw.choice([1, 1, 2])):
            tokens = tuple(draw.randrange(3, VOCABULARY) for _ in range(draw.randrange(4, 13)))
            sequences.append(Sequence(tokens, tuple(range(2, len(tokens)))))
        found.append(Row(f"row-{number}", tuple(sequences)))
    return found


def section(**changes: object) -> TrainingSection:
    values = {
        "epochs": EPOCHS,
        "learning_rate": 5e-3,
        "batch_size": BATCH_SIZE,
        "max_length": 32,
        "micro_batch_tokens": 24,
        "validations_per_epoch": 2,
        "patience": 0,
        "checkpoint_seconds": 0.0,
        "seed": 7,
    }
    return TrainingSection.model_validate(values | changes)


class Case:
    """A loop with its events; `polls` counts how often it asked whether to stop."""

    def __init__(
        self,
        folder: Path,
        method: str = "lora",
        stop: Callable[[Case], bool] = lambda case: False,
        num_valid: int = 5,
        **changes: object,
    ) -> None:
        torch.set_num_threads(1)
        self.events: list[Event] = []
        self.polls = 0
        model = LanguageModel(tiny_model("llama"))
        settings = section(**changes)
        way = plugins.load("methods", method)()
        way.attach(model.model, MethodSection(name=method, rank=4, alpha=8), settings.seed)

        def should_stop() -> bool:
            self.polls += 1
            return stop(self)

        self.loop = Loop(
            model=model,
            method=way,
            settings=settings,
            train=rows(1, NUM_TRAIN),
            valid=rows(2, num_valid),
            checkpoints=folder,
            base="tiny",
            emit=self.events.append,
            should_stop=should_stop,
        )

    def run(self) -> Case:
        self.loop.run()
        return self

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]

    def losses(self) -> list[tuple[int, str]]:
        """Each step's loss to the last bit, in the order in which they were taken."""
        return [(event["step"], float(event["loss"]).hex()) for event in self.of("step")]

    def validations(self) -> list[tuple[int, str]]:
        return [(event["step"], float(event["loss"]).hex()) for event in self.of("validation")]

    def weights(self) -> str:
        return digest(dict(self.loop.model.model.named_parameters()))

    def fingerprint(self) -> dict[str, object]:
        """All that a run leaves but its speed and its process's memory, to the last bit."""
        progress = self.loop.progress.as_dict()
        del progress["seconds"], progress["peak_memory_bytes"]
        floats = {k: v.hex() if isinstance(v, float) else v for k, v in progress.items()}
        return {"weights": self.weights(), "optimizer": optimizer_digest(self.loop), **floats}


def optimizer_digest(loop: Loop) -> str:
    state = loop._optimizer.state
    names = {parameter: name for name, parameter in loop.model.model.named_parameters()}
    return digest(
        {
            f"{names[parameter]}.{key}": value
            for parameter, values in state.items()
            for key, value in values.items()
        }
    )


def digest(tensors: dict[str, torch.Tensor]) -> str:
    total = hashlib.sha256()
    for name in sorted(tensors):
        total.update(name.encode() + tensors[name].detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()
