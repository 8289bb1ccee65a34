"""Checkpoints: whole or not there. Every crash point, every full disk, hundreds of damages."""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import json
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from postgrad.errors import SetupError
from postgrad.training import checkpoint

STEPS = (1, 2, 3, 4, 4, 5)
"""What the scenario saves: step 4 twice, as a run that was stopped in a validation does."""
BEST = 2


def writer(step: int, version: int = 0) -> Callable[[Path], dict[str, Any]]:
    """Writes what a real run does: a folder with an adapter, an optimizer, a state."""

    def write(folder: Path) -> dict[str, Any]:
        (folder / "adapter").mkdir()
        values = torch.full((40,), step + version / 10)
        _save(values, folder / "adapter" / "adapter_model.safetensors")
        (folder / "adapter" / "adapter_config.json").write_text(json.dumps({"step": step}))
        _save(values * 2, folder / "optimizer.safetensors")
        return {"progress": {"step": step, "best_loss": 1 / 3 + step}, "version": version}

    return write


def _save(values: torch.Tensor, path: Path) -> None:
    # through open(), where the tests can cut it short; the real one writes from Rust
    scratch = path.parent.parent / f"{path.name}.{os.getpid()}"
    save_file({"values": values}, scratch)
    with REAL_OPEN(scratch, "rb") as file:
        content = file.read()
    REAL_UNLINK(scratch)
    path.write_bytes(content)


REAL_OPEN, REAL_UNLINK = builtins.open, os.unlink


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill does not undo what the system was told to write, so the sweeps need no flush: they
    only count it. That all is flushed in the right order is a test of its own."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def scenario(root: Path, on_saved: Callable[[int, int], None] = lambda step, version: None) -> None:
    for number, step in enumerate(STEPS):
        version = int(number > 0 and STEPS[number - 1] == step)
        checkpoint.save(root, step, writer(step, version))
        on_saved(step, version)
        checkpoint.tidy(root, keep_step=BEST)


def assert_whole(found: checkpoint.Checkpoint) -> None:
    step, version = found.step, found.state["version"]
    values = load_file(found.folder / "adapter" / "adapter_model.safetensors")["values"]
    assert torch.equal(values, torch.full((40,), step + version / 10))
    moments = load_file(found.folder / "optimizer.safetensors")["values"]
    assert torch.equal(moments, values * 2)
    assert found.state["progress"]["best_loss"] == 1 / 3 + step


