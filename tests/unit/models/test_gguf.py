from __future__ import annotations

import json
import multiprocessing
import threading
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from postgrad.core.base import ModelRef
from postgrad.errors import ModelError
from postgrad.models import fetch, templates
from postgrad.models.cache import Cache
from postgrad.models.fetch import LocalModel, ensure
from postgrad.models.gguf import convert
from postgrad.models.load import load_model, load_tokenizer

Q4_1 = gguf.GGMLQuantizationType.Q4_1

NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "model.layers.": "blk.",
}


def paired_rows(weight: np.ndarray, num_heads: int) -> np.ndarray:
    """llama.cpp turns neighbouring pairs of rows, transformers the two halves of a head."""
    rows, columns = weight.shape
    halves = weight.reshape(num_heads, 2, rows // num_heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def write_gguf(source: Path, path: Path, *, pre: str = "smollm", quantize: bool = False) -> Path:
    """The tiny model as llama.cpp's converter would write it."""
    model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_license("mit")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    vocabulary = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    control = {token["content"] for token in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types([3 if token in control else 1 for token, _ in vocabulary])
    writer.add_token_merges([" ".join(merge) for merge in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(templates.read("chatml"))
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        array = tensor.numpy()
        if "q_proj" in name:
            array = paired_rows(array, config.num_attention_heads)
        if "k_proj" in name:
            array = paired_rows(array, config.num_key_value_heads)
        for ours, theirs in NAMES.items():
            name = name.replace(ours, theirs)
        if quantize and array.ndim == 2:
            writer.add_tensor(name, gguf.quantize(array, Q4_1), raw_dtype=Q4_1)
        else:
            writer.add_tensor(name, np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def tiny_gguf(tiny: Path, tmp_path: Path) -> Path:
    return write_gguf(tiny, tmp_path / "tiny.gguf")


def logits(model: Any, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model.eval()(torch.tensor([ids])).logits


def test_a_gguf_answers_like_the_model_it_was_made_from(
    tiny: Path, tiny_gguf: Path, cache: Cache
) -> None:
    told: list[tuple[str, int, int]] = []
    ref = ModelRef.parse(str(tiny_gguf))
    local = ensure(ref, cache, offline=True, on_progress=lambda *step: told.append(step))
    assert told == [("convert", step, 4) for step in range(5)]
    assert local.licence == "mit"
    assert local.loads_as == str(local.folder)
    before = AutoTokenizer.from_pretrained(tiny)
    after = load_tokenizer(local)
    for text in ("the cat", "<|im_start|>user\n12 345 ü 🙂<|im_end|>", "  two  spaces\n"):
        assert after(text)["input_ids"] == before(text)["input_ids"]
        assert after.decode(after(text)["input_ids"]) == text
    assert (after.bos_token, after.eos_token) == ("<|im_start|>", "<|im_end|>")
    assert after.chat_template == templates.read("chatml")
    assert after.model_max_length == 128
    model = load_model(local, device="cpu", dtype=torch.float32)
    assert model.config.tie_word_embeddings
    assert not hasattr(model.config, "quantization_config")
    ids = before("the cat sat on 12 mats")["input_ids"]
    original = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    torch.testing.assert_close(logits(model, ids), logits(original, ids), rtol=0, atol=1e-6)


def test_another_chat_template_can_be_given(tiny_gguf: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    convert(tiny_gguf, tmp_path / "out", chat_template=templates.read("plain"))
    tokenizer: Any = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer.chat_template == templates.read("plain")


def test_quantised_weights_are_unpacked_exactly(tiny: Path, tmp_path: Path, cache: Cache) -> None:
    path = write_gguf(tiny, tmp_path / "q.gguf", quantize=True)
    local = ensure(ModelRef.parse(str(path)), cache)
    model: Any = load_model(local, device="cpu", dtype=torch.float32)
    raw = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32).state_dict()
    name = "model.layers.1.mlp.up_proj.weight"
    expected = gguf.dequantize(gguf.quantize(raw[name].numpy(), Q4_1), Q4_1)
    assert np.array_equal(model.state_dict()[name].numpy(), expected)
    assert not np.array_equal(raw[name].numpy(), expected)


def test_an_earlier_conversion_is_used_again_until_it_is_damaged(
    tiny_gguf: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = ModelRef.parse(str(tiny_gguf))
    first = ensure(ref, cache)
    with monkeypatch.context() as patch:
        patch.setattr(fetch, "convert", lambda *_, **__: pytest.fail("converted again"))
        assert ensure(ref, cache) == first
    weights = first.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert ensure(ref, cache) == first
    assert (first.folder / "model.safetensors").stat().st_size == weights.stat().st_size
    (first.folder / "postgrad.json").write_text('{"sha256": 1}')
    assert ensure(ref, cache) == first


def test_two_at_once_convert_once(
    tiny_gguf: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[LocalModel] = []
    calls: list[Path] = []
    real = fetch.convert

    def counted(gguf_path: Path, folder: Path, **options: Any) -> None:
        calls.append(folder)
        real(gguf_path, folder, **options)

    monkeypatch.setattr(fetch, "convert", counted)
    ref = ModelRef.parse(str(tiny_gguf))
    threads = [threading.Thread(target=lambda: found.append(ensure(ref, cache))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(found) == 3
    assert len(set(found)) == 1


def _fetch(name: str, root: str, results: Any) -> None:
    results.put(ensure(ModelRef.parse(name), Cache(Path(root))).sha256)


@pytest.mark.full
def test_two_processes_at_once_both_end_well(tiny_gguf: Path, cache: Cache) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    arguments = (str(tiny_gguf), str(cache.root), results)
    processes = [context.Process(target=_fetch, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    hashes = {results.get(timeout=120) for _ in processes}
    for process in processes:
        process.join()
    assert len(hashes) == 1


def left_in(cache: Cache) -> list[str]:
    return [path.name for path in cache.models.iterdir() if not path.name.startswith(".lock-")]


def test_a_cut_gguf_is_refused_and_leaves_nothing(tiny_gguf: Path, cache: Cache) -> None:
    tiny_gguf.write_bytes(tiny_gguf.read_bytes()[:-5000])
    with pytest.raises(ModelError) as caught:
        ensure(ModelRef.parse(str(tiny_gguf)), cache)
    assert caught.value.code == "unreadable_gguf"
    assert left_in(cache) == []


def test_no_gguf_at_all(tmp_path: Path, cache: Cache) -> None:
    page = tmp_path / "page.gguf"
    page.write_text("<!doctype html>")
    with pytest.raises(ModelError) as caught:
        ensure(ModelRef.parse(str(page)), cache)
    assert caught.value.code == "unreadable_gguf"
    with pytest.raises(ModelError) as caught:
        ensure(ModelRef.parse(str(tmp_path / "none.gguf")), cache)
    assert caught.value.code == "no_file"


def test_an_unknown_split_is_refused_rather_than_guessed(
    tiny: Path, tmp_path: Path, cache: Cache
) -> None:
    path = write_gguf(tiny, tmp_path / "odd.gguf", pre="chameleon")
    with pytest.raises(ModelError, match="chameleon") as caught:
        ensure(ModelRef.parse(str(path)), cache)
    assert caught.value.code == "unknown_pre_tokenizer"
