"""A local model folder -> a tokenizer and a frozen model in memory.

Nothing is fetched, no code of the folder runs, only safetensors are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from postgrad.errors import ModelError
from postgrad.models import templates
from postgrad.models.fetch import LocalModel
from postgrad.models.gguf import no_progress_bars

_SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


def load_tokenizer(local: LocalModel, chat_template: str | None = None) -> PreTrainedTokenizerFast:
    """The model's tokenizer.

    Args:
        local: from `fetch.ensure`.
        chat_template: name of a bundled template that replaces the model's own. The token that
            ends its turns becomes the tokenizer's `eos_token`, so that answers stop there.

    Raises:
        ModelError: the tokenizer can't be read (`bad_tokenizer`), no such template
            (`unknown_template`), or the vocabulary lacks its tokens (`template_tokens_missing`).
    """
    tokenizer = _load(
        lambda: AutoTokenizer.from_pretrained(str(local.folder), **_SAFE), local, "bad_tokenizer"
    )
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ModelError(
            f"{local.ref} has no fast tokenizer.",
            why=f"transformers gives a {type(tokenizer).__name__}, which does not tell where in "
            "the text a token lies.",
            fix="Use a model that has a tokenizer.json.",
            code="bad_tokenizer",
        )
    if chat_template is not None:
        use_template(tokenizer, chat_template)
    if tokenizer.pad_token is None:
        # Padding is masked everywhere, so any existing token will do.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    return tokenizer


def use_template(tokenizer: PreTrainedTokenizerFast, name: str) -> None:
    """Give the tokenizer a bundled chat template, and its end-of-turn token as `eos_token`.

    Raises:
        ModelError: no such template, or the vocabulary lacks its tokens.
    """
    text = templates.read(name)
    vocabulary = tokenizer.get_vocab()
    missing = [token for token in templates.special_tokens(name) if token not in vocabulary]
    if missing:
        fitting = [
            other
            for other in templates.names()
            if all(token in vocabulary for token in templates.special_tokens(other))
        ]
        raise ModelError(
            f"The chat template {name!r} does not fit this model: its vocabulary lacks "
            f"{', '.join(missing)}.",
            why="A mark cut into pieces is no mark: the model would not learn where a turn ends.",
            fix="Templates that fit: " + ", ".join(fitting),
            code="template_tokens_missing",
        )
    tokenizer.chat_template = text
    if (end := templates.end_of_turn(name)) is not None:
        tokenizer.eos_token = end


def load_model(
    local: LocalModel,
    *,
    device: str,
    dtype: torch.dtype,
    attention: str = "sdpa",
) -> PreTrainedModel:
    """The model in evaluation mode, with every parameter frozen: a method thaws what it trains.

    Args:
        local: from `fetch.ensure`.
        device: cpu, cuda or cuda:N.
        dtype: of the weights in memory.
        attention: a name that transformers' AttentionInterface knows.

    Raises:
        ModelError: transformers lacks the architecture or can't read the weights
            (`bad_weights`), or weights are missing (`missing_weights`).
    """
    model, info = _load(
        lambda: AutoModelForCausalLM.from_pretrained(
            str(local.folder),
            dtype=dtype,
            attn_implementation=attention,
            use_safetensors=True,
            output_loading_info=True,
            **_SAFE,
        ),
        local,
        "bad_weights",
    )
    # transformers would fill them with random numbers and only warn.
    if missing := sorted(info["missing_keys"]):
        raise ModelError(
            f"{local.ref} lacks {len(missing)} of its weights, for example {missing[0]}.",
            why="The config asks for them and no safetensors file holds them.",
            fix="Fetch the model again, whole. For an adapter, give its base model.",
            code="missing_weights",
        )
    return model.to(device).requires_grad_(False).eval()


def stated_stop_ids(local: LocalModel) -> frozenset[int]:
    """Tokens that end an answer by the model's own account: `eos_token_id` in its
    generation_config.json, which many chat models fill with several."""
    try:
        text = (local.folder / "generation_config.json").read_text(encoding="utf-8")
        stated = json.loads(text).get("eos_token_id")
    except (OSError, ValueError, AttributeError):
        return frozenset()
    listed = stated if isinstance(stated, list) else [stated]
    return frozenset(token for token in listed if isinstance(token, int))


def _load(read: Callable[[], Any], local: LocalModel, code: str) -> Any:
    try:
        with no_progress_bars():
            return read()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # each architecture raises its own kind of error
        first = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{local.ref} could not be loaded.",
            why=f"transformers says: {type(error).__name__}: {first}",
            fix="Use a text model that this version of transformers knows (pip show transformers)"
            ", or upgrade: pip install -U transformers",
            code=code,
        ) from error
