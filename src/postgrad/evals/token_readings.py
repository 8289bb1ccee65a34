"""Readings of tokens: how likely a model held each token of a text, stored and read again."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from postgrad.core.generation import Prediction
from postgrad.core.interfaces import Answerer, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Chat, Record, Text
from postgrad.errors import RowError
from postgrad.evals.surface import Kind, form_words, places

MOST_CHARACTERS, MOST_CHARACTERS_QUICK = 12_000, 3_000
"""Of questions and answers together, for one model: about 3,000 and 750 tokens. The 3,000 tokens of
some 40 answers give a share of 30 % an interval of about +-4 points."""

FEWEST_ITEMS = 10
"""Answers that it takes to say anything: an interval over fewer can hardly leave out zero (it takes
6 that differ)."""

AT_ONCE = 16
"""Records asked between two signs of progress."""

SHIFTED_FROM = 3
"""A token is shifted if at least this many tokens were likelier; so Lin et al. 2023
(arXiv:2312.01552, section 2.1), whose ranks begin with 1."""

Reach = Literal["first", "near", "far"]
"""First choice; second or third; further down: "unshifted", "marginal" and "shifted" there."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an answer, and how a model held it.

    Attributes:
        answer: id of the answer.
        position: in the answer, from 0.
        piece: the token as text.
        kind: what it is part of; see `surface`.
        word: the word that it belongs to.
        rank: tokens that the model held for likelier.
        bits: the model's surprise at it, -log2 p.
    """

    answer: str
    position: int
    piece: str
    kind: Kind
    word: str
    rank: int
    bits: float

    @property
    def reach(self) -> Reach:
        if self.rank == 0:
            return "first"
        return "near" if self.rank < SHIFTED_FROM else "far"


def drawn(items: Sequence[Item], size: Callable[[Item], int], sitting: Sitting) -> list[Item]:
    """As many items as the effort allows, drawn by the job's seed, in their own order.

    Ten at least, or there would be nothing to say of long ones; but never more than four times what
    the effort allows (and one in any case). Drawing ends with the first item that does not fit.
    """
    most = MOST_CHARACTERS_QUICK if sitting.is_quick else MOST_CHARACTERS
    order = list(range(len(items)))
    random.Random(sitting.seed).shuffle(order)
    kept: list[int] = []
    taken = 0
    for place in order:
        taken += size(items[place])
        if kept and taken > (most if len(kept) >= FEWEST_ITEMS else 4 * most):
            break
        kept.append(place)
    return [items[place] for place in sorted(kept)]


def num_characters(record: Record) -> int:
    """The length of a record's question and answer, by which drawing is limited. A system prompt
    does not count: rows share it, and what they share is computed once."""
    if isinstance(record, Text):
        return len(record.text)
    messages = record.messages if isinstance(record, Chat) else record.prompt
    return sum(len(message.content) for message in messages if message.role != "system")


def ask(
    answerer: Answerer, records: Sequence[Record], on_done: Callable[[int, int], None]
) -> list[list[Prediction]]:
    """Predictions for each record; none for one that can't be shown to the model."""
    found: list[list[Prediction]] = []
    for start in range(0, len(records), AT_ONCE):
        part = records[start : start + AT_ONCE]
        try:
            found += answerer.predictions(part)
        except RowError:
            found += [_predictions(answerer, record) for record in part]
        on_done(len(found), len(records))
    return found


def _predictions(answerer: Answerer, record: Record) -> list[Prediction]:
    try:
        return answerer.predictions([record])[0]
    except RowError:  # a template that hides words, a tokenizer that lacks some
        return []


def detail(predictions: Sequence[Prediction], *, ended: bool = True) -> dict[str, Any]:
    """What is stored of predictions; see `tokens`."""
    return {
        "pieces": [each.text for each in predictions],
        "ranks": [each.rank for each in predictions],
        "bits": [round(-each.log_probability / math.log(2), 3) for each in predictions],
        "ended": ended and bool(predictions),
    }


def form_of(readings: Sequence[Reading], *, labels: bool) -> frozenset[str]:
    """Words of the form of the texts read; labels have none, for they are all content."""
    if labels:
        return frozenset()
    return form_words(["".join(_said(reading)) for reading in readings])


def tokens(readings: Sequence[Reading], form: frozenset[str]) -> Iterator[Token]:
    """Every token of the readings; `form` is of `form_of`."""
    for reading in readings:
        it = reading.detail
        found = places(it["pieces"], ended=it["ended"], form=form)
        rows = zip(it["pieces"], found, it["ranks"], it["bits"], strict=True)
        for position, (piece, place, rank, bits) in enumerate(rows):
            yield Token(reading.id, position, piece, place.kind, place.word, rank, bits)


def _said(reading: Reading) -> list[str]:
    pieces: list[str] = reading.detail["pieces"]
    return pieces[:-1] if reading.detail["ended"] else pieces
