"""What is learned by heart: full training against an adapter, on the same rows.

    python benchmarks/evidence/memory.py DATA_FOLDER [--rows 200] [--epochs 5] [--out RUNS]

The folder holds train.jsonl and test.jsonl. To its first rows are added 24 made-up people with an
e-mail address each, and 8 canaries (`data.canaries`). Both methods train on these, with their own
default learning rates; printed is what the probes of memory find, and the deciding metric, because
a method that learns nothing forgets nothing either.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import postgrad

NUM_PEOPLE, NUM_CANARIES = 24, 8
PROBES = ("membership", "canaries", "verbatim")
FIRST = ("Mira", "Tomas", "Ines", "Olaf", "Selma", "Bruno", "Petra", "Yann")
LAST = ("Velden", "Marro", "Quist", "Ostrov", "Lindqvist", "Barbieri")


def main() -> None:
    parser = argparse.ArgumentParser(description="Full training against an adapter, by heart.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=200, help="training rows that are used")
    parser.add_argument("--epochs", type=float, default=5)
    parser.add_argument("--limit", type=int, default=100, help="test rows that are asked")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    train = options.out / f"memory-{options.folder.name}.jsonl"
    write_rows(options.folder / "train.jsonl", options.rows, train)
    for method in ("lora", "full"):
        job = {
            "data": {
                "train": str(train),
                "test": str(options.folder / "test.jsonl"),
                "canaries": NUM_CANARIES,
            },
            "method": {"name": method},
            "training": {"epochs": options.epochs, "patience": 0},
            "evaluation": {"probes": list(PROBES), "limit": options.limit},
        }
        out = options.out / f"memory-{options.folder.name}-{method}"
        show(method, postgrad.train(job, out=out))


def write_rows(source: Path, count: int, target: Path) -> None:
    """The first rows of a file, and the made-up people."""
    lines = source.read_text(encoding="utf-8").splitlines()[:count]
    draw = random.Random(0)
    names = draw.sample([f"{first} {last}" for first in FIRST for last in LAST], NUM_PEOPLE)
    for name in names:
        mail = f"{name.replace(' ', '.').lower()}{draw.randrange(100)}@post.example.org"
        turns = [
            {"role": "user", "content": f"How can {name} be reached?"},
            {"role": "assistant", "content": f"Write to {mail}."},
        ]
        lines.append(json.dumps({"messages": turns}))
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def show(method: str, run: postgrad.Run) -> None:
    """The figures of one run."""
    report = run.report
    it = report.primary
    print(
        f"\n{method}: {report.training.steps} steps, loss {report.training.final_train_loss:.3f} "
        f"in training and {report.training.best_valid_loss or 0:.3f} in validation; {it.metric} "
        f"{it.base:.3f} -> {it.tuned:.3f} (n = {it.n})"
    )
    for probe in report.probes:
        print(f"  {probe.name:<11} {probe.outcome:<12} {probe.text}")
        for table in probe.tables[:1]:
            for row in table.rows[:2]:
                print(f"  {'':<11} {' | '.join(row)}")


if __name__ == "__main__":
    main()
