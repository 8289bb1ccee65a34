"""TRL's leg of train_speed.py; runs in .venv-bench, without this project.

SFTTrainer on a PEFT model that starts from the same saved adapter, on the same token rows in the
order it is given, with the same AdamW, clipping and learning rates.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer


class FixedOrder(torch.utils.data.Sampler):
    """Row indices in a given order."""

    def __init__(self, order: list[int]) -> None:
        self.order = order

    def __iter__(self):
        return iter(self.order)

    def __len__(self) -> int:
        return len(self.order)


class Clock(TrainerCallback):
    """Wall-clock seconds of each step."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, args, state, control, **kwargs):
        self.began = time.monotonic()

    def on_step_end(self, args, state, control, **kwargs):
        self.seconds.append(time.monotonic() - self.began)


def main(place: Path, name: str) -> None:
    torch.set_num_threads(os.cpu_count() or 1)
    material = json.loads((place / "material.json").read_text())
    order = material["grouped_order" if name == "trl-grouped" else "order"]
    rows, batch, rates = material["rows"], material["batch"], material["rates"]

    class Trainer(SFTTrainer):
        def _get_train_sampler(self, *args):
            return FixedOrder(order)

    model = AutoModelForCausalLM.from_pretrained(material["base"], dtype=torch.float32)
    model = PeftModel.from_pretrained(model, place / "start", is_trainable=True)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1.0, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rates[min(step, len(rates) - 1)]
    )
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=SFTConfig(
                output_dir=folder,
                use_cpu=True,
                bf16=False,
                gradient_checkpointing=False,
                per_device_train_batch_size=batch,
                gradient_accumulation_steps=1,
                num_train_epochs=1,
                max_grad_norm=1.0,
                max_length=None,
                packing=False,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
                dataloader_num_workers=0,
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(material["base"]),
            optimizers=(optimizer, schedule),
            callbacks=[clock],
        )
        trainer.train()
    model.save_pretrained(place / f"adapter-{name}")
    logged = [entry for entry in trainer.state.log_history if "loss" in entry]
    tokens = [
        sum(len(rows[index]["input_ids"]) for index in order[start : start + batch])
        for start in range(0, len(order), batch)
    ]
    print(
        json.dumps(
            {
                "tokens_per_second": sum(tokens[1:]) / sum(clock.seconds[1:]),
                "losses": [float(entry["loss"]) for entry in logged],
                "gradient_norms": [float(entry["grad_norm"]) for entry in logged],
                "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
