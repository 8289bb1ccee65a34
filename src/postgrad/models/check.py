"""Is a model folder safe and complete? Files and headers only: no torch, nothing is executed.

A pickle file runs code when it is read, and so does Python beside a model that `auto_map` names.
Only safetensors, JSON and Jinja are ever read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postgrad.errors import ModelError
from postgrad.models import templates

PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
_CAUSAL = ("ForCausalLM", "LMHeadModel")
_MAX_HEADER_BYTES = 100_000_000  # the safetensors library's own limit


def check_folder(folder: Path) -> dict[str, Any]:
    """Refuse a folder that is unsafe or not a whole causal language model; returns its config.

    Pickle files beside safetensors are allowed, because they are never read.

    Raises:
        ModelError: with the code no_folder, no_config, python_files, remote_code, pickle_weights,
            no_weights, bad_safetensors, not_causal or no_tokenizer.
    """
    if not folder.is_dir():
        raise ModelError(
            f"There is no folder {str(folder)!r}.",
            fix="Give an existing folder, hf:OWNER/NAME, a .gguf file, or the name smollm2-135m.",
            code="no_folder",
        )
    config = read_config(folder)
    _check_no_python(folder)
    _check_no_remote_code(folder)
    for weights in weight_files(folder):
        num_parameters(weights)
    _check_causal(folder, config)
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise ModelError(
            f"{folder} has no tokenizer.",
            why="None of " + ", ".join(TOKENIZER_FILES) + " is there.",
            fix="Copy the tokenizer's files of the same model into the folder.",
            code="no_tokenizer",
        )
    return config


def read_config(folder: Path) -> dict[str, Any]:
    """The content of config.json.

    Raises:
        ModelError: it is missing or not a JSON object (`no_config`).
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        config, reason = None, str(error)
    else:
        reason = "it is not a JSON object"
    if isinstance(config, dict):
        return config
    adapter = (folder / "adapter_config.json").is_file()
    raise ModelError(
        f"{folder} has no config.json that can be read.",
        why="The folder holds an adapter, not a base model." if adapter else f"({reason})",
        fix="Give the folder of the base model: it holds config.json and *.safetensors.",
        code="no_config",
    )


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model, in order.

    Raises:
        ModelError: there are only pickle files (`pickle_weights`), none at all (`no_weights`), or
            one that the index names is missing (`bad_safetensors`).
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return _indexed_files(index)
    single = folder / "model.safetensors"
    if single.is_file():
        return [single]
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLE_SUFFIXES)
    if pickles:
        raise ModelError(
            f"{folder} has its weights only as pickle: {', '.join(pickles[:3])}.",
            why="Reading a pickle file runs whatever code is inside it.",
            fix="Take the model's safetensors, or convert the file where you trust it: load it "
            "there and call save_pretrained(FOLDER).",
            code="pickle_weights",
        )
    raise ModelError(
        f"{folder} has no weights.",
        why="Neither model.safetensors nor model.safetensors.index.json is there.",
        fix="Give a folder that save_pretrained wrote. For an adapter, give its base model.",
        code="no_weights",
    )


def _indexed_files(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise _bad_safetensors(index, f"the index can't be read: {error!r}") from error
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise _bad_safetensors(index, f"it names {name!r}, which is no file of this folder")
        if not (index.parent / name).is_file():
            raise _bad_safetensors(index.parent / name, "the index names it, but it is missing")
    return [index.parent / name for name in names]


def num_parameters(path: Path) -> int:
    """How many weights one safetensors file holds, from its header.

    Format: 8 bytes little-endian header length, a JSON header, then the tensors' bytes
    (https://huggingface.co/docs/safetensors, "Format").

    Raises:
        ModelError: the header can't be read, or the file is shorter or longer than it says
            (`bad_safetensors`).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _MAX_HEADER_BYTES):
            raise _bad_safetensors(path, f"its {size:,} bytes hold no whole header")
        raw = file.read(length)
    try:
        header = json.loads(raw)
        tensors = [value for name, value in header.items() if name != "__metadata__"]
        end = max((tensor["data_offsets"][1] for tensor in tensors), default=0)
        count = sum(math.prod(tensor["shape"]) for tensor in tensors)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise _bad_safetensors(path, f"its header can't be read: {error!r}") from error
    if 8 + length + end != size:
        raise _bad_safetensors(
            path, f"it has {size:,} bytes where its header says {8 + length + end:,}"
        )
    return count


def _bad_safetensors(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"{path} is damaged or cut off.",
        why=f"{reason[0].upper()}{reason[1:]}.",
        fix="Fetch the file again.",
        code="bad_safetensors",
    )


def _check_no_python(folder: Path) -> None:
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
    if found:
        raise ModelError(
            f"{folder} holds Python files: {', '.join(found[:3])}.",
            why="A model folder is data. Code that comes with weights is never run.",
            fix="Use a model whose architecture is part of transformers. If it is one, copy the "
            "folder without its *.py files.",
            code="python_files",
        )


def _check_no_remote_code(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        if not path.name.endswith("config.json"):
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(content, dict) and content.get("auto_map"):
            raise ModelError(
                f"{path} asks for code of its own (auto_map).",
                why="Code that comes with weights is never run (no trust_remote_code).",
                fix="Use a model whose architecture is part of transformers. If it is one, copy "
                f"the folder and remove auto_map from {path.name}.",
                code="remote_code",
            )


def _check_causal(folder: Path, config: Mapping[str, Any]) -> None:
    architectures = config.get("architectures") or []
    if architectures and not any(name.endswith(_CAUSAL) for name in architectures):
        raise ModelError(
            f"{folder} is a {architectures[0]}, not a causal language model.",
            why="postgrad trains models that write text from left to right: *ForCausalLM.",
            fix="Give such a model, for example smollm2-135m.",
            code="not_causal",
        )


def require_chat_template(tokenizer: Any, named: str | None, config: Mapping[str, Any]) -> str:
    """The chat template to use: the one of the bundled name, else the tokenizer's own.

    Args:
        tokenizer: a transformers tokenizer.
        named: a bundled template's name, or None.
        config: the model's config.json, to say which bundled template suits it.

    Raises:
        ModelError: no such bundled name (`unknown_template`), or there is neither
            (`no_chat_template`).
    """
    if named is not None:
        return templates.read(named)
    own = tokenizer.chat_template
    if isinstance(own, dict):
        own = own.get("default")
    if own:
        return own
    suggestion = templates.suggest(config, tokenizer.get_vocab())
    raise ModelError(
        "The data is chat, but the base model has no chat template.",
        why="A chat template says how turns become text; a pre-trained model often has none.",
        fix=f"Name one: --set base.chat_template={suggestion} "
        f"(bundled: {', '.join(templates.names())})",
        code="no_chat_template",
    )
