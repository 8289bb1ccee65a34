"""Written: the items that come with the package, written for it (see each folder's README)."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import yaml


def lines(folder: str, name: str) -> list[dict[str, Any]]:
    """The rows of `bundled/FOLDER/NAME.jsonl`."""
    return [json.loads(line) for line in _text(folder, f"{name}.jsonl").splitlines()]


def mapping(folder: str, name: str) -> dict[str, Any]:
    """What `bundled/FOLDER/NAME.yaml` holds."""
    return yaml.safe_load(_text(folder, f"{name}.yaml"))


def _text(folder: str, name: str) -> str:
    return resources.files("postgrad").joinpath("bundled", folder, name).read_text("utf-8")
