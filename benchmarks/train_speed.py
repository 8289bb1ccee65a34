"""Training speed against TRL + PEFT: same rows, same adapter, same order, same learning rates.

    make bench-train                 (makes .venv-bench with TRL in it first)

Three legs, interleaved, each in a fresh process:

    postgrad       this project, batches of 4 rows in random order
    trl            TRL as a sane user sets it on a CPU: use_cpu, bf16 off, gradient checkpointing
                   off, the same batches of 4 in the same random order
    trl-grouped    TRL at its best: rows sorted by length into batches of 4, so that next to
                   nothing is padded

Real tokens per second are counted from the rows, never from padded shapes; the first step of each
leg is left out (warm-up). The loss must agree: per step between postgrad and trl (they see the
same batches), and after training on all rows.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEER_PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"
ROWS, BATCH, SEED, PEAK_RATE = 64, 4, 0, 1e-3
SHORTEST, LONGEST = 60, 512


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", type=Path, help="write every leg's figures here")
    options = parser.parse_args()
    if not PEER_PYTHON.exists():
        sys.exit("TRL's own environment is missing; run: make bench-train")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_material(place, options.rows)
        legs: dict[str, list[dict[str, Any]]] = {"postgrad": [], "trl": [], "trl-grouped": []}
        for number in range(options.rounds):
            for name, runs in legs.items():
                runs.append(run_leg(name, place))
                print(
                    f"round {number + 1} {name}: {runs[-1]['tokens_per_second']:.0f} tokens/s",
                    flush=True,
                )
        show(legs, place)
    if options.json:
        options.json.write_text(json.dumps(legs, indent=2) + "\n")


def write_material(place: Path, count: int) -> None:
    """Rows as tokens and labels, their orders, the learning rates and the adapter's start."""
    import torch
    from postgrad_leg import open_model

    from postgrad.core.job import MethodSection
    from postgrad.methods.lora import Lora
    from postgrad.training.sampler import row_at
    from postgrad.training.schedule import learning_rate

    base, model, template = open_model()
    rows = make_rows(template, count)
    steps = math.ceil(count / BATCH)
    drawn = [row_at(position, count, SEED) for position in range(count)]
    by_length = sorted(range(count), key=lambda index: len(rows[index]["input_ids"]))
    batches = [by_length[start : start + BATCH] for start in range(0, count, BATCH)]
    random.Random(SEED).shuffle(batches)
    material = {
        "base": str(base.folder),
        "rows": rows,
        "order": drawn,
        "grouped_order": [index for batch in batches for index in batch],
        "rates": [learning_rate(step, steps, PEAK_RATE, 0.05) for step in range(steps)],
        "batch": BATCH,
        "seed": SEED,
    }
    (place / "material.json").write_text(json.dumps(material))
    Lora().attach(model.model, MethodSection(), SEED)
    (place / "start").mkdir()
    Lora().save(model.model, place / "start", str(base.folder))
    lengths = [len(row["input_ids"]) for row in rows]
    taught = sum(label != -100 for row in rows for label in row["labels"])
    print(
        f"{count} rows of {min(lengths)} to {max(lengths)} tokens, {sum(lengths)} in all, "
        f"{taught} taught; batches of {BATCH}; torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )


def make_rows(template: Any, count: int) -> list[dict[str, list[int]]]:
    """Chats of several turns, from the bundled example, between SHORTEST and LONGEST tokens."""
    from postgrad.core.records import Chat, Message
    from postgrad.verbs import BUNDLED

    lines = (BUNDLED / "pizzeria" / "rows.jsonl").read_text().splitlines()
    turns = [json.loads(line)["messages"][1:] for line in lines]
    draw = random.Random(SEED)
    rows: list[dict[str, list[int]]] = []
    while len(rows) < count:
        wanted = draw.randint(SHORTEST, LONGEST)
        messages: list[Message] = []
        found = None
        while True:
            messages += [Message(turn["role"], turn["content"]) for turn in draw.choice(turns)]
            [sequence] = template.sequences(Chat(tuple(messages)))
            if len(sequence.tokens) > wanted and found is not None:
                break
            found = sequence
            if len(sequence.tokens) > wanted:
                break
        taught = set(found.taught)
        labels = [t if i in taught else -100 for i, t in enumerate(found.tokens)]
        rows.append({"input_ids": list(found.tokens), "labels": labels})
    return rows


def run_leg(name: str, place: Path) -> dict[str, Any]:
    """One leg in a fresh process; its figures."""
    ours = name == "postgrad"
    python = sys.executable if ours else str(PEER_PYTHON)
    script = HERE / ("postgrad_leg.py" if ours else "peers/trl_leg.py")
    command = [python, str(script), str(place), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-3000:]}")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    time.sleep(2)  # let the machine settle
    return figures


def show(legs: dict[str, list[dict[str, Any]]], place: Path) -> None:
    """The table, the ratios, and whether the losses agree."""
    final = {name: final_loss(place, name) for name in legs}
    print(f"\n{'leg':<12} {'tokens/s (median, range)':<28} {'peak memory':<12} loss after")
    middle: dict[str, float] = {}
    for name, runs in legs.items():
        speeds = [run["tokens_per_second"] for run in runs]
        middle[name] = statistics.median(speeds)
        peak = max(run["peak_memory_bytes"] for run in runs)
        span = f"{middle[name]:.0f} ({min(speeds):.0f} to {max(speeds):.0f})"
        print(f"{name:<12} {span:<28} {peak / 1e9:<12.2f} {final[name]:.4f}")
    ours = legs["postgrad"][0]["losses"]
    theirs = legs["trl"][0]["losses"]
    worst = max(abs(a - b) / b for a, b in zip(ours, theirs, strict=True))
    mean = abs(sum(ours) - sum(theirs)) / sum(theirs)
    memory = {name: max(run["peak_memory_bytes"] for run in runs) for name, runs in legs.items()}
    print(
        f"\nspeed: {middle['postgrad'] / middle['trl']:.2f} x trl, "
        f"{middle['postgrad'] / middle['trl-grouped']:.2f} x trl-grouped"
    )
    print(
        f"memory: {memory['postgrad'] / memory['trl']:.2f} of trl, "
        f"{memory['postgrad'] / memory['trl-grouped']:.2f} of trl-grouped"
    )
    print(
        f"loss per step, postgrad against trl: {mean:.4%} on average, {worst:.4%} at worst; "
        f"after training {abs(final['postgrad'] - final['trl']) / final['trl']:.4%}"
    )


def final_loss(place: Path, name: str) -> float:
    """Loss of a leg's adapter on all rows, all measured by one and the same code."""
    from postgrad_leg import open_model, sequences_of

    from postgrad.methods.lora import Lora
    from postgrad.training.loop import Row, mean_loss

    _, model, _ = open_model()
    Lora().load(model.model, place / f"adapter-{name}")
    material = json.loads((place / "material.json").read_text())
    rows = [Row(str(i), (sequence,)) for i, sequence in enumerate(sequences_of(material))]
    loss = mean_loss(model, rows, 1024)
    assert loss is not None
    return loss


if __name__ == "__main__":
    main()
