"""Prices: machines that people train on, what they reach, take and cost, with every source.

A price list of the user's own (`backend.prices: FILE`, YAML) may say what electricity costs, what
this machine takes, and name more machines; one that is `like` another has all its other numbers.

    currency: EUR
    electricity: 0.29                 # a kilowatt-hour
    this_machine: {watts: 90}         # or per_hour, if it is rented
    machines:
      - {name: "our H100", like: h100, per_hour: 2.10}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from postgrad.errors import JobError

ELECTRICITY = 0.187
"""US dollars a kilowatt-hour: average of US households, EIA Electric Power Monthly, table 5.6.A, as
of April 2026. (In the EU 0.287 euros: Eurostat, first half of 2025.)"""

WATTS_PER_CORE = (3.5, 5.5, 8.1)
"""Low, middle, high, of a machine that nobody described: 3.5 is a busy virtual core of a server
(Cloud Carbon Footprint's methodology, AWS), 8.1 a core of the desktop below; the middle lies
between."""
WATTS_PER_GB = 0.392
"""Memory in use: 0.000392 kWh a gigabyte and hour (Cloud Carbon Footprint's methodology)."""
WATTS_FACTORS = (0.5, 1.3)
"""Of a stated power: a small model does not keep a GPU busy; the rest of the machine takes some
too. A judgement, not a measurement."""

PRODUCT_SHARE = 0.7
"""Of a CPU's peak that its matrix products reach: 131 to 157 of 217.6 GFLOP/s on two cores of an
EPYC with AVX2 and MKL, products of 512 to 1,024 rows."""

LAUNCH_SECONDS_PER_LAYER = 0.002
"""Of a step on a GPU, whatever its size: some 190 kernels a layer and step, 10 microseconds each
from Python. Arithmetic: this loop was not timed on a GPU. A pass without gradients takes a
third."""

CPU_FACTORS, GPU_FACTORS = (0.5, 2.0), (0.4, 3.0)
"""Time on a machine where nothing was measured, as a share of what is told: the peak share of
products and the efficiency of a step each vary by a quarter and more between processors; on a GPU
nothing but published numbers of other trainers is known."""


class Machine(BaseModel):
    """A machine that a job could run on.

    Attributes:
        name: short; what `like` names.
        title: in words.
        kind: cpu or gpu; on a GPU a frozen base is held in half precision.
        flop_per_second: of large matrix products, on a GPU in bfloat16.
        float32_flop_per_second: the same in float32, in which weights that are trained themselves
            are held; None: the same number.
        efficiency: share of it that a training step reaches.
        bytes_per_second: of memory.
        memory_bytes: that a run may take.
        watts: under load.
        per_hour: rent; None: owned, so that only its electricity is counted.
        source: of all these numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    kind: Literal["cpu", "gpu"]
    flop_per_second: float = Field(gt=0)
    float32_flop_per_second: float | None = Field(default=None, gt=0)
    efficiency: float = Field(default=0.6, gt=0, le=1)
    bytes_per_second: float = Field(gt=0)
    memory_bytes: float = Field(gt=0)
    watts: float = Field(gt=0)
    per_hour: float | None = Field(default=None, ge=0)
    source: str = "your price list"


MACHINES = (
    Machine(
        name="laptop",
        title="a laptop with 2 cores (Core i5-7200U)",
        kind="cpu",
        flop_per_second=PRODUCT_SHARE * 2 * 3.1e9 * 32,
        bytes_per_second=12e9,
        memory_bytes=8e9,
        watts=15 + 8 * WATTS_PER_GB,
        source="Intel ARK: 2 cores, 3.1 GHz, 15 W; AVX2 with two FMA units, 32 FLOP a cycle; "
        "memory as a small server's, 12 GB/s in use; 8 GB assumed",
    ),
    Machine(
        name="desktop",
        title="a desktop with 8 cores (Ryzen 7 7700)",
        kind="cpu",
        flop_per_second=PRODUCT_SHARE * 8 * 3.8e9 * 32,
        bytes_per_second=50e9,
        memory_bytes=32e9,
        watts=65 + 32 * WATTS_PER_GB,
        source="AMD: 8 cores, 3.8 GHz base, 65 W; 32 FLOP a cycle; two channels of DDR5-5200 are "
        "83 GB/s, of which 60 % in use; 32 GB assumed",
    ),
    Machine(
        name="l4",
        title="one NVIDIA L4, rented",
        kind="gpu",
        flop_per_second=121e12,
        float32_flop_per_second=30.3e12,
        efficiency=0.3,
        bytes_per_second=300e9,
        memory_bytes=24e9,
        watts=72,
        per_hour=0.80,
        source="NVIDIA's data sheet: 121 TFLOP/s bf16 without sparsity, 30.3 float32, 300 GB/s, "
        "24 GB, 72 W; 0.7992 USD an hour at Modal, May 2026; efficiency as the H100's",
    ),
    Machine(
        name="h100",
        title="one NVIDIA H100, rented",
        kind="gpu",
        flop_per_second=989e12,
        float32_flop_per_second=67e12,
        efficiency=0.3,
        bytes_per_second=3.35e12,
        memory_bytes=80e9,
        watts=700,
        per_hour=3.78,
        source="NVIDIA's data sheet (SXM): 989 TFLOP/s bf16, 67 float32, 3.35 TB/s, 80 GB, 700 W; "
        "3.78 USD an hour at Lambda, May 2026; efficiency: published ones reach 0.33 to 0.42 with "
        "models of 8 billion parameters (torchtitan, NeMo AutoModel), smaller ones less",
    ),
)


class ThisMachine(BaseModel):
    """What a price list says of the machine that asks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    watts: float | None = Field(default=None, gt=0)
    per_hour: float | None = Field(default=None, ge=0)


class Prices(BaseModel):
    """A price list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str = "USD"
    electricity: float = Field(default=ELECTRICITY, ge=0)
    this_machine: ThisMachine = ThisMachine()
    machines: tuple[Machine, ...] = MACHINES


def read_prices(path: str | None) -> Prices:
    """The user's price list over the bundled one, or the bundled one alone.

    In another currency than the bundled one's, bundled machines that are rented are left out.

    Raises:
        JobError: the file can't be read, or its keys or values don't fit.
    """
    if path is None:
        return Prices()
    try:
        told: dict[str, Any] = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        return _over_bundled(told)
    except OSError as error:
        raise JobError(
            f"The price list {path} can't be read: {error.strerror}.",
            fix="Name a file that is there, or leave backend.prices out.",
            code="bad_prices",
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError) as error:
        raise JobError(
            f"The price list {path} can't be used.",
            why=_reason(error),
            fix="See docs/costs.md for one that can.",
            code="bad_prices",
        ) from None


def _over_bundled(told: Mapping[str, Any]) -> Prices:
    bundled = {machine.name: machine for machine in MACHINES}
    if told.get("currency", "USD") != "USD":
        if "electricity" not in told:
            raise ValueError("The price of electricity is needed in your currency")
        bundled = {name: each for name, each in bundled.items() if each.per_hour is None}
    machines = dict(bundled)
    for each in told.get("machines") or ():
        if "name" not in each:
            raise ValueError("A machine has no name")
        like = each.get("like") or (each["name"] if each["name"] in bundled else None)
        values: dict[str, Any] = {}
        if like is not None:
            parents = {machine.name: machine for machine in MACHINES} | machines
            if like not in parents:
                raise ValueError(f"like: {like!r} is not one of {', '.join(parents)}")
            values = {**parents[like].model_dump(), "title": each["name"]}
        own = {key: value for key, value in each.items() if key != "like"}
        found = Machine.model_validate({"title": each["name"], **values, **own})
        machines[found.name] = found
    return Prices.model_validate({**told, "machines": tuple(machines.values())})


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        return f"{key}: {first['msg']}." if key else f"{first['msg']}."
    return f"{error}."