class Operations:
    """Counts file-system operations and lets `fail(number, when, torn)` act on each."""

    NAMES = ("mkdir", "rename", "fsync", "unlink", "rmdir", "open")

    def __init__(self, fail: Callable[[int, str, Callable[[], None]], None]) -> None:
        self.count = 0
        self._fail = fail

    def _around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            number = self.count
            self._fail(number, "before", lambda: None)
            result = real(*arguments, **options)
            self._fail(number, "after", lambda: None)
            return result

        return operation

    def _open(self, path: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if not set(mode) & set("wax+"):
            return REAL_OPEN(path, mode, *arguments, **options)
        self.count += 1
        number = self.count
        self._fail(number, "before", lambda: None)
        file = REAL_OPEN(path, mode, *arguments, **options)
        write = file.write

        def write_some(content: Any) -> int:
            def tear() -> None:
                write(content[: len(content) // 2])
                file.flush()

            self._fail(number, "torn", tear)
            written = write(content)
            file.flush()
            self._fail(number, "after", lambda: None)
            return written

        file.write = write_some
        return file

    @contextlib.contextmanager
    def patched(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in self.NAMES:
                patch.setattr(os, name, self._around(getattr(os, name)))
            patch.setattr(builtins, "open", self._open)
            patch.setattr(io, "open", self._open)
            yield


def num_operations(root: Path) -> int:
    root.mkdir()
    operations = Operations(lambda number, when, tear: None)
    with operations.patched():
        scenario(root)
    return operations.count


def killed_at(root: Path, at: int, when: str) -> tuple[bool, list[tuple[int, int]]]:
    """Run the scenario in a child that is killed (SIGKILL) at one operation; what it had saved."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:  # never returns: no cleanup of Python's can help it

        def fail(number: int, moment: str, tear: Callable[[], None]) -> None:
            if number == at and moment == when:
                tear()
                os.kill(os.getpid(), 9)

        try:
            with Operations(fail).patched():
                scenario(
                    root, lambda step, version: os.write(write_end, bytes([step, version])) and None
                )
        finally:
            os._exit(0)
    os.close(write_end)
    with REAL_OPEN(read_end, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    saved = [(told[i], told[i + 1]) for i in range(0, len(told), 2)]
    return os.WIFSIGNALED(status), saved


@pytest.mark.parametrize("when", ["before", "after", "torn"])
def test_killed_at_every_operation(tmp_path: Path, when: str) -> None:
    """SIGKILL at every file-system operation of six saves: nothing that was saved is ever lost."""
    total = num_operations(tmp_path / "count")
    kills = 0
    for at in range(1, total + 1):
        root = tmp_path / f"{when}-{at}"
        root.mkdir()
        was_killed, saved = killed_at(root, at, when)
        kills += was_killed
        found = checkpoint.newest(root)
        if saved:
            assert found is not None, f"operation {at}: all checkpoints are gone"
            assert (found.step, found.state["version"]) >= saved[-1], f"operation {at}"
        if found is not None:
            assert_whole(found)
            assert found.step <= (saved[-1][0] if saved else 0) + 1
        if any(step >= BEST for step, _ in saved):
            best = checkpoint.read(root / f"step-{BEST:06d}")
            assert best is not None, f"operation {at}: the best checkpoint is gone"

        scenario(root)  # the run goes on, and leaves nothing behind
        last = checkpoint.newest(root)
        assert last is not None
        assert_whole(last)
        names = sorted(path.name for path in root.iterdir())
        assert names == [f"step-{step:06d}" for step in (BEST, 4, 5)]
        shutil.rmtree(root)
    assert total > 100
    assert kills == total if when != "torn" else kills > 20  # only writes can be torn
    print(f"{kills} kills {when} one of {total} operations")


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_disk_fails_at_every_operation(tmp_path: Path, number: int, lasting: bool) -> None:
    total = num_operations(tmp_path / "count")
    refused = 0
    told: set[tuple[str, bool]] = set()
    for at in range(1, total + 1):
        root = tmp_path / str(at)
        root.mkdir()
        saved: list[tuple[int, int]] = []

        def fail(
            now: int, moment: str, tear: Callable[[], None], at: int = at, root: Path = root
        ) -> None:
            if moment in ("before", "torn") and (now >= at if lasting else now == at):
                tear()
                raise OSError(number, os.strerror(number), str(root))

        try:
            with Operations(fail).patched():
                scenario(root, lambda *step, saved=saved: saved.append(step))
        except SetupError as error:
            refused += 1
            told.add((error.code, os.strerror(number) in error.what))
        found = checkpoint.newest(root)
        if saved:
            assert found is not None
            assert (found.step, found.state["version"]) >= saved[-1], f"operation {at}"
        if found is not None:
            assert_whole(found)
        scenario(root)  # there is room again
        assert checkpoint.newest(root).step == STEPS[-1]
        shutil.rmtree(root)
    assert told == {("disk", True)}
    assert refused > total / 4  # the others were in the cleaning up, which may fail
    print(f"{total} operations, {refused} of them told")


def test_all_is_flushed_before_it_is_renamed(tmp_path: Path, monkeypatch) -> None:
    """What a loss of power needs: files, then their folders, then the name, then its folder."""
    done: list[tuple[str, str]] = []
    rename = os.rename

    def note(what: str, path: str | Path) -> None:
        name = os.path.relpath(path, tmp_path).replace(".tmp-", "tmp-", 1)
        done.append((what, "/".join(["tmp", *name.split("/")[1:]]) if "tmp-" in name else name))

    def fsync(descriptor: int) -> None:
        note("flush", os.readlink(f"/proc/self/fd/{descriptor}"))

    def renamed(source: Path, target: Path, **options: Any) -> None:
        note("rename", target)
        rename(source, target, **options)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", renamed)
    saved = checkpoint.save(tmp_path, 1, writer(1))
    files = {str(p.relative_to(saved.folder)) for p in saved.folder.rglob("*")}
    assert [what for what, _ in done] == ["flush"] * (len(files) + 1) + ["rename", "flush"]
    assert {path for _, path in done[: len(files)]} == {f"tmp/{name}" for name in files}
    assert done[len(files) :] == [("flush", "tmp"), ("rename", "step-000001"), ("flush", ".")]
    inside = [path for _, path in done if path.startswith("tmp/adapter")]
    assert inside[-1] == "tmp/adapter"


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from postgrad.errors import SetupError
from postgrad.training import checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
root, size = Path(sys.argv[1]), int(sys.argv[2])
def write(folder):
    save_file({"values": torch.zeros(5000)}, folder / "optimizer.safetensors")
    return {}
checkpoint.save(root, 1, write)
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    checkpoint.save(root, 2, write)
except SetupError as error:
    print(error.code, checkpoint.newest(root).step, sorted(p.name for p in root.iterdir()))
"""


@pytest.mark.parametrize("size", [0, 10, 500, 8000])
def test_safetensors_own_error_of_a_full_disk(tmp_path: Path, size: int) -> None:
    """Writing from Rust fails with an error class of its own: here the system refuses for real."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), str(size)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stdout == "disk 1 ['step-000001']\n", done.stderr


def test_an_error_of_ours_is_not_called_a_full_disk(tmp_path: Path) -> None:
    def write(folder: Path) -> dict[str, Any]:
        raise SafetensorError("tensors share memory")

    with pytest.raises(SafetensorError):
        checkpoint.save(tmp_path, 1, write)
    assert not list(tmp_path.iterdir())


def mutations(draw: random.Random, folder: Path, older: Path) -> Iterator[tuple[str, Callable]]:
    """Damages to a checkpoint, each to be done to a fresh copy of it."""
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())

    def change(name: str, how: Callable[[bytearray], object]) -> Callable[[Path], None]:
        def act(copy: Path) -> None:
            content = bytearray((copy / name).read_bytes())
            how(content)
            (copy / name).write_bytes(bytes(content))

        return act

    for name in names:
        size = (folder / name).stat().st_size
        for _ in range(60):
            bit = draw.randrange(size * 8)
            yield (
                f"bit {bit} of {name}",
                change(name, lambda c, b=bit: c.__setitem__(b // 8, c[b // 8] ^ 1 << b % 8)),
            )
        for length in {0, 1, size // 2, size - 1}:
            yield (
                f"{name} cut to {length}",
                change(name, lambda c, n=length: c.__delitem__(slice(n, None))),
            )
        yield f"{name} with a byte more", change(name, lambda c: c.append(0))
        yield f"{name} zeroed", change(name, lambda c: c.__setitem__(slice(None), bytes(len(c))))
        yield f"{name} missing", lambda copy, n=name: (copy / n).unlink()
        yield f"{name} of an older step", lambda copy, n=name: shutil.copy(older / n, copy / n)
        yield f"{name} is a folder", lambda copy, n=name: ((copy / n).unlink(), (copy / n).mkdir())
    tensors = [name for name in names if name.endswith(".safetensors")]

    def swap(copy: Path) -> None:
        one, other = (copy / name for name in tensors)
        first = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(first)

    yield "two files swapped", swap
    yield "a file more", lambda copy: (copy / "adapter" / "more.safetensors").write_bytes(b"x")
    yield "only the manifest", lambda copy: shutil.rmtree(copy / "adapter")
    yield "another step's name", lambda copy: copy.rename(copy.with_name("step-000009"))
    yield (
        "a whole older step in its place",
        lambda copy: (
            shutil.rmtree(copy),
            shutil.copytree(older, copy),
        ),
    )
    for text in ("", "[]", "null", "{}", '{"state": {}, "files": {}}', '{"state": 3, "files": 4}'):
        yield f"manifest {text!r}", lambda copy, t=text: (copy / "manifest.json").write_text(t)


def test_every_damage_is_found(tmp_path: Path) -> None:
    """Bit flips, cuts, swaps, stale files: the one before loads, and the damage is told."""
    clean = tmp_path / "clean"
    for step in (1, 2):
        checkpoint.save(clean, step, writer(step))
    root = tmp_path / "root"
    done = 0
    for what, damage in mutations(random.Random(5), clean / "step-000002", clean / "step-000001"):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(clean, root)
        damage(root / "step-000002")
        damaged: list[Path] = []
        found = checkpoint.newest(root, damaged.append)
        assert found is not None, what
        assert found.step == 1, what
        assert_whole(found)
        assert len(damaged) == 1, what
        done += 1
    assert done > 250
    print(f"{done} damages found")


def test_read_gives_back_what_was_saved(tmp_path: Path) -> None:
    state = {"progress": {"loss": 0.1 + 0.2, "none": None}, "name": "äöü\u2028", "big": 2**60}
    saved = checkpoint.save(tmp_path, 7, lambda folder: state)
    found = checkpoint.read(saved.folder)
    assert found == saved
    assert found.state == {**state, "step": 7}
    assert checkpoint.newest(tmp_path / "nowhere") is None


def test_steps_are_ordered_as_numbers(tmp_path: Path) -> None:
    for step in (999_999, 1_000_000, 5):
        checkpoint.save(tmp_path, step, lambda folder: {})
    (tmp_path / "step-of-mine").mkdir()
    assert checkpoint.newest(tmp_path).step == 1_000_000
    checkpoint.tidy(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"step-999999", "step-1000000", "step-of-mine"}
