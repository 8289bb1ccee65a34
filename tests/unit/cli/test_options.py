"""Settings of the command line, read as a job file would read them."""

from __future__ import annotations

from typing import Any

import pytest

from postgrad.cli.options import changes


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("training.learning_rate=2e-4", 2e-4),
        ("training.learning_rate=1E5", 1e5),
        ("training.learning_rate=.5e-3", 5e-4),
        ("training.epochs=2", 2),
        ("evaluation.effort=none", "none"),
        ("evaluation.bias_files=[some/table.csv, b.jsonl]", ["some/table.csv", "b.jsonl"]),
        ('data.allow=["near_duplicate"]', ["near_duplicate"]),
        ("base.model=hf:owner/name@main", "hf:owner/name@main"),
    ],
)
def test_values(setting: str, value: Any) -> None:
    key, _, _ = setting.partition("=")
    assert changes(None, None, [setting]) == {key: value}
