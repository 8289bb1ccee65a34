"""Quality and duration with the defaults: base against tuned on held-out rows.

    python benchmarks/quality.py DATA_FOLDER [DATA_FOLDER ...] [--out RUNS]

Each folder holds train.jsonl, valid.jsonl and test.jsonl. Prints a table with every metric, the
verdict, and how long the whole run took.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import postgrad
from postgrad.reports.words import duration


def main() -> None:
    parser = argparse.ArgumentParser(description="Base against tuned with the defaults.")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("runs"))
    options = parser.parse_args()
    for folder in options.folders:
        measure(folder.resolve(), options.out / f"quality-{folder.name}")


def measure(folder: Path, out: Path) -> None:
    """Train on one folder and print its row of figures."""
    files = {name: str(folder / f"{name}.jsonl") for name in ("train", "valid", "test")}
    began = time.monotonic()
    run = postgrad.train({"data": files}, out=out)
    seconds = time.monotonic() - began
    report = run.report
    training = report.training
    print(f"\n{folder.name}: {report.verdict} in {duration(seconds)}; {report.headline}")
    print(
        f"  training {duration(training.seconds)}, {training.tokens_per_second:.0f} tokens/s, "
        f"peak {training.peak_memory_bytes / 1e9:.2f} GB, {training.steps} steps, best "
        f"{training.best_step}"
    )
    for found in (report.primary, *report.secondary):
        low, high = found.ci95
        print(
            f"  {found.metric:<16} {found.base:8.4f} -> {found.tuned:8.4f}   "
            f"95 % of the change: {low:+.4f} to {high:+.4f}   "
            f"p = {found.p_value:.2g} (n = {found.n})"
        )


if __name__ == "__main__":
    main()
