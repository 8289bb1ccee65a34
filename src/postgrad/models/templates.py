"""The bundled chat templates: how turns become text.

Each is our own text of a family's documented format, in Jinja as transformers reads it. Rendering
is prefix-consistent: the messages before an assistant turn, with the generation prompt, are
exactly the beginning of the rendering that includes the turn, so it can be told which tokens the
assistant wrote.
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from postgrad.errors import ModelError


@dataclass(frozen=True, slots=True)
class _Template:
    """Marks of a template, and the `model_type`s of config.json that it suits.

    `end_of_turn` None: the tokenizer's own `eos_token`.
    """

    special_tokens: tuple[str, ...]
    end_of_turn: str | None
    model_types: tuple[str, ...]


_CHATML_MARKS = ("<|im_start|>", "<|im_end|>")
_LLAMA3_MARKS = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")

_TEMPLATES: dict[str, _Template] = {
    "chatml": _Template(_CHATML_MARKS, "<|im_end|>", ("qwen2", "qwen2_moe", "smollm3")),
    "llama3": _Template(_LLAMA3_MARKS, "<|eot_id|>", ("llama",)),
    "qwen3": _Template(_CHATML_MARKS, "<|im_end|>", ("qwen3", "qwen3_moe")),
    "gemma3": _Template(
        ("<bos>", "<start_of_turn>", "<end_of_turn>"),
        "<end_of_turn>",
        ("gemma", "gemma2", "gemma3", "gemma3_text"),
    ),
    "mistral": _Template(("<s>", "</s>"), "</s>", ("mistral", "mixtral")),
    "phi": _Template(
        ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"), "<|end|>", ("phi3", "phimoe")
    ),
    "plain": _Template((), None, ()),
}


def names() -> list[str]:
    """Every bundled template."""
    return list(_TEMPLATES)


def read(name: str) -> str:
    """The Jinja text of a bundled template.

    Raises:
        ModelError: no such template (`unknown_template`); the nearest one is given.
    """
    _find(name)
    file = resources.files("postgrad.models") / "templates" / f"{name}.jinja"
    return file.read_text(encoding="utf-8")


def special_tokens(name: str) -> list[str]:
    """The marks that a tokenizer must have as whole tokens for this template.

    Raises:
        ModelError: no such template.
    """
    return list(_find(name).special_tokens)


def end_of_turn(name: str) -> str | None:
    """The token that ends an assistant turn; None: the tokenizer's own `eos_token`.

    Raises:
        ModelError: no such template.
    """
    return _find(name).end_of_turn


def suggest(config: Mapping[str, Any], vocabulary: Container[str] | None = None) -> str:
    """The bundled template that suits a model.

    Args:
        config: its config.json.
        vocabulary: its tokens, if known: a template whose marks are not all in it is passed over.
    """
    model_type = str(config.get("model_type", ""))
    by_type = [name for name, row in _TEMPLATES.items() if model_type in row.model_types]
    if vocabulary is None:
        return by_type[0] if by_type else "plain"
    for name in [*by_type, "chatml"]:
        if all(token in vocabulary for token in special_tokens(name)):
            return name
    return "plain"


def _find(name: str) -> _Template:
    if name in _TEMPLATES:
        return _TEMPLATES[name]
    near = difflib.get_close_matches(name, names(), n=1)
    raise ModelError(
        f"There is no bundled chat template named {name!r}.",
        fix=f"Did you mean {near[0]}?" if near else "Bundled: " + ", ".join(names()),
        code="unknown_template",
    )
