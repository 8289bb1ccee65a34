"""A tiny random Llama with a byte-level tokenizer, and a tiny GGUF: seconds, no download."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from postgrad.core.base import ModelRef
from postgrad.models.cache import Cache, default_cache_root
from postgrad.models.catalog import CATALOG
from postgrad.models.fetch import CONVERSION_VERSION, LocalModel, ensure

MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def tiny_tokenizer(marks: list[str] | None = None) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=marks or MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(["the cat sat on the mat", "the dog ate the cat"] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=(marks or MARKS)[0])


def tiny_config(vocab_size: int, **changes: object) -> LlamaConfig:
    values = {
        "vocab_size": vocab_size,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": 0,
    }
    return LlamaConfig(**(values | changes))


@pytest.fixture(scope="session")
def _tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    LlamaForCausalLM(tiny_config(len(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def tiny(_tiny: Path, tmp_path: Path) -> Path:
    """A folder of a tiny base model without a chat template; each test has its own copy."""
    return Path(shutil.copytree(_tiny, tmp_path / "tiny"))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture(scope="session")
def smollm2() -> LocalModel:
    """The real default model: from the cache, or downloaded if POSTGRAD_TEST_DOWNLOAD is set."""
    real = Cache(default_cache_root(os.environ))
    entry = CATALOG["smollm2-135m"]
    there = (real.models / f"{entry.name}-{entry.sha256[:12]}-v{CONVERSION_VERSION}").is_dir()
    if not there and not os.environ.get("POSTGRAD_TEST_DOWNLOAD"):
        pytest.skip("smollm2-135m is not in the cache: run postgrad models pull smollm2-135m")
    return ensure(ModelRef.parse("smollm2-135m"), real)
