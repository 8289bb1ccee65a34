"""Whatever is in a file: a diagnosis or a clear error, soon, in bounded memory.

    python tests/fuzzing.py --files 100000

Damages files of every kind, reads each and checks every hundredth, and prints what it took, as
JSON; while it runs, how far it is and which files failed, to stderr. The seconds of a limit are
those of the processor.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mutations import damaged
from postgrad.core.job import DataSection
from postgrad.data import doctor
from postgrad.data.files import read_files
from postgrad.data.rows import estimate, rows_of
from postgrad.errors import DataError

READ_SECONDS, CHECK_SECONDS = 2.0, 20.0
CHECK_EACH = 100
TELL_EACH = 5_000
MOST_FAILURES = 20

NAMES_A_LINE = {
    *("invalid_json", "wrong_quotes", "nul_bytes", "line_too_long", "wrong_line_ends"),
    "too_many_rejected",
}
"""Faults of a file that are at places in it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails what takes longer. Not for threads."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def look_at(path: Path, *, examine: bool) -> str:
    """Read and check a file; fails unless the end is a diagnosis or an error with its cure.

    Returns:
        The code of the error that refused the file; "" if it was read.
    """
    try:
        with within(READ_SECONDS):
            files = read_files(DataSection(train=str(path)))
    except DataError as error:
        assert error.code
        assert error.what
        assert error.fix, error
        assert len(str(error)) < 5_000
        is_of_a_byte = error.code == "wrong_encoding" and "0x" in error.what
        if error.code in NAMES_A_LINE or is_of_a_byte:
            assert re.search(r"\blines? \d+", error.what), error
        return error.code
    num_lines = path.read_bytes().count(b"\n") + 1
    if path.suffix == ".parquet":
        num_lines = files["train"].num_rows
    for rejection in files["train"].rejected:
        assert 1 <= rejection.line <= num_lines
        assert rejection.what
        assert rejection.code
    for example in files["train"].examples:
        assert 1 <= example.line <= num_lines
    if examine:
        with within(CHECK_SECONDS):
            found = doctor.examine(rows_of(files, estimate, {}), doctor.rules())
        for finding in found.findings:
            lines = [line for lines in finding.by_file.values() for line in lines]
            assert all(1 <= line <= num_lines for line in lines)
            assert len(lines) == finding.count > 0
        json.dumps(found.as_dict()).encode()
    return ""


def sweep(num_files: int, seed: int, folder: Path) -> dict[str, Any]:
    """So many damaged files, one after the other; figures of it. Files that fail stay.

    Raises:
        AssertionError: some did.
    """
    draw = random.Random(seed)
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    longest = 0.0
    early = megabytes()
    began, used = time.monotonic(), time.process_time()
    for number in range(num_files):
        suffix, content = damaged(number, draw)
        path = folder / f"rows{suffix}"
        path.write_bytes(content)
        since = time.process_time()
        try:
            outcomes[look_at(path, examine=number % CHECK_EACH == 0)] += 1
        except Exception as error:
            kept = path.replace(folder / f"failed-{number}{suffix}")
            failures.append(f"file {number}, {kept}: {type(error).__name__} {error}")
            print(failures[-1], file=sys.stderr, flush=True)
        longest = max(longest, time.process_time() - since)
        if number == min(1_000, num_files // 2):
            early = megabytes()
        if (number + 1) % TELL_EACH == 0:
            took = f"{time.monotonic() - began:.0f} s, {megabytes()} MB"
            print(
                f"{number + 1} files, {took}, {len(failures)} failed", file=sys.stderr, flush=True
            )
        if len(failures) == MOST_FAILURES:
            break
    assert not failures, "\n".join(failures)
    return {
        "files": num_files,
        "checked": -(-num_files // CHECK_EACH),
        "read": outcomes.pop("", 0),
        "refused": dict(outcomes.most_common()),
        "seconds": round(time.monotonic() - began, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "longest_seconds": round(longest, 2),
        "megabytes_early": early,
        "megabytes": megabytes(),
    }


def megabytes() -> int:
    """The largest resident set of this process so far (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    print(json.dumps(sweep(options.files, options.seed, options.folder)))


if __name__ == "__main__":
    main()
