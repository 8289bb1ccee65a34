"""What the contract tests share: a tokenizer of single characters that fits the tiny models."""

from __future__ import annotations

import string

import pytest
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from families import VOCABULARY
from postgrad.data.render import Template
from postgrad.models.load import use_template

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHARACTERS = string.ascii_letters + string.digits + " \n.,:;?!'-_"


@pytest.fixture(scope="session")
def template() -> Template:
    """ChatML over a vocabulary of characters; all others are unknown to it."""
    vocabulary = {token: index for index, token in enumerate([*SPECIAL, *CHARACTERS])}
    assert len(vocabulary) <= VOCABULARY
    backend = Tokenizer(models.BPE(vocabulary, []))
    backend.add_special_tokens(SPECIAL)
    backend.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=SPECIAL[0])
    use_template(tokenizer, "chatml")
    return Template(tokenizer)
