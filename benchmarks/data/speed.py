"""How long the data doctor takes, and how much memory, on many rows.

    python benchmarks/data/speed.py [--rows 100000 --rows 300000 --rows 1000000] [--only check]

Writes the rows of many_rows.py and runs, each as a whole process of its own, `data check`, `data
check --html`, `data clean` and `data restore` on them. Memory is that of the process and all its
children together, a page that several of them share counted once (Linux: PSS).
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import many_rows
import psutil

from postgrad import verbs
from postgrad.core.events import Event

ACTIONS = ("check", "page", "clean", "restore")
SAMPLE_SECONDS = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, action="append")
    parser.add_argument("--only", choices=ACTIONS, action="append")
    parser.add_argument("--folder", type=Path, help="where rows are kept for the next time")
    parser.add_argument("--one", nargs=2, metavar=("ACTION", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        act(options.one[0], Path(options.one[1]))
        return
    counts = sorted(options.rows or [100_000, 300_000, 1_000_000])
    with tempfile.TemporaryDirectory() as scratch:
        paths = files(options.folder or Path(scratch), counts)
        for count, action in itertools.product(counts, options.only or ACTIONS):
            measure(action, count, paths[count], Path(scratch))


def files(folder: Path, counts: list[int]) -> dict[int, Path]:
    """A file for each count; the smaller are the beginnings of the largest."""
    paths = {count: folder / f"{count}.jsonl" for count in counts}
    if not all(path.exists() for path in paths.values()):
        largest = paths[counts[-1]]
        many_rows.write_rows(largest, counts[-1])
        for count in counts[:-1]:
            with largest.open("rb") as rows, paths[count].open("wb") as file:
                file.writelines(itertools.islice(rows, count))
    return paths


def measure(action: str, count: int, path: Path, scratch: Path) -> None:
    """Run one action on one file and print what it took."""
    here = scratch / path.name
    if not here.exists():
        here.symlink_to(path.resolve())
    began, used = time.monotonic(), processor_seconds()
    command = [sys.executable, __file__, "--one", action, str(here)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = Peak(process.pid)
    told, _ = process.communicate()
    seconds = time.monotonic() - began
    used = processor_seconds() - used
    if process.returncode:
        sys.exit(f"{action} ended with {process.returncode}")
    gigabytes = peak.stop() / 1e9
    print(
        f"{count:>9,} rows  {action:<8} {seconds:7.1f} s {count / seconds:8,.0f} rows/s "
        f"{gigabytes:6.2f} GB  {used:7.1f} s of a processor",
        flush=True,
    )
    found: dict[str, Any] = json.loads(told)
    for name, size in found["bytes"].items():
        print(f"{'':>20}{name}: {size:,} bytes")
    for stage, taken in found["seconds"].items():
        print(f"{'':>20}{taken:7.1f} s {stage}", flush=True)


def processor_seconds() -> float:
    """What processes that have ended used, with those that they started: it hardly depends on what
    else the machine is busy with."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Peak:
    """The most memory that a process and its children have at once, looked at now and then."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._most = 0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def stop(self) -> int:
        """The most bytes."""
        self._ended.set()
        self._watcher.join()
        return self._most

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            try:
                family = [self._root, *self._root.children(recursive=True)]
                self._most = max(self._most, sum(map(shared_bytes, family)))
            except psutil.Error:  # it has ended meanwhile
                continue


def shared_bytes(process: psutil.Process) -> int:
    """The memory of a process, its part of what it shares."""
    try:
        return process.memory_full_info().pss
    except psutil.Error:
        return 0


def act(action: str, path: Path) -> None:
    """One action, as a user's command does it; prints the seconds of its stages."""
    output = path.with_name(f"{path.stem}-clean.jsonl")
    stages = Stages()
    if action == "clean":
        verbs.clean(path, output, on_event=stages.hear)
        made = [output, output.with_suffix(".decisions.jsonl")]
    elif action == "restore":
        made = [path.with_name(f"{path.stem}-again.jsonl")]
        verbs.restore(output, made[0], on_event=stages.hear)
        assert made[0].read_bytes() == path.read_bytes()
    else:
        page = path.with_suffix(".html") if action == "page" else None
        found = verbs.check(path, page=page, on_event=stages.hear)
        assert found["rows"]
        made = [page] if page else []
    sizes = {file.name: file.stat().st_size for file in made}
    print(json.dumps({"seconds": stages.seconds(), "bytes": sizes}))


class Stages:
    """How long each stage took, from one event to the next."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._stage, self._since = "start", time.monotonic()

    def hear(self, event: Event) -> None:
        now = time.monotonic()
        self._taken[self._stage] += now - self._since
        self._since = now
        if event.kind in ("progress", "stage", "result"):
            self._stage = event.fields.get("stage") or event.fields.get("title") or "end"

    def seconds(self) -> dict[str, float]:
        """By stage, in the order in which they began."""
        return {stage: round(taken, 2) for stage, taken in self._taken.items()}


if __name__ == "__main__":
    main()
