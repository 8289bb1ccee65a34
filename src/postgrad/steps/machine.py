"""The machine of a run: its threads, its device, and what to write down about it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from postgrad.advice.machine import usable_cores
from postgrad.core.interfaces import Method
from postgrad.core.job import BackendSection
from postgrad.errors import SetupError

GIT_SECONDS = 5.0
"""A checkout answers in a hundredth of a second; one on a network drive may hang."""

PACKAGES = ("postgrad", "torch", "transformers", "tokenizers", "safetensors", "numpy")


def use_machine(section: BackendSection) -> torch.device:
    """Set the threads; returns the device.

    Raises:
        SetupError: a GPU was asked for and there is none.
    """
    torch.set_num_threads(section.threads or usable_cores())
    device = torch.device(section.device or "cpu")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SetupError(
            f"backend.device is {section.device}, but torch sees no GPU.",
            fix="Train on the processor: --set backend.device=cpu",
            code="no_gpu",
        )
    return device


def base_dtype(device: torch.device, method: Method | None = None) -> torch.dtype:
    """Type of the base's weights: bfloat16 on a GPU; float32 on a CPU, where bfloat16 is
    emulated unless it has AVX-512 or AMX (and 30 times slower).

    Weights that are trained themselves are float32 everywhere: bfloat16 keeps 8 bits, and a step of
    full fine-tuning (1e-4 of a weight near 0.05) is less than half of its last one: it would be
    rounded away (Zamirai et al., "Revisiting BFloat16 Training", arXiv:2010.06192).
    """
    moves_base = method is not None and method.result == "weights"
    return torch.bfloat16 if device.type == "cuda" and not moves_base else torch.float32


def environment(device: torch.device, seed: int) -> dict[str, Any]:
    """What the result may depend on besides the job: versions, threads, processor."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": str(device),
        "gpu": gpu(device),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "versions": versions(),
        "commit": _commit(),
        "seed": seed,
    }


def _commit() -> str | None:
    """The commit of this code where it runs from a git checkout, and whether it was changed since;
    None: it does not. A checkout that only happens to hold the installed package is not ours."""
    folder = Path(__file__).parents[1]

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=GIT_SECONDS
        )
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")
        commit = git("rev-parse", "HEAD")
        return f"{commit}, changed" if git("status", "--porcelain", "--", ".") else commit
    except (OSError, subprocess.SubprocessError):
        return None


def versions() -> dict[str, str]:
    """Of this package and of those that compute."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "source"
    return found


def gpu(device: torch.device) -> str | None:
    """Name of the GPU; None if there is none in use."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None


def processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
