from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from postgrad.core.base import ModelRef
from postgrad.errors import ModelError
from postgrad.models import templates
from postgrad.models.cache import Cache
from postgrad.models.catalog import CATALOG
from postgrad.models.fetch import LocalModel, ensure
from postgrad.models.load import load_model, load_tokenizer, stated_stop_ids


@pytest.fixture
def local(tiny: Path, cache: Cache) -> LocalModel:
    return ensure(ModelRef.parse(str(tiny)), cache)


def test_the_model_is_frozen_and_in_evaluation_mode(local: LocalModel) -> None:
    model = load_model(local, device="cpu", dtype=torch.bfloat16, attention="eager")
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert model.config._attn_implementation == "eager"
    assert sum(parameter.numel() for parameter in model.parameters()) == local.parameters


def test_missing_weights_are_refused_not_invented(local: LocalModel) -> None:
    path = local.folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.norm.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"model\.norm\.weight") as caught:
        load_model(local, device="cpu", dtype=torch.float32)
    assert caught.value.code == "missing_weights"


def test_weights_of_another_shape_are_refused(local: LocalModel) -> None:
    config = local.folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"intermediate_size": 96}))
    with pytest.raises(ModelError) as caught:
        load_model(local, device="cpu", dtype=torch.float32)
    assert caught.value.code == "bad_weights"


def test_an_unknown_architecture_is_refused(local: LocalModel) -> None:
    config = local.folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "novel"}))
    with pytest.raises(ModelError, match="novel") as caught:
        load_model(local, device="cpu", dtype=torch.float32)
    assert caught.value.code == "bad_weights"


def test_a_damaged_tokenizer_is_refused(local: LocalModel) -> None:
    (local.folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError) as caught:
        load_tokenizer(local)
    assert caught.value.code == "bad_tokenizer"


def test_a_bundled_template_brings_its_end_of_turn(local: LocalModel) -> None:
    own = load_tokenizer(local)
    assert own.eos_token == "<|endoftext|>"
    assert own.pad_token is not None
    tokenizer = load_tokenizer(local, "chatml")
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.chat_template == templates.read("chatml")
    ids: Any = tokenizer.apply_chat_template([{"role": "user", "content": "the cat"}])
    assert ids["input_ids"].count(tokenizer.eos_token_id) == 1


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ('{"eos_token_id": 0}', {0}),
        ('{"eos_token_id": [1, 106]}', {1, 106}),
        ("{}", set()),
        ("[", set()),
    ],
)
def test_the_model_states_its_stops(local: LocalModel, text: str, stops: set[int]) -> None:
    (local.folder / "generation_config.json").write_text(text)
    assert stated_stop_ids(local) == stops


def test_a_template_whose_marks_the_model_lacks_is_refused(local: LocalModel) -> None:
    with pytest.raises(ModelError, match="<start_of_turn>") as caught:
        load_tokenizer(local, "gemma3")
    assert caught.value.code == "template_tokens_missing"
    assert caught.value.fix == "Templates that fit: chatml, qwen3, plain"


def test_smollm2_is_what_the_catalog_says(smollm2: LocalModel) -> None:
    entry = CATALOG["smollm2-135m"]
    assert smollm2.parameters == entry.parameters
    assert smollm2.licence == entry.licence
    model: Any = load_model(smollm2, device="cpu", dtype=torch.float32)
    assert sum(parameter.numel() for parameter in model.parameters()) == entry.parameters
    assert model.config.max_position_embeddings == entry.context_tokens
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert model.generation_config.eos_token_id == 2


def test_smollm2_answers(smollm2: LocalModel) -> None:
    tokenizer = load_tokenizer(smollm2)
    assert (tokenizer.eos_token, tokenizer.eos_token_id) == ("<|im_end|>", 2)
    # Digits stand alone in SmolLM2's vocabulary, as its own tokenizer splits them.
    assert len(tokenizer("12345")["input_ids"]) == 5
    question = [{"role": "user", "content": "What is the capital of France?"}]
    asked: Any = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt"
    )
    assert tokenizer.decode(asked["input_ids"][0]) == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
        "<|im_end|>\n<|im_start|>user\nWhat is the capital of France?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    model: Any = load_model(smollm2, device="cpu", dtype=torch.float32)
    answer = model.generate(**asked, max_new_tokens=20, do_sample=False)[0]
    text = tokenizer.decode(answer[asked["input_ids"].shape[1] :])
    assert text == "The capital of France is Paris.<|im_end|>"


def test_smollm2_loads_again_in_under_three_seconds(smollm2: LocalModel) -> None:
    load_model(smollm2, device="cpu", dtype=torch.float32)
    started = time.perf_counter()
    load_tokenizer(smollm2)
    load_model(smollm2, device="cpu", dtype=torch.float32)
    assert time.perf_counter() - started < 3
