"""Kept readings: what a base said to bundled items is the same in each of its runs, and is kept.

    CACHE/readings/KEY.json    {"what", "on": a date, "sha256": of the readings, "readings": [...]}

The key covers all that a reading rests on, down to the last bit: the base's weights and template,
the items and the code that asks them, the effort, and the machine with its threads, number type and
libraries. Anything else reads anew, so that figures of two machines or versions never stand side by
side. A file is whole or not there; one whose hash is wrong is not used.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import torch

from postgrad.core.interfaces import BundledProbe, Sitting
from postgrad.core.probe import Reading
from postgrad.engine.answerer import LocalAnswerer
from postgrad.models.cache import read_json, write_json
from postgrad.steps import machine
from postgrad.steps.prepare import Base

MOST_KEPT = 64
"""Files in the folder: four probes with two efforts, for eight bases. The largest has 0.2 MB."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Readings, and the day when they were taken."""

    readings: list[Reading]
    on: str


@dataclass(frozen=True, slots=True)
class KeptReadings:
    """What is kept of one base in a cache folder."""

    root: Path
    base: Base

    def find(self, probe: object, sitting: Sitting) -> Kept | None:
        """What the base said to a probe's items before, if it would say the very same now."""
        place = self._place(probe, sitting)
        found = read_json(place) if place else None
        try:
            if found is None or _hash(found["readings"]) != found["sha256"]:
                return None
            return Kept([Reading.from_dict(each) for each in found["readings"]], str(found["on"]))
        except (KeyError, TypeError):
            return None

    def keep(self, probe: object, sitting: Sitting, readings: Sequence[Reading]) -> None:
        """Keep the base's readings, if they are such as can be kept."""
        place = self._place(probe, sitting)
        if place is None:
            return
        told = [reading.as_dict() for reading in readings]
        on = datetime.now(UTC).date().isoformat()
        what = self._rests_on(probe, sitting)
        write_json(place, {"what": what, "on": on, "sha256": _hash(told), "readings": told})
        every = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in every[:-MOST_KEPT]:
            old.unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self.root / "readings"

    def _place(self, probe: object, sitting: Sitting) -> Path | None:
        what = self._rests_on(probe, sitting)
        return self._folder / f"{_hash(what)}.json" if what else None

    def _rests_on(self, probe: object, sitting: Sitting) -> dict[str, Any] | None:
        answerer = sitting.answerer
        if (
            not isinstance(probe, BundledProbe)
            or not isinstance(answerer, LocalAnswerer)
            or sitting.who != "base"
        ):
            return None
        model, template = answerer.model, answerer.template
        return {
            "probe": probe.name,
            "job": [str(each) for each in probe.rests_on(sitting)],
            "quick": sitting.is_quick,
            "base": self.base.local.sha256,
            "template": template.tokenizer.chat_template,
            "stops": sorted(template.stop_ids | template.text_stop_ids),
            "tokens": [answerer.max_length, answerer.micro_batch_tokens],
            "dtype": str(model.model.dtype),
            "machine": [
                platform.machine(),
                machine.processor(),
                torch.backends.cpu.get_cpu_capability(),
                torch.get_num_threads(),
                str(model.device),
                machine.gpu(model.device),
            ],
            "versions": machine.versions(),
            "code": _code(),
        }


@cache
def _code() -> str:
    """Hash of this package's source and of what is bundled with it."""
    told = hashlib.sha256()
    folders = [resources.files("postgrad")]
    while folders:
        for item in sorted(folders.pop().iterdir(), key=lambda each: each.name):
            if item.is_dir():
                folders.append(item)
            elif _counts(item):
                told.update(f"{item.name}\n".encode() + hashlib.sha256(item.read_bytes()).digest())
    return told.hexdigest()


def _counts(item: Traversable) -> bool:
    return item.name.endswith((".py", ".jsonl", ".yaml", ".jinja"))


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
