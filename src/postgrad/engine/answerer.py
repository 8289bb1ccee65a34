"""LocalAnswerer: a model in this process that answers, and says how likely a text is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Rows
from dataclasses import dataclass
from typing import Any

from postgrad.core.interfaces import Generated, Prediction
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.data.pack import split_by_tokens
from postgrad.data.render import Sequence, Template
from postgrad.engine.generate import Stream, generate
from postgrad.engine.head import Expected
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

    @property
    def chats(self) -> bool:
        """Whether there is a chat template."""
        return bool(self.template.tokenizer.chat_template)

    def bits_per_byte(
        self,
        records: Rows[Record],
        *,
        with_end: bool = True,
        on_done: Callable[[int], None] | None = None,
    ) -> list[float]:
        """Bits per UTF-8 byte of each record's reference (a chat's last turn, or a text)."""
        sequences = self._references(records, with_end)
        sizes = [self._num_bytes(sequence) for sequence in sequences]
        losses = self._losses(sequences, on_done)
        return [loss / math.log(2) / size for loss, size in zip(losses, sizes, strict=True)]

    def log_likelihoods(self, records: Rows[Record], *, with_end: bool = True) -> list[float]:
        """Log-probability of each record's reference in nats."""
        return [-loss for loss in self._losses(self._references(records, with_end))]

    def predictions(
        self,
        records: Rows[Record],
        *,
        num_top: int = 0,
        watch: Rows[Rows[Rows[int]]] | None = None,
    ) -> list[list[Prediction]]:
        """What the model expected at each token of each record's reference."""
        sequences = self._references(records)
        asked = None if watch is None else iter(watch)
        found: list[list[Prediction]] = []
        for part in split_by_tokens(sequences, self.micro_batch_tokens):
            places = None if asked is None else [ids for _ in part for ids in next(asked)]
            expected = iter(self.model.expected(part, num_top, places))
            found += [
                [self._prediction(sequence.tokens[at], next(expected)) for at in sequence.taught]
                for sequence in part
            ]
        return found

    def _prediction(self, token: int, expected: Expected) -> Prediction:
        return Prediction(
            token,
            self.template.tokenizer.decode([token]),
            expected.log_probability,
            expected.rank,
            expected.top,
            expected.watched,
        )

    def _losses(
        self, sequences: Rows[Sequence], on_done: Callable[[int], None] | None = None
    ) -> list[float]:
        losses: list[float] = []
        for part in split_by_tokens(sequences, self.micro_batch_tokens):
            losses += self.model.sequence_losses(part)
            if on_done:
                on_done(len(losses))
        return losses

    def _references(self, records: Rows[Record], with_end: bool = True) -> list[Sequence]:
        return [self._reference(record, with_end).cut(self.max_length) for record in records]

    def _reference(self, record: Record, with_end: bool) -> Sequence:
        if isinstance(record, Text):
            return self.template.text_sequence(record.text, with_end=with_end)
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
