"""This project's leg of train_speed.py: the product's own loop over the given rows."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from postgrad.core.base import ModelRef
from postgrad.core.events import Event
from postgrad.core.job import MethodSection, TrainingSection
from postgrad.data.render import Sequence, Template
from postgrad.engine.model import LanguageModel
from postgrad.methods.lora import Lora
from postgrad.models.cache import Cache, default_cache_root
from postgrad.models.fetch import LocalModel, ensure
from postgrad.models.load import load_model, load_tokenizer
from postgrad.training.loop import Loop, Row, peak_memory_bytes


def open_model() -> tuple[LocalModel, LanguageModel, Template]:
    """The default base model on the fast path."""
    torch.set_num_threads(os.cpu_count() or 1)
    base = ensure(ModelRef.parse("smollm2-135m"), Cache(default_cache_root(os.environ)))
    model = LanguageModel(load_model(base, device="cpu", dtype=torch.float32))
    return base, model, Template(load_tokenizer(base))


def sequences_of(material: dict[str, Any]) -> list[Sequence]:
    """The rows as the product holds them."""
    return [
        Sequence(
            tuple(row["input_ids"]),
            tuple(i for i, label in enumerate(row["labels"]) if label != -100),
        )
        for row in material["rows"]
    ]


def main(place: Path, name: str) -> None:
    material = json.loads((place / "material.json").read_text())
    _, model, _ = open_model()
    method = Lora()
    method.attach(model.model, MethodSection(), material["seed"])
    method.load(model.model, place / "start")
    steps: list[Event] = []

    def emit(event: Event) -> None:
        if event.kind == "step":
            steps.append(event)

    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingSection(
            epochs=1,
            learning_rate=max(material["rates"]),
            batch_size=material["batch"],
            checkpoint_seconds=1e9,
            seed=material["seed"],
        )
        rows = [Row(str(i), (sequence,)) for i, sequence in enumerate(sequences_of(material))]
        Loop(model, method, settings, rows, [], Path(folder), "base", emit).run()
    (place / f"adapter-{name}").mkdir(exist_ok=True)
    method.save(model.model, place / f"adapter-{name}", material["base"])
    timed = steps[1:]
    print(
        json.dumps(
            {
                "tokens_per_second": sum(e["tokens"] for e in timed)
                / sum(e["seconds"] for e in timed),
                "losses": [e["loss"] for e in steps],
                "gradient_norms": [e["gradient_norm"] for e in steps],
                "peak_memory_bytes": peak_memory_bytes(model.device),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
