"""Work over several processes: the same results, in order, and nothing left running."""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from mutations import seed_file
from postgrad.core.job import DataSection
from postgrad.data import doctor, spread
from postgrad.data.files import read_files
from postgrad.data.rows import estimate, rows_of
from postgrad.data.spread import PORTION, Cores, in_turn, one_by_one

MANY = 3 * PORTION + 1


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spread, "LEAST_THINGS", 2)
    with Cores(2) as found:
        yield found


def test_portions_are_worked_on_in_order(cores: Cores) -> None:
    assert list(cores.spread(sum, range(MANY))) == list(in_turn(sum, range(MANY)))
    assert list(one_by_one(cores.spread, math.sqrt, range(MANY))) == list(
        map(math.sqrt, range(MANY))
    )


def test_an_error_of_the_work_is_raised_here(cores: Cores) -> None:
    with pytest.raises(ValueError, match="math domain"):
        list(one_by_one(cores.spread, math.sqrt, itertools.chain(range(MANY), [-1])))


def test_things_are_taken_as_they_are_needed(cores: Cores) -> None:
    taken = itertools.count()
    results = cores.spread(len, (next(taken) for _ in range(100 * PORTION)))
    assert next(results) == PORTION
    assert next(taken) < 20 * PORTION


def test_little_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cores, "_started", None)  # nobody may ask for a process
    with Cores(2) as found:
        assert list(found.spread(len, range(10))) == [10]
    with Cores(1) as found:
        assert sum(found.spread(len, range(2 * spread.LEAST_THINGS))) == 2 * spread.LEAST_THINGS


def test_rules_find_the_same_over_several_processes(tmp_path: Path, cores: Cores) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"".join(seed_file(kind) for kind in (0, 0, 1)) * 20)
    files = read_files(DataSection(train=str(path)))
    rules = doctor.rules()
    alone = doctor.examine(rows_of(files, estimate, {}), rules)
    together = doctor.examine(rows_of(files, estimate, {}, cores.spread), rules)
    assert together.hits == alone.hits
    assert {"personal_email", "exact_duplicate"} <= {hit.code for hit in alone.hits}


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(
        textwrap.dedent(
            """
            import json, os, time
            from postgrad.data import spread

            def slowly(things):
                time.sleep(0.2)
                return os.getpid()

            if __name__ == "__main__":
                spread.LEAST_THINGS = 2
                with spread.Cores(2) as cores:
                    results = cores.spread(slowly, range(10**6))
                    print(json.dumps([next(results) for _ in range(8)]), flush=True)
                    time.sleep(60)
            """
        )
    )
    started = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    pids = set(json.loads(started.stdout.readline()))
    assert pids
    assert started.pid not in pids
    started.send_signal(signal.SIGKILL)
    started.wait()
    started.stdout.close()
    ends = time.monotonic() + 30
    while any(map(is_alive, pids)):
        assert time.monotonic() < ends
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
