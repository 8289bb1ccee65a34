"""The life of a specialist through the public doors, on a base model that trains in a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from desk import COLOURS, SETTINGS, Desk, Finished, write_chats
from here_backend import Here
from postgrad import plugins, verbs
from postgrad.training import checkpoint


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Llama without a chat template."""
    folder = tmp_path_factory.mktemp("base") / "tiny"
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([*COLOURS, *COLOURS.values()] * 4, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|endoftext|>")
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=128,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=0,
        )
    )
    with torch.no_grad():  # random start weights are so small that an adapter can hardly move them
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, 0.3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    write_chats(folder / "colours.jsonl")
    return Desk(folder, base)


@pytest.fixture
def desk(tmp_path: Path, base: Path) -> Desk:
    write_chats(tmp_path / "colours.jsonl")
    return Desk(tmp_path, base)


@pytest.fixture(scope="session")
def finished(shared_desk: Desk) -> Finished:
    options = shared_desk.train_options(evaluation__effort="quick")
    printed = shared_desk.call("train", "colours.jsonl", *options, "--out", "run", "--strict")
    return Finished(shared_desk, shared_desk.folder / "run", printed)


@pytest.fixture(scope="module")
def workers_here(shared_desk: Desk) -> Iterator[None]:
    """Every worker of the tests of a module in this very process: for `Desk.call_here`."""
    num_threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(plugins.TABLES["backends"], "local", "here_backend:Here")
        patch.setattr(checkpoint, "flush", lambda path: None)  # see test_checkpoint.py
        plugins.load.cache_clear()
        Here.cache = shared_desk.folder / "cache"
        yield
    plugins.load.cache_clear()
    torch.set_num_threads(num_threads)


Train = Callable[..., verbs.Run]


@pytest.fixture
def train_here(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Train]:
    """`postgrad.train` in this process, with the usual settings."""
    monkeypatch.setitem(plugins.TABLES["backends"], "here", "here_backend:Here")
    plugins.load.cache_clear()
    monkeypatch.setattr(checkpoint, "flush", lambda path: None)  # see test_checkpoint.py
    Here.cache = tmp_path / "cache"
    num_threads = torch.get_num_threads()

    def train(source: object, out: str, **changes: object) -> verbs.Run:
        values = SETTINGS | {"base.model": str(base), "backend.name": "here"}
        values |= {key.replace("__", "."): value for key, value in changes.items()}
        return verbs.train(source, out=tmp_path / out, changes=values)

    yield train
    Here.kill_at = Here.stop_at = None
    plugins.load.cache_clear()
    torch.set_num_threads(num_threads)
