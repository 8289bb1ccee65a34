"""ModelRef: where a base model comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from postgrad.errors import ModelError

Source = Literal["catalog", "hub", "folder", "gguf"]

_HUB = re.compile(r"^hf:(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?$")


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A base model, before anything is fetched.

    `name` is the catalog's name, `OWNER/NAME` on the hub, or a path.
    """

    source: Source
    name: str
    revision: str = ""

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Read `smollm2-135m`, `hf:OWNER/NAME@REVISION`, a folder, or a `.gguf` file.

        Raises:
            ModelError: `hf:` without OWNER/NAME, or an empty text.
        """
        if not text.strip():
            raise ModelError("The base model's name is empty.", fix="Give one: --base smollm2-135m")
        if text.startswith("hf:"):
            found = _HUB.match(text)
            if not found:
                raise ModelError(
                    f"{text!r} is not a hub reference.",
                    why="A hub reference is hf:OWNER/NAME, with @REVISION to pin it.",
                    fix="For example: --base hf:HuggingFaceTB/SmolLM2-360M-Instruct@main",
                )
            return cls("hub", found["repository"], found["revision"] or "main")
        if text.endswith(".gguf"):
            return cls("gguf", str(Path(text).expanduser()))
        if "/" in text or text.startswith((".", "~")):
            return cls("folder", str(Path(text).expanduser()))
        return cls("catalog", text)

    def __str__(self) -> str:
        return f"hf:{self.name}@{self.revision}" if self.source == "hub" else self.name
