"""LocalAnswerer: a model in this process that answers, and says how likely a text is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Rows
from dataclasses import dataclass
from typing import Any

from postgrad.core.interfaces import Generated
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.data.pack import split_by_tokens
from postgrad.data.render import Sequence, Template
from postgrad.engine.generate import Stream, generate
from postgrad.engine.model import LanguageModel


@dataclass(frozen=True, slots=True)
class LocalAnswerer:
    """Implements `core.interfaces.Answerer`.

    Args:
        model: base or tuned.
        template: renders prompts exactly as in training.
        max_length: longest text whose likelihood is taken, in tokens; longer ones are cut.
        micro_batch_tokens: tokens computed at once.
    """

    model: LanguageModel
    template: Template
    max_length: int
    micro_batch_tokens: int = 1024

    def answer(
        self,
        prompts: Rows[Chat],
        *,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        """Greedy answers to the prompt of each chat, in order."""
        tokens = [self.template.prompt_tokens(chat.prompt, chat.tools) for chat in prompts]
        streams = generate(
            self.model,
            tokens,
            max_new_tokens=max_new_tokens,
            stop_ids=self.template.stop_ids,
            on_done=on_done,
        )
        return [self._generated(stream) for stream in streams]

    def stream(
        self,
        messages: Rows[Message],
        *,
        max_new_tokens: int,
        on_text: Callable[[str], None],
        tools: Rows[Mapping[str, Any]] = (),
    ) -> Generated:
        """One answer; `on_text` is given each new piece of it."""
        shown = ""

        def on_token(stream: Stream) -> None:
            nonlocal shown
            text = self._decode(stream.tokens)
            # a character of several tokens decodes to a replacement mark until it is whole
            if text.startswith(shown) and not text.endswith("\ufffd"):
                on_text(text[len(shown) :])
                shown = text

        [stream] = generate(
            self.model,
            [self.template.prompt_tokens(messages, tools)],
            max_new_tokens=max_new_tokens,
            stop_ids=self.template.stop_ids,
            on_token=on_token,
        )
        return self._generated(stream)

    def bits_per_byte(
        self, records: Rows[Record], *, on_done: Callable[[int], None] | None = None
    ) -> list[float]:
        """Bits per UTF-8 byte of each record's reference (a chat's last turn, or a text)."""
        sequences = [self._reference(record).cut(self.max_length) for record in records]
        losses: list[float] = []
        for part in split_by_tokens(sequences, self.micro_batch_tokens):
            losses += self.model.sequence_losses(part)
            if on_done:
                on_done(len(losses))
        sizes = [self._num_bytes(sequence) for sequence in sequences]
        return [loss / math.log(2) / size for loss, size in zip(losses, sizes, strict=True)]

    def _reference(self, record: Record) -> Sequence:
        if isinstance(record, Text):
            return self.template.text_sequence(record.text)
        assert isinstance(record, Chat)
        return self.template.last_turn(record)

    def _num_bytes(self, sequence: Sequence) -> int:
        text = self._decode([sequence.tokens[index] for index in sequence.taught])
        return max(1, len(text.encode()))

    def _generated(self, stream: Stream) -> Generated:
        finish = "stop" if stream.stopped else "length"
        return Generated(self._decode(stream.tokens), finish, len(stream.tokens))

    def _decode(self, tokens: Rows[int]) -> str:
        return self.template.tokenizer.decode(list(tokens), skip_special_tokens=True)
