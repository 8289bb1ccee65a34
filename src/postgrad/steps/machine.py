"""The machine of a run: its threads, its device, and what to write down about it."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from postgrad.advice.machine import usable_cores
from postgrad.core.interfaces import Method
from postgrad.core.job import BackendSection
from postgrad.errors import SetupError

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
    versions: dict[str, str] = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "source"
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": str(device),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "versions": versions,
        "seed": seed,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
