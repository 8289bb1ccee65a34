"""Whatever is in a file: a diagnosis or a clear error, soon, in bounded memory."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import look_at
from mutations import MAKERS, damaged, mutated, seed_file

TESTS = Path(__file__).parents[2]
MOST_GROWTH = 100
"""Megabytes; a file of the sweep has some thousand bytes, and leaves nothing behind."""


@settings(deadline=None)  # the first call loads models
@given(st.integers(0, 5), st.randoms(use_true_random=False))
def test_a_mutated_file_is_diagnosed_or_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: int, draw: random.Random
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "rows.jsonl"
    path.write_bytes(mutated(seed_file(kind), draw))
    look_at(path, examine=True)


@settings(deadline=None)
@given(st.integers(0, 1), st.randoms(use_true_random=False))
def test_a_damaged_file_of_any_kind_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, number: int, draw: random.Random
) -> None:
    suffix, content = damaged(number, draw)
    path = tmp_path_factory.mktemp("fuzz") / f"rows{suffix}"
    path.write_bytes(content)
    look_at(path, examine=False)


@pytest.mark.parametrize(("suffix", "make"), MAKERS)
def test_what_is_damaged_was_whole(tmp_path: Path, suffix: str, make) -> None:
    for kind in range(12):
        path = tmp_path / f"rows{suffix}"
        path.write_bytes(make(kind))
        assert look_at(path, examine=False) == ""


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_damaged_files(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(TESTS / "fuzzing.py"), "--files", "100000", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["files"] == 100_000
    assert found["megabytes"] < found["megabytes_early"] + MOST_GROWTH


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris")
def test_coverage_guided(tmp_path: Path) -> None:
    """Up to a hundred thousand files more in a quarter of an hour, found by what they make our code
    do (libFuzzer)."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    kinds = [(suffix, make) for suffix, make in MAKERS if suffix != ".parquet"]
    for number, (_, make) in enumerate(kinds):
        for kind in range(6):
            (corpus / f"{number}-{kind}").write_bytes(bytes([number]) + make(kind)[:2000])
    script = tmp_path / "fuzz.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import pathlib, sys
            import atheris
            with atheris.instrument_imports(include=["postgrad.data"]):
                from fuzzing import look_at
            ENDINGS = {[suffix for suffix, _ in kinds]!r}
            FOLDER = pathlib.Path(sys.argv.pop(1))
            def one(content):
                path = FOLDER / f"rows{{ENDINGS[content[0] % len(ENDINGS)] if content else ''}}"
                path.write_bytes(content[1:])
                look_at(path, examine=False)
            atheris.Setup(sys.argv, one)
            atheris.Fuzz()
            """
        )
    )
    limits = ["-runs=100000", "-max_total_time=900", "-max_len=4096", "-rss_limit_mb=2048"]
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(corpus), *limits, "-print_final_stats=1"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    [runs] = re.findall(r"number_of_executed_units: *(\d+)", done.stderr)
    [peak] = re.findall(r"peak_rss_mb: *(\d+)", done.stderr)
    print(f"{runs} files, {peak} MB")
