"""Whatever is in a file: a diagnosis or a clear error, soon, in bounded memory."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutations import mutated, seed_file
from postgrad.core.job import DataSection
from postgrad.data import doctor
from postgrad.data.files import read_files
from postgrad.data.rows import estimate, rows_of
from postgrad.errors import DataError

TESTS = Path(__file__).parents[2]


def look_at(path: Path, *, examine: bool) -> None:
    """Read and check a file; fails unless the end is a diagnosis or an error with its cure."""
    try:
        files = read_files(DataSection(train=str(path)))
    except DataError as error:
        assert error.code
        assert error.what
        assert error.fix
        return
    num_lines = path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r") + 1
    for rejection in files["train"].rejected:
        assert 1 <= rejection.line <= num_lines
        assert rejection.what
        assert rejection.code
    if examine:
        found = doctor.examine(rows_of(files, estimate, {}), doctor.rules())
        for finding in found.findings:
            lines = [line for lines in finding.by_file.values() for line in lines]
            assert all(1 <= line <= num_lines for line in lines)
            assert len(lines) == finding.count > 0
        json.dumps(found.as_dict())


@given(st.integers(0, 5), st.randoms(use_true_random=False))
def test_a_mutated_file_is_diagnosed_or_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: int, draw: random.Random
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "rows.jsonl"
    path.write_bytes(mutated(seed_file(kind), draw))
    look_at(path, examine=True)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_mutated_files(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    draw = random.Random(0)
    tracemalloc.start()
    for number in range(100_000):
        path.write_bytes(mutated(seed_file(number), draw))
        look_at(path, examine=number % 50 == 0)
        if number == 1000:
            early = tracemalloc.get_traced_memory()[0]
    assert tracemalloc.get_traced_memory()[0] < early + 50_000_000
    tracemalloc.stop()


@pytest.mark.full
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris")
def test_coverage_guided(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for kind in range(6):
        (corpus / str(kind)).write_bytes(seed_file(kind, rows=3))
    script = tmp_path / "fuzz.py"
    script.write_text(
        textwrap.dedent(
            """
            import pathlib, sys
            import atheris
            with atheris.instrument_imports(include=["postgrad.data"]):
                from test_fuzz import look_at
            PATH = pathlib.Path(sys.argv.pop(1))
            def one(content):
                PATH.write_bytes(content)
                look_at(PATH, examine=False)
            atheris.Setup(sys.argv, one)
            atheris.Fuzz()
            """
        )
    )
    limits = ["-runs=20000", "-max_total_time=120", "-max_len=4096", "-rss_limit_mb=2048"]
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "rows.jsonl"), str(corpus), *limits],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{TESTS}:{Path(__file__).parent}"},
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"messages": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", "too_deep"),
        (b'{"prompt": "a", "prompt": "b", "completion": "c"}', "duplicate_key"),
        (b'{"prompt": NaN, "completion": "c"}', "not_a_number"),
        (b'{"prompt": "\\ud800", "completion": "c"}', "lone_surrogate"),
    ],
)
def test_known_traps_are_named(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "rows.jsonl"
    good = b'{"prompt": "Is it vegan?", "completion": "The Marinara is."}\n'
    path.write_bytes(good * 20 + content + b"\n" + good)
    [rejection] = read_files(DataSection(train=str(path)))["train"].rejected
    assert (rejection.line, rejection.code) == (21, code)


def test_a_line_of_a_hundred_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = b'{"prompt": "Is it vegan?", "completion": "The Marinara is."}\n'
    with path.open("wb") as file:
        file.write(good)
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + good)
    tracemalloc.start()
    found = read_files(DataSection(train=str(path)))["train"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [rejection.line for rejection in found.rejected] == [2]
    assert len(found.examples) == 2
    assert peak < 80_000_000
