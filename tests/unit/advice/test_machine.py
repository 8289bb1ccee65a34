"""What a process may use of a machine, told by Linux's control groups or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from postgrad.advice import machine
from postgrad.advice.machine import examine, memory_available_bytes, usable_cores

MEMINFO = "MemTotal:       32000000 kB\nMemFree:         1000000 kB\nMemAvailable:   16000000 kB\n"


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu.max": "6400000 100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
    ],
)
def test_a_container_has_as_many_threads_as_its_share(
    files: dict[str, str], cores: int, tmp_path: Path
) -> None:
    assert usable_cores(written(tmp_path, files)) == cores


def test_a_system_without_affinity_has_all_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cores(tmp_path) == 16


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, None),
        ({"meminfo": MEMINFO}, 16_384_000_000),
        ({"meminfo": MEMINFO, "memory.max": "max", "memory.current": "5"}, 16_384_000_000),
        ({"meminfo": MEMINFO, "memory.max": "2000", "memory.current": "500"}, 1500),
        (
            {"memory/memory.limit_in_bytes": "10", "memory/memory.usage_in_bytes": "11"},
            0,
        ),
    ],
)
def test_memory_is_what_the_container_has_left(
    files: dict[str, str], free: int | None, tmp_path: Path
) -> None:
    written(tmp_path, files)
    assert memory_available_bytes(tmp_path / "meminfo", tmp_path) == free


def test_each_line_is_ok_or_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "memory_available_bytes", lambda: 1_000_000_000)
    monkeypatch.setattr(machine, "LEAST_DISK_BYTES", 2**80)
    found = {item.name: item for item in examine(tmp_path / "not" / "yet", None)}
    assert {*("Python", "torch", "Threads", "Memory", "Disk", "Cache", "Base model", "GPU")} <= set(
        found
    )
    assert not found["Memory"].ok
    assert "Close other programs" in found["Memory"].fix
    assert "POSTGRAD_CACHE" in found["Disk"].fix
    assert found["Base model"].fix == "Fetch it with: postgrad models pull smollm2-135m"
    assert not found["Base model"].needed
    assert found["Cache"].ok
    assert examine(tmp_path, tmp_path)[-2].ok


@pytest.mark.parametrize(("torch", "ok"), [("2.13.0+cpu", False), ("2.13.0", True)])
def test_a_gpu_that_torch_can_not_use_is_said(
    torch: str, ok: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H100, 81559 MiB'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(machine, "version", lambda name: torch)
    found = {item.name: item for item in examine(tmp_path, None)}["GPU"]
    assert found.value == "NVIDIA H100, 81559 MiB"
    assert found.ok == ok
    assert ("CUDA" in found.fix) != ok


def test_what_the_system_does_not_tell_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "memory_available_bytes", lambda: None)
    found = {item.name: item for item in examine(tmp_path, None)}
    assert found["Memory"].ok
