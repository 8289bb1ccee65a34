"""What this machine has, found without loading torch: for `postgrad doctor`."""

from __future__ import annotations

import math
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from postgrad.core.base import ModelRef

LEAST_MEMORY_BYTES = 4_000_000_000
"""Training the default model peaks near 3 GB (`make bench-train`); the rest is for the system."""
LEAST_DISK_BYTES = 3_000_000_000
"""The default model takes 0.6 GB, its download 0.2 GB on the way, a run about 0.2 GB."""
OLDEST_PYTHON = (3, 11)
CONTROL_GROUP = Path("/sys/fs/cgroup")
"""Where Linux tells a container its limits."""
NEEDED = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "accelerate",
    "gguf",
    "huggingface_hub",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's list. `fix` is empty if all is well; `needed` ones must be."""

    name: str
    value: str
    fix: str = ""
    needed: bool = True

    @property
    def ok(self) -> bool:
        return not self.fix


def examine(cache: Path, default_model: Path | None) -> list[Finding]:
    """Everything that a run needs of this machine.

    Args:
        cache: where base models are kept.
        default_model: the default base model's folder, or None if it is not fetched yet.
    """
    return [
        _python(),
        *(_package(name) for name in NEEDED),
        _threads(),
        _memory(),
        _disk(cache),
        _cache(cache),
        _model(default_model),
        _gpu(),
    ]


def _python() -> Finding:
    found = platform.python_version()
    old = sys.version_info[:2] < OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return Finding("Python", found, f"Install Python {wanted} or newer." if old else "")


def _package(name: str) -> Finding:
    fix = "" if (found := _version(name)) else "Install it with: pip install 'postgrad[train]'"
    return Finding(name, found or "missing", fix)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _threads() -> Finding:
    cores, there = usable_cores(), os.cpu_count() or 1
    return Finding("Threads", f"{cores}, of {there} cores ({platform.machine()})")


def usable_cores(control: Path = CONTROL_GROUP) -> int:
    """Cores that this process may keep busy, and so the threads to train with. More threads than a
    container's share of the processor wait for each other."""
    chosen = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(chosen(0)) if chosen else os.cpu_count() or 1
    # version 2 of control groups, then version 1: www.kernel.org/doc/html/latest/admin-guide
    share = _words(control / "cpu.max") or [
        *_words(control / "cpu" / "cpu.cfs_quota_us"),
        *_words(control / "cpu" / "cpu.cfs_period_us"),
    ]
    if len(share) == 2 and share[0] not in ("max", "-1"):
        cores = min(cores, math.ceil(int(share[0]) / int(share[1])))
    return max(1, cores)


def _memory() -> Finding:
    free = memory_available_bytes()
    if free is None:
        return Finding("Memory", "not known on this system", needed=False)
    value = f"{free / 1e9:.1f} GB free"
    short = free < LEAST_MEMORY_BYTES
    return Finding(
        "Memory", value, "Close other programs; 4 GB are needed." if short else "", needed=False
    )


def memory_available_bytes(
    meminfo: Path = Path("/proc/meminfo"), control: Path = CONTROL_GROUP
) -> int | None:
    """What the system can still give, and what is left of a container's limit if that is less;
    None where neither is told (not on Linux)."""
    found: list[int] = []
    words = _words(meminfo)
    if "MemAvailable:" in words:
        found.append(int(words[words.index("MemAvailable:") + 1]) * 1024)
    for limit, used in (
        (control / "memory.max", control / "memory.current"),
        (
            control / "memory" / "memory.limit_in_bytes",
            control / "memory" / "memory.usage_in_bytes",
        ),
    ):
        numbers = [*_words(limit), *_words(used)]
        if len(numbers) == 2 and numbers[0] != "max":
            found.append(max(0, int(numbers[0]) - int(numbers[1])))
    return min(found, default=None)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _disk(cache: Path) -> Finding:
    place = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(place).free
    short = free < LEAST_DISK_BYTES
    fix = "Make room, or set POSTGRAD_CACHE to a folder on a larger disk." if short else ""
    return Finding("Disk", f"{free / 1e9:.1f} GB free at {place}", fix)


def _cache(cache: Path) -> Finding:
    place = next(path for path in (cache, *cache.parents) if path.exists())
    writable = os.access(place, os.W_OK)
    fix = "" if writable else "Set POSTGRAD_CACHE to a folder that you may write to."
    return Finding("Cache", str(cache), fix)


def _model(folder: Path | None) -> Finding:
    name = str(ModelRef.parse("smollm2-135m"))
    if folder is None:
        fix = f"Fetch it with: postgrad models pull {name}"
        return Finding("Base model", f"{name} is not here yet", fix, needed=False)
    return Finding("Base model", f"{name} in {folder}")


def _gpu() -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding("GPU", "none; training runs on the CPU", needed=False)
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        found = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (subprocess.SubprocessError, OSError):
        fix = "Check the driver: nvidia-smi does not answer."
        return Finding("GPU", "found, but not usable", fix, needed=False)
    fix = ""
    if _version("torch").endswith("+cpu"):
        fix = "This build of torch can't use it: install one for CUDA (pytorch.org)."
    return Finding("GPU", "; ".join(found.stdout.strip().splitlines()), fix, needed=False)
