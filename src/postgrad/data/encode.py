"""Encode: text to tokens, in which look-alikes of special tokens stay plain text.

A tokenizer first cuts its input at special tokens, whoever wrote them. So text is guarded before
it goes into a chat template: behind each character of a look-alike stands a mark that no text
has. Special tokens without the mark are then the ones that the template wrote itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

# A noncharacter: never occurs in text that is meant to be exchanged (Unicode 15, section 23.7).
MARK = "\ufdd0"
# What Rust, and so the tokenizers library, takes for white space: all that Python does, less these.
_SPACES = r"[^\S\x1c-\x1f]*"
_ANCHOR = "\n"  # merges with no letter, and every tokenizer that adds a space has a token for it


class Tokenizer(Protocol):
    """The part of a Hugging Face tokenizer that rendering needs."""

    @property
    def added_tokens_decoder(self) -> dict[int, Any]: ...

    @property
    def chat_template(self) -> Any: ...

    def apply_chat_template(self, conversation: Any, **kwargs: Any) -> Any: ...

    def __call__(self, text: str, **kwargs: Any) -> Any: ...

    def decode(self, token_ids: Any, **kwargs: Any) -> Any: ...


@dataclass(frozen=True)
class Encoder:
    """A tokenizer that can tell a special token from a look-alike.

    It knows the tokens that the tokenizer calls special. Added tokens that it does not call so
    (Qwen3's `<think>`) are the same tokens whoever writes them.
    """

    tokenizer: Tokenizer

    def guard(self, value: Any) -> Any:
        """A copy in which look-alikes of special tokens are marked: of a text, or of all texts in
        JSON, keys too.

        Raises:
            ValueError: a text holds the mark itself.
        """
        if isinstance(value, str):
            if MARK in value:
                raise ValueError("U+FDD0 is no character")
            return self._special.sub(lambda found: "".join(c + MARK for c in found[0]), value)
        if isinstance(value, Mapping):
            items = cast("Mapping[Any, Any]", value).items()
            return {self.guard(key): self.guard(item) for key, item in items}
        if isinstance(value, list | tuple):
            return [self.guard(item) for item in cast("list[Any]", value)]
        return value

    def encode(self, text: str) -> list[int]:
        """The tokens of guarded text; with no mark in it, the same as the tokenizer's own."""
        if MARK not in text:
            return self._ids(text)
        tokens: list[int] = []
        unmarked = ""
        for piece in self._separator.split(text):
            if MARK not in piece:
                unmarked += piece
                continue
            tokens += self._ids(unmarked)
            tokens += self._lookalikes(restore(piece), first=not tokens)
            unmarked = ""
        return tokens + self._ids(unmarked)

    def continuation(self, before: str, tokens: list[int], text: str) -> list[int]:
        """The tokens of guarded text that goes on after `before`, whose tokens are given.

        A model writes on after the tokens of its prompt, so these stay as they are, even where
        a tokenizer given the whole text would melt the end of one and the beginning of the other.
        """
        if not self._adds_space:
            return self.encode(text)
        whole = self.encode(before + text)
        if whole[: len(tokens)] == tokens:
            return whole[len(tokens) :]
        words, *rest = self._separator.split(text, maxsplit=1)
        return self._inside(restore(words)) + self.encode("".join(rest))

    def first_special(self, text: str) -> str | None:
        """The first special token in guarded text."""
        found = self._special.search(text)
        return found[0] if found else None

    def up_to_last_special(self, text: str) -> str | None:
        """Guarded text up to its last special token, None if it has none."""
        ends = [found.end() for found in self._special.finditer(text)]
        return text[: ends[-1]] if ends else None

    @cached_property
    def beginning(self) -> list[int]:
        """The BOS token, if the tokenizer puts one before plain text by itself."""
        bos = getattr(self.tokenizer, "bos_token_id", None)
        usual = list(self.tokenizer("a")["input_ids"])
        return [bos] if bos is not None and usual[:1] == [bos] else []

    def _ids(self, text: str, *, as_text: bool = False) -> list[int]:
        if not text:
            return []
        encoded = self.tokenizer(text, add_special_tokens=False, split_special_tokens=as_text)
        return list(encoded["input_ids"])

    def _lookalikes(self, text: str, *, first: bool) -> list[int]:
        """Text without special tokens, at the beginning or behind one."""
        alone = first or self._adds_space_behind_special or not self._adds_space
        return self._ids(text, as_text=True) if alone else self._inside(text)

    def _inside(self, text: str) -> list[int]:
        """Text without special tokens as it is encoded in the middle of other text."""
        anchor = self._ids(_ANCHOR)
        tokens = self._ids(_ANCHOR + text, as_text=True)
        fits = tokens[: len(anchor)] == anchor
        return tokens[len(anchor) :] if fits else self._ids(text, as_text=True)

    @cached_property
    def _adds_space(self) -> bool:
        """Whether the beginning of a text gets a space, as tokenizers of SentencePiece do."""
        return self._ids("a") != self._inside("a")

    @cached_property
    def _adds_space_behind_special(self) -> bool:
        """Whether text behind a special token gets that space as well (older conversions do)."""
        if not self._specials:
            return True
        special = str(self._specials[0])
        return self._ids(special + "a") == self._ids(special) + self._ids("a")

    @cached_property
    def _specials(self) -> list[Any]:
        """Special tokens, longest first, so that none hides behind its own beginning."""
        added = self.tokenizer.added_tokens_decoder.values()
        return sorted((token for token in added if token.special), key=lambda t: -len(str(t)))

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile(_any_of(re.escape(str(token)) for token in self._specials))

    @cached_property
    def _separator(self) -> re.Pattern[str]:
        """As `_special`, with the white space that some tokens swallow (Phi's do)."""
        return re.compile(
            "("
            + _any_of(
                _SPACES * token.lstrip + re.escape(str(token)) + _SPACES * token.rstrip
                for token in self._specials
            )
            + ")"
        )


def restore(text: str) -> str:
    """Guarded text without its marks."""
    return text.replace(MARK, "")


def _any_of(patterns: Any) -> str:
    """Any of the patterns where no mark follows: a special token may be a single character."""
    either = "|".join(patterns)
    return f"(?:{either})(?!{MARK})" if either else "(?!)"
