"""A GGUF file -> a Hugging Face folder with safetensors, once.

The weights are unpacked to float32: a Q4_1 weight is scale * level + minimum with float16 scale
and minimum (ggml's block_q4_1), which neither bfloat16 nor float16 holds exactly.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    PreTrainedTokenizerFast,
)
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
from transformers.integrations.gguf.reader import read_gguf_metadata
from transformers.utils import logging

from postgrad.errors import InternalError, ModelError

_PROBE = "The capital of France is Paris. 1234 + 56 = 1290\n\tNaïve café, 東京 🙂 <|im_start|>user"
_NUM_STEPS = 4

# Values of tokenizer.ggml.pre that transformers leaves to its GPT-2 splitter, rightly: llama.cpp
# (src/llama-vocab.cpp, the switch over pre_type) splits the first five with GPT-2's expression, and
# the others with the same after setting digits apart. Vocabularies learned that way hold no merge
# across a digit, so both splitters give the same tokens.
_GPT2_SPLITS = (
    *("gpt-2", "phi-2", "mpt", "olmo", "jais"),
    *("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"),
)


def convert(
    gguf: Path,
    folder: Path,
    *,
    chat_template: str | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> None:
    """Unpack `gguf` into the existing empty `folder`, and prove that it answers the same.

    Args:
        gguf: the file.
        folder: gets config.json, model.safetensors, generation_config.json and the tokenizer.
        chat_template: Jinja text instead of the template that the file carries.
        on_step: told (done, total).

    Raises:
        ModelError: transformers can't read the file (`unreadable_gguf`), or does not know how its
            vocabulary splits text (`unknown_pre_tokenizer`).
        InternalError: what was written does not load back to the same logits and tokens.
    """
    tell = on_step or (lambda done, total: None)
    with no_progress_bars():
        tell(0, _NUM_STEPS)
        tokenizer = _explained(gguf, _read_tokenizer)
        if chat_template is not None:
            tokenizer.chat_template = chat_template
        tell(1, _NUM_STEPS)
        model = _explained(gguf, _read_model)
        tell(2, _NUM_STEPS)
        if context := getattr(model.config, "max_position_embeddings", None):
            tokenizer.model_max_length = context
        _save(model, tokenizer, folder)
        tell(3, _NUM_STEPS)
        _prove_same(model, tokenizer, folder)
        tell(4, _NUM_STEPS)


def licence_of(gguf: Path) -> str:
    """The licence that a GGUF file states, or ""."""
    metadata, _ = read_gguf_metadata(str(gguf))
    return str(metadata.get("general.license", ""))


def _explained(gguf: Path, read: Callable[[Path], Any]) -> Any:
    try:
        return read(gguf)
    except (ModelError, torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:  # the readers raise whatever their own parsing runs into
        raise ModelError(
            f"{gguf.name} can't be read as a GGUF model.",
            why=f"transformers says: {type(error).__name__}: {error}",
            fix="Give a GGUF of a text model that transformers can read, or the model's "
            "safetensors: --base hf:OWNER/NAME",
            code="unreadable_gguf",
        ) from error


def _read_tokenizer(gguf: Path) -> Any:
    metadata, _ = read_gguf_metadata(str(gguf))
    split = metadata.get("tokenizer.ggml.pre")
    byte_level = metadata.get("tokenizer.ggml.model") == "gpt2"
    if byte_level and split not in _GPT2_SPLITS and split not in GGUF_PRE_TOKENIZER_SPLITS:
        raise ModelError(
            f"{gguf.name} splits text in a way that transformers does not know: {split!r}.",
            why="The model would read other tokens than it was trained on, and nobody would see.",
            fix="Use the model's safetensors, with their own tokenizer: --base hf:OWNER/NAME",
            code="unknown_pre_tokenizer",
        )
    # AutoTokenizer would parse the whole file a second time for its config (some 9 s).
    return PreTrainedTokenizerFast.from_pretrained(str(gguf.parent), gguf_file=gguf.name)


def _read_model(gguf: Path) -> Any:
    # transformers' bar over the tensors asks nobody; it writes to stderr as it is now.
    with contextlib.redirect_stderr(io.StringIO()):
        config = AutoConfig.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
        # dequantize=True: with the package `kernels` installed, the default keeps packed blocks.
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(gguf.parent),
            gguf_file=gguf.name,
            config=config,
            dtype=torch.float32,
            quantization_config=GgufConfig(dequantize=True),
        )
    # The weights are plain float32 now; save_pretrained refuses as long as these are set.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    return model.eval()


def _save(model: Any, tokenizer: Any, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # How it was loaded is no property of the tokenizer; and its class gets the name that earlier
    # versions of transformers (and so other engines) know too.
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: value for key, value in config.items() if key not in _LOADING_KEYS}
    kept["tokenizer_class"] = "PreTrainedTokenizerFast"
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    # safetensors makes its files private; a cache may be shared.
    for weights in folder.glob("*.safetensors"):
        weights.chmod(path.stat().st_mode)


_LOADING_KEYS = ("is_local", "local_files_only", "backend")


def _prove_same(model: Any, tokenizer: Any, folder: Path) -> None:
    again: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    ids = tokenizer(_PROBE)["input_ids"]
    same_text = again(_PROBE)["input_ids"] == ids and again.decode(ids) == tokenizer.decode(ids)
    same_marks = again.special_tokens_map == tokenizer.special_tokens_map
    if not (same_text and same_marks and again.chat_template == tokenizer.chat_template):
        raise InternalError("The converted tokenizer differs from the GGUF's.", code="conversion")
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, local_files_only=True, use_safetensors=True
    ).eval()
    input_ids = torch.tensor([ids])
    with torch.inference_mode():
        same = torch.equal(model(input_ids).logits, loaded(input_ids).logits)
    tied = loaded.config.tie_word_embeddings == model.config.tie_word_embeddings
    if not (same and tied):
        raise InternalError("The converted weights differ from the GGUF's.", code="conversion")


@contextlib.contextmanager
def no_progress_bars() -> Iterator[None]:
    """No bars of transformers on stderr: the caller is told the progress, and nobody else."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
