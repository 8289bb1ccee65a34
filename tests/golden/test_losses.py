"""A short training gives the losses that it always gave: a change of the engine, the optimizer, the
order of the rows or the schedule shows here.

Bits may differ between processors, so the losses are held to 1e-4. If a change is meant to change
them, write them anew and say why in the commit:

    PYTHONPATH=tests .venv/bin/python tests/golden/test_losses.py
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from tiny_loop import Case

STORED = Path(__file__).with_name("losses.json")
TOLERANCE = 1e-4


def losses(method: str, folder: Path) -> dict[str, list[float]]:
    case = Case(folder / method, method).run()
    return {
        "train": [event["loss"] for event in case.of("step")],
        "valid": [event["loss"] for event in case.of("validation")],
        "gradient_norm": [event["gradient_norm"] for event in case.of("step")],
        "learning_rate": [event["learning_rate"] for event in case.of("step")],
    }


@pytest.mark.parametrize("method", ["lora", "full"])
def test_losses_are_as_stored(method: str, tmp_path: Path) -> None:
    stored = json.loads(STORED.read_text())[method]
    found = losses(method, tmp_path)
    assert found.keys() == stored.keys()
    for name, values in stored.items():
        assert found[name] == pytest.approx(values, rel=TOLERANCE), name


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        values = {method: losses(method, Path(scratch)) for method in ("lora", "full")}
    STORED.write_text(json.dumps(values, indent=1) + "\n")
