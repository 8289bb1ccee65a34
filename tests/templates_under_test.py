"""Chat templates on small tokenizers, and generated conversations: what rendering is tested on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from postgrad.core.records import Chat, Message
from postgrad.data.render import Sequence, Template
from postgrad.models import templates
from postgrad.models.cache import Cache, default_cache_root
from postgrad.models.catalog import CATALOG
from postgrad.models.fetch import CONVERSION_VERSION

# SmolLM2's own template (Apache-2.0), with the system turn that it adds.
SMOLLM2 = """{% for message in messages %}\
{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""

MARKS = sorted(
    {token for name in templates.names() for token in templates.special_tokens(name)}
    | {"<|endoftext|>", "<|begin_of_text|>"}
)
WORDS = ["the cat sat on the mat", "the dog ate the cat", "weather in Rome:\n\n {}"] * 4


@dataclass(frozen=True)
class Family:
    """A template, and what its documentation says about it.

    `shown` is an assistant's text as the template shows it, without the stop token.
    """

    name: str
    template: str
    stop: str
    bos: str | None = None
    shown: Callable[[str], str] = lambda text: text
    tools: bool = False


FAMILIES = {
    family.name: family
    for family in (
        Family("smollm2", SMOLLM2, "<|im_end|>"),
        Family("chatml", templates.read("chatml"), "<|im_end|>", tools=True),
        Family("qwen3", templates.read("qwen3"), "<|im_end|>", tools=True),
        Family(
            "llama3",
            templates.read("llama3"),
            "<|eot_id|>",
            bos="<|begin_of_text|>",
            shown=str.strip,
            tools=True,
        ),
        Family("gemma3", templates.read("gemma3"), "<end_of_turn>", bos="<bos>", shown=str.strip),
        Family(
            "mistral", templates.read("mistral"), "</s>", bos="<s>", shown=lambda text: " " + text
        ),
        Family("phi", templates.read("phi"), "<|end|>"),
        Family("plain", templates.read("plain"), "</s>", bos="<s>"),
    )
}


def byte_level() -> Tokenizer:
    """Every byte is a token, so that any text can be written; a few words are merged."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(WORDS, trainer)
    return backend


def sentence_piece(scheme: str) -> Tokenizer:
    """As Llama 2's: spaces are `▁`, and a text's first word gets one.

    `scheme` is `first` or `always` (behind each special token as well), or `prepend`, the older
    conversion by a normalizer.
    """
    backend = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    if scheme == "prepend":
        backend.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
    else:
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=False)
    backend.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    letters = [chr(code) for code in range(33, 127)]
    merges = [("▁", "t"), ("t", "h"), ("▁t", "h"), ("▁", "a"), ("c", "a"), ("ca", "t"), ("▁", "▁")]
    merged = ["".join(pair) for pair in merges]
    pieces = dict.fromkeys(["<unk>", *byte_tokens, "▁", *letters, *merged])
    backend.model = models.BPE(
        {piece: index for index, piece in enumerate(pieces)},
        merges,
        byte_fallback=True,
        unk_token="<unk>",
        fuse_unk=True,
    )
    return backend


def wrapped(
    backend: Tokenizer, family: Family, *, marks: list[str] | None = None, swallows: bool = False
) -> PreTrainedTokenizerFast:
    """A tokenizer with every family's marks, as special tokens.

    With `swallows`, they swallow the white space behind them, as Phi 3's do.
    """
    backend.add_special_tokens(
        [AddedToken(mark, rstrip=swallows, normalized=False) for mark in marks or MARKS]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=AddedToken(family.bos, rstrip=swallows, normalized=False) if family.bos else None,
        eos_token=AddedToken(family.stop, rstrip=swallows, normalized=False),
    )
    tokenizer.chat_template = family.template
    return tokenizer


@cache
def template_of(name: str) -> Template:
    """A family on the small byte-level tokenizer; `base` is the real default model's tokenizer."""
    if name == "base":
        return Template(AutoTokenizer.from_pretrained(base_folder(), local_files_only=True))
    return Template(wrapped(byte_level(), FAMILIES[name]))


@cache
def base_folder() -> str | None:
    """The default model, where it is in the cache."""
    real = Cache(default_cache_root(os.environ))
    entry = CATALOG["smollm2-135m"]
    folder = real.models / f"{entry.name}-{entry.sha256[:12]}-v{CONVERSION_VERSION}"
    return str(folder) if folder.is_dir() else None


LOOKALIKES = [*MARKS, "[INST]", "[/INST]", "<think>", "<|im_", "end|>", "<", "|>", "<unk>"]

# no half characters, and none that the real tokenizer lacks (it drops some control characters)
_UNICODE = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")) | st.sampled_from("\n\t "),
    max_size=12,
)
_PART = _UNICODE | st.sampled_from(LOOKALIKES) | st.sampled_from(WORDS)
TEXTS = st.lists(_PART, min_size=1, max_size=4).map("".join)
FILLED = TEXTS.filter(str.strip)


@st.composite
def conversations(draw: st.DrawFn) -> Chat:
    """A system turn, perhaps empty, or none; questions and answers, some of weight 0."""
    messages: list[Message] = []
    if draw(st.booleans()):
        messages.append(Message("system", draw(st.just("") | TEXTS)))
    for _ in range(draw(st.integers(1, 4))):
        messages.append(Message("user", draw(FILLED)))
        messages.append(Message("assistant", draw(FILLED), weight=draw(st.sampled_from([1, 1, 0]))))
    return Chat(tuple(messages))


QUESTION = Message("user", "the cat?")
ANSWER = Message("assistant", "the dog")
often = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def decode(template: Template, tokens: Any) -> str:
    return template.tokenizer.decode(list(tokens))


def taught(template: Template, sequence: Sequence) -> str:
    return decode(template, [sequence.tokens[index] for index in sequence.taught])


def rendered(template: Template, messages: tuple[Message, ...], **options: Any) -> str:
    """The text of transformers itself, without any guard."""
    return template.tokenizer.apply_chat_template(
        [message.as_dict() for message in messages],
        tokenize=False,
        enable_thinking=False,
        **options,
    )
