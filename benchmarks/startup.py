"""How long the start takes, as a person waits for it: whole processes, interleaved.

    make bench-startup

The first row is Python itself, which nothing can beat; the second is pydantic, most of the rest.
Processor time is given too: on a busy machine it says more than the clock.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

ROUNDS = 15
BUDGET_SECONDS = 0.3

LEGS = {
    "python -c pass": ["-c", "pass"],
    "import pydantic": ["-c", "import pydantic; pydantic.BaseModel"],
    "import postgrad": ["-c", "import postgrad"],
    "postgrad --help": ["-m", "postgrad", "--help"],
}


def measure(arguments: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of the processor, for one fresh process."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} failed")
    return seconds, used.ru_utime + used.ru_stime


def main() -> None:
    """Measure every leg in turn, round after round, and print the medians."""
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in LEGS}
    for arguments in LEGS.values():
        measure(arguments)  # warms the disk cache and writes the bytecode
    for _ in range(ROUNDS):
        for name, arguments in LEGS.items():
            runs[name].append(measure(arguments))
    print(f"{'process':<18} {'median':>8} {'fastest':>8} {'slowest':>8} {'processor':>10}")
    for name, found in runs.items():
        clock = [seconds for seconds, _ in found]
        used = statistics.median(seconds for _, seconds in found)
        print(
            f"{name:<18} {statistics.median(clock):>6.3f} s {min(clock):>6.3f} s "
            f"{max(clock):>6.3f} s {used:>8.3f} s"
        )
    print(f"{ROUNDS} rounds; the budget is {BUDGET_SECONDS} s on an idle machine")


if __name__ == "__main__":
    main()
