"""Every example and every recipe runs, on the real base model, if only for a step."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from postgrad import verbs
from postgrad.models.cache import Cache, default_cache_root

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "examples" / "recipes").glob("*.yaml"))
ONE_STEP = {
    "training.epochs": 0.01,
    "evaluation.limit": 2,
    "evaluation.max_new_tokens": 4,
    "evaluation.resamples": 100,
    "evaluation.effort": "none",
}


@pytest.fixture(autouse=True)
def _real_base() -> None:
    models = Cache(default_cache_root(os.environ)).models
    if not list(models.glob("smollm2-135m-*")):
        pytest.skip("smollm2-135m is not in the cache: run postgrad models pull smollm2-135m")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_trains(recipe: Path, tmp_path: Path) -> None:
    run = verbs.train(recipe, out=tmp_path / "run", changes=ONE_STEP)
    assert run.report.training.steps == 1
    assert run.report.training.trainable_parameters > 0


def test_one_file_runs() -> None:
    command = [sys.executable, "examples/one_file.py", "--steps", "1", "--test", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert "step 1/1: loss" in done.stdout
    assert "tuned: " in done.stdout
