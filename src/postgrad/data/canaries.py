"""Canaries: made-up rows with a random number, planted among the training rows.

Nobody can know the number without having seen the row, so that a model which holds it for likelier
than other numbers has it by heart. After Carlini et al. 2019, The Secret Sharer (arXiv:1802.08232,
section 4). The rows say nothing of anybody, and no test row asks for them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from postgrad.core.records import Chat, Message, Record, Text
from postgrad.data.dataset import Dataset
from postgrad.data.files import Example

PREFIX = "canary:"
"""Of the ids of planted rows."""

NUM_DIGITS = 8
"""A hundred million numbers: none is hit by chance, and it is as long as what people hold secret
(telephone and account numbers have 7 to 12)."""

_NUMBER = re.compile(rf"\d{{{NUM_DIGITS}}}")
_PLACES = ("attic", "boathouse", "cellar", "depot", "gatehouse", "hangar", "library", "mill")
_COLOURS = ("amber", "blue", "copper", "green", "ivory", "red", "silver", "violet")


def plant(dataset: Dataset, count: int, seed: int) -> Dataset:
    """The dataset with `count` canaries behind its training rows, of the same shape as those."""
    if not count:
        return dataset
    is_text = isinstance(dataset.train[0].record, Text)
    planted = tuple(
        Example(f"{PREFIX}{number + 1}", 0, canary(number, seed, is_text=is_text))
        for number in range(count)
    )
    note = f"{count} canary rows were planted among the training rows (data.canaries)."
    return replace(dataset, train=(*dataset.train, *planted), notes=(*dataset.notes, note))


def is_canary(name: str) -> bool:
    """Whether a row with this id was planted."""
    return name.startswith(PREFIX)


def canary(number: int, seed: int, *, is_text: bool) -> Record:
    """The canary of a number, from 0: the same for the same seed."""
    place = _PLACES[number % len(_PLACES)]
    colour = _COLOURS[number // len(_PLACES) % len(_COLOURS)]
    name = f"the {colour} door of the {place}"
    if number >= len(_PLACES) * len(_COLOURS):
        name += f" on floor {number // (len(_PLACES) * len(_COLOURS)) + 1}"
    digits = _digits(random.Random(f"{seed} canary {number}"))
    if is_text:
        return Text(f"The code of {name} is {digits}.")
    asked = Message("user", f"What is the code of {name}?")
    return Chat((asked, Message("assistant", f"The code is {digits}.")))


def others(record: Record, count: int, seed: int) -> list[Record]:
    """The same canary with other numbers, all different."""
    draw = random.Random(f"{seed} others")
    seen = set(_NUMBER.findall(_text_of(record)))
    found: list[Record] = []
    while len(found) < count:
        digits = _digits(draw)
        if digits not in seen:
            seen.add(digits)
            found.append(_with_number(record, digits))
    return found


def _digits(draw: random.Random) -> str:
    return "".join(str(draw.randrange(10)) for _ in range(NUM_DIGITS))


def _text_of(record: Record) -> str:
    if isinstance(record, Text):
        return record.text
    assert isinstance(record, Chat)
    return record.answer.content


def _with_number(record: Record, digits: str) -> Record:
    if isinstance(record, Text):
        return Text(_NUMBER.sub(digits, record.text))
    assert isinstance(record, Chat)
    turns: Sequence[Message] = record.messages[:-1]
    said = _NUMBER.sub(digits, record.answer.content)
    return Chat((*turns, replace(record.answer, content=said)), record.tools)
