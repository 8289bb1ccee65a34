"""How long the start takes, as a person waits for it: whole processes, interleaved.

    make bench-startup

The first row is Python itself, which nothing can beat; click is most of `postgrad --help`, and
pydantic nearly half of what a command needs before its own help. Processor time is given too: on a
busy machine it says more than the clock.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

ROUNDS = 15
BUDGET_SECONDS = 0.3

ENVIRONMENT = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""As an installation is: its bytecode is there, and not made anew at every start."""

LEGS = {
    "python -c pass": ["-c", "pass"],
    "import click": ["-c", "import click"],
    "import pydantic": ["-c", "import pydantic; pydantic.BaseModel"],
    "import postgrad": ["-c", "import postgrad"],
    "postgrad --help": ["-m", "postgrad", "--help"],
    "postgrad train --help": ["-m", "postgrad", "train", "--help"],
}


def measure(arguments: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of the processor, for one fresh process."""
    begin = time.perf_counter()
    command = [sys.executable, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
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
    print(f"{'process':<22} {'median':>8} {'fastest':>8} {'slowest':>8} {'processor':>10}")
    for name, found in runs.items():
        clock = [seconds for seconds, _ in found]
        used = statistics.median(seconds for _, seconds in found)
        print(
            f"{name:<22} {statistics.median(clock):>6.3f} s {min(clock):>6.3f} s "
            f"{max(clock):>6.3f} s {used:>8.3f} s"
        )
    print(f"{ROUNDS} rounds; the budget of the first help is {BUDGET_SECONDS} s on an idle machine")


if __name__ == "__main__":
    main()
