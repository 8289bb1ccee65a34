"""A tiny random model with a tokenizer of bytes, as an answerer and as transformers has it."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from postgrad.data.render import Template
from postgrad.engine.answerer import LocalAnswerer
from postgrad.engine.model import LanguageModel
from postgrad.models.load import use_template

CONTEXT_TOKENS = 48


def tokenizer() -> PreTrainedTokenizerFast:
    """Bytes, with a few merges, so that two texts may melt where they meet."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(["the sky is blue", "the grass is green"] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|endoftext|>")


def llama(seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=300,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=CONTEXT_TOKENS,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=0,
        )
    )
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, 0.3)
    return model.eval()


def answerer(seed: int = 0, *, chats: bool = True) -> LocalAnswerer:
    torch.set_num_threads(1)
    words = tokenizer()
    if chats:
        use_template(words, "chatml")
    return LocalAnswerer(LanguageModel(llama(seed)), Template(words), CONTEXT_TOKENS)


def save(folder: Path) -> None:
    """The same model as a folder that transformers loads."""
    llama().save_pretrained(folder)
    tokenizer().save_pretrained(folder)
