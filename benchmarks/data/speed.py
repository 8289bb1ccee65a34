"""How long the data doctor takes, and how much memory, on many rows.

    python benchmarks/data/speed.py [--rows 100000] [--rows 1000000 ...]

Writes rows of about 500 characters, all different (words drawn by Zipf's law from an invented
vocabulary), and runs `postgrad data check --json` on them as a whole process.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

SEED, VOCABULARY, CHARACTERS = 0, 30_000, 500


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, action="append")
    options = parser.parse_args()
    for count in options.rows or [100_000]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.jsonl"
            write_rows(path, count)
            seconds, peak = check(path)
        print(
            f"{count:,} rows: {seconds:.1f} s, {count / seconds:,.0f} rows/s, "
            f"peak {peak / 1e9:.2f} GB in all processes",
            flush=True,
        )


def write_rows(path: Path, count: int) -> None:
    """Chats of one question and one answer."""
    draw = random.Random(SEED)
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(VOCABULARY)]
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(VOCABULARY)))
    with path.open("w", encoding="utf-8") as file:
        for _ in range(count):
            text = " ".join(draw.choices(words, cum_weights=weights, k=CHARACTERS // 5))
            cut = draw.randint(60, 250)
            turns = [
                {"role": "user", "content": f"{text[:cut].capitalize()}?"},
                {"role": "assistant", "content": f"{text[cut:CHARACTERS].strip().capitalize()}."},
            ]
            file.write(json.dumps({"messages": turns}) + "\n")


def check(path: Path) -> tuple[float, int]:
    """Seconds and peak resident bytes of the check, children included."""
    began = time.monotonic()
    command = [sys.executable, "-m", "postgrad.cli.main", "data", "check", str(path), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            try:
                whole = psutil.Process(process.pid)
                family = [whole, *whole.children(recursive=True)]
                peak = max(peak, sum(each.memory_info().rss for each in family))
            except psutil.Error:
                continue  # it has ended meanwhile
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    watcher.join()
    if code:
        sys.exit(f"the check ended with {code}")
    return time.monotonic() - began, peak


if __name__ == "__main__":
    main()
