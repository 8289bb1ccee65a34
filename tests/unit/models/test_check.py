from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from postgrad.errors import ModelError
from postgrad.models.check import check_folder, num_parameters, require_chat_template, weight_files


def edit_json(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def python_file(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "modeling_x.py").write_text("raise SystemExit")


def code_for_the_model(folder: Path) -> None:
    edit_json(folder / "config.json", auto_map={"AutoModelForCausalLM": "modeling_x.X"})


def code_for_the_tokenizer(folder: Path) -> None:
    edit_json(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["t.T", None]})


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def classifier(folder: Path) -> None:
    edit_json(folder / "config.json", architectures=["BertForSequenceClassification"])


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def cut_header(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:50])


def empty_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def page_instead_of_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"<!doctype html>" * 99)


def missing_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def shard_elsewhere(folder: Path) -> None:
    index = {"weight_map": {"a": "../other/model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


BREAKS: list[tuple[Callable[[Path], None], str]] = [
    (only_pickle, "pickle_weights"),
    (python_file, "python_files"),
    (code_for_the_model, "remote_code"),
    (code_for_the_tokenizer, "remote_code"),
    (no_config, "no_config"),
    (broken_config, "no_config"),
    (no_tokenizer, "no_tokenizer"),
    (classifier, "not_causal"),
    (no_weights, "no_weights"),
    (cut_weights, "bad_safetensors"),
    (cut_header, "bad_safetensors"),
    (empty_weights, "bad_safetensors"),
    (page_instead_of_weights, "bad_safetensors"),
    (missing_shard, "bad_safetensors"),
    (shard_elsewhere, "bad_safetensors"),
]


@pytest.mark.parametrize(("harm", "code"), BREAKS, ids=[harm.__name__ for harm, _ in BREAKS])
def test_refused_with_a_reason(tiny: Path, harm: Callable[[Path], None], code: str) -> None:
    check_folder(tiny)
    harm(tiny)
    with pytest.raises(ModelError) as caught:
        check_folder(tiny)
    assert caught.value.code == code
    assert caught.value.why
    assert caught.value.fix


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        check_folder(tmp_path / "nothing")
    assert caught.value.code == "no_folder"


def test_pickle_beside_safetensors_is_allowed(tiny: Path) -> None:
    (tiny / "training_args.bin").write_bytes(b"\x80\x04.")
    assert check_folder(tiny)["model_type"] == "llama"
    assert weight_files(tiny) == [tiny / "model.safetensors"]


def test_an_adapter_is_named_as_such(tiny: Path) -> None:
    (tiny / "config.json").rename(tiny / "adapter_config.json")
    with pytest.raises(ModelError, match="adapter"):
        check_folder(tiny)


def test_parameters_are_counted_from_the_header(tiny: Path) -> None:
    # 300 tokens x 32, two layers of 4 attention and 3 feed-forward matrices and 2 norms, a norm.
    layer = 32 * 32 * 2 + 32 * 16 * 2 + 3 * 32 * 64 + 2 * 32
    config = json.loads((tiny / "config.json").read_text())
    expected = config["vocab_size"] * 32 + 2 * layer + 32
    assert num_parameters(tiny / "model.safetensors") == expected


def test_missing_chat_template_names_one_that_fits(tiny: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    with pytest.raises(ModelError, match=r"base\.chat_template=chatml ") as caught:
        require_chat_template(tokenizer, None, {"model_type": "llama", "vocab_size": 300})
    assert caught.value.code == "no_chat_template"
    assert "<|im_start|>" in require_chat_template(tokenizer, "chatml", {})
    tokenizer.chat_template = "{{ messages }}"
    assert require_chat_template(tokenizer, None, {}) == "{{ messages }}"
