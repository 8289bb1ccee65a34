"""LocalAnswerer: a model in this process that answers, and says how likely a text is."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Rows
from dataclasses import dataclass, replace
from typing import Any

from postgrad.core.generation import Continued, Generated, Prediction
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.data.render import Sequence, Template
from postgrad.data.tree import split_by_new_tokens
from postgrad.engine.generate import Stream, generate
from postgrad.engine.head import Expected
from postgrad.engine.model import LanguageModel


@dataclass(frozen=True, slots=True)
class Told:
    """What a model held of the taught tokens of a sequence: log-probabilities in nats, and how many
    tokens were likelier."""

    log_probabilities: array[float]
    ranks: array[int]


Memory = dict[Sequence, Told]


@dataclass(frozen=True, slots=True)
class LocalAnswerer:
    """Implements `core.interfaces.Answerer`, for the weights that the model has now: once they were
    trained, make another.

    Args:
        model: base or tuned.
        template: renders prompts exactly as in training.
        max_length: longest text whose likelihood is taken, in tokens; longer ones are cut.
        micro_batch_tokens: tokens computed at once.
        memory: what `bits_per_byte` has read, so that it and `predictions` need not read it again;
            None: nothing is remembered.
    """

    model: LanguageModel
    template: Template
    max_length: int
    micro_batch_tokens: int = 1024
    memory: Memory | None = None

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
        if self.memory is None:
            losses = self._losses(sequences, on_done)
        else:
            losses = [-sum(told.log_probabilities) for told in self._told(sequences, on_done)]
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
        if self.memory and not num_top and watch is None and self.memory.keys() >= set(sequences):
            return [self._remembered(sequence, self.memory[sequence]) for sequence in sequences]
        asked = None if watch is None else iter(watch)
        found: list[list[Prediction]] = []
        for part in split_by_new_tokens(sequences, self.micro_batch_tokens):
            places = None if asked is None else [ids for _ in part for ids in next(asked)]
            expected = iter(self.model.expected(part, num_top, places))
            found += [
                [self._prediction(sequence.tokens[at], next(expected)) for at in sequence.taught]
                for sequence in part
            ]
        return found

    def continuations(
        self, pairs: Rows[tuple[str, str]], *, on_done: Callable[[int], None] | None = None
    ) -> list[Continued]:
        """How likely the second text of each pair is after the first, as both stand."""
        pieces = [
            (number, piece)
            for number, pair in enumerate(pairs)
            for piece in self.template.continuation(*pair).windows(self.max_length)
        ]
        told: list[list[Expected]] = [[] for _ in pairs]
        owners, number = iter(pieces), 0
        for part in split_by_new_tokens([piece for _, piece in pieces], self.micro_batch_tokens):
            expected = iter(self.model.expected(part))
            for piece in part:
                number, _ = next(owners)
                told[number] += [next(expected) for _ in piece.taught]
            if on_done:
                on_done(number + 1)
        return [
            Continued(sum(it.log_probability for it in its), all(it.rank == 0 for it in its))
            for its in told
        ]

    def complete(
        self,
        beginnings: Rows[str],
        *,
        max_new_tokens: int,
        until: Rows[str] = (),
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        """How each text goes on, greedily, as it stands. At most half of what the model reads is
        written; of a beginning that is too long for the rest, the end is kept."""
        most = max(1, min(max_new_tokens, self.max_length // 2))
        tokens = [self.template.beginning_tokens(text) for text in beginnings]
        # a token may be a quarter of a character, so the end of a text of n characters lies here
        tail = 4 * max(map(len, until), default=0) + 4

        def is_over(stream: Stream) -> bool:
            return _first(self._decode(stream.tokens[-tail:]), until) is not None

        streams = generate(
            self.model,
            [words[most - self.max_length :] for words in tokens],
            max_new_tokens=most,
            stop_ids=self.template.text_stop_ids,
            on_done=on_done,
            is_over=is_over if until else None,
        )
        return [self._completed(stream, until) for stream in streams]

    def _completed(self, stream: Stream, until: Rows[str]) -> Generated:
        written = self._generated(stream)
        end = _first(written.text, until)
        return written if end is None else replace(written, text=written.text[:end], finish="stop")

    def prompt_text(self, messages: Rows[Message]) -> str:
        """The chat template's text of a conversation, look-alikes of special tokens marked."""
        return self.template.prompt_text(messages)

    def _prediction(self, token: int, expected: Expected) -> Prediction:
        return Prediction(
            token,
            self.template.tokenizer.decode([token]),
            expected.log_probability,
            expected.rank,
            expected.top,
            expected.watched,
        )

    def _remembered(self, sequence: Sequence, told: Told) -> list[Prediction]:
        words = [sequence.tokens[at] for at in sequence.taught]
        return [
            self._prediction(word, Expected(log_probability, rank, {}, ()))
            for word, log_probability, rank in zip(
                words, told.log_probabilities, told.ranks, strict=True
            )
        ]

    def _told(self, sequences: Rows[Sequence], on_done: Callable[[int], None] | None) -> list[Told]:
        """From memory if it has them all; else all are read, so that what is read together, and
        with it the last bit, does not depend on what was read before."""
        assert self.memory is not None
        if not self.memory.keys() >= set(sequences):
            count = 0
            for part in split_by_new_tokens(sequences, self.micro_batch_tokens):
                expected = iter(self.model.expected(part))
                for sequence in part:
                    its = [next(expected) for _ in sequence.taught]
                    self.memory[sequence] = Told(
                        array("d", (it.log_probability for it in its)),
                        array("l", (it.rank for it in its)),
                    )
                count += len(part)
                if on_done:
                    on_done(count)
        return [self.memory[sequence] for sequence in sequences]

    def _losses(
        self, sequences: Rows[Sequence], on_done: Callable[[int], None] | None = None
    ) -> list[float]:
        losses: list[float] = []
        for part in split_by_new_tokens(sequences, self.micro_batch_tokens):
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


def _first(text: str, ends: Rows[str]) -> int | None:
    """Where the first of some texts begins in a text."""
    found = [at for end in ends if (at := text.find(end)) >= 0]
    return min(found, default=None)
