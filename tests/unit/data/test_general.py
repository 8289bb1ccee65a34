"""The bundled general material: sound, varied, and never trained on what is asked."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.records import Chat, Record, Text
from postgrad.data import general

CLOSE = 0.3
"""Share of word triples: two texts of one genre share under 0.1, an edited copy over 0.6."""


def triples(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[place : place + 3]) for place in range(len(words) - 2)}


def words_of(record: Record) -> str:
    if isinstance(record, Text):
        return record.text
    assert isinstance(record, Chat)
    return "\n".join(message.content for message in record.messages)


def test_texts_are_many_and_of_many_genres() -> None:
    texts = general.texts()
    genres = Counter(text.genre for text in texts)
    assert len(texts) >= 100
    assert len(genres) >= 12
    assert min(genres.values()) >= 5
    assert len({text.id for text in texts}) == len(texts)
    assert all(250 < len(text.text) < 1200 for text in texts)


def test_items_can_be_marked() -> None:
    items = general.battery().items
    assert len(items) >= 300
    assert len({item.id for item in items}) == len(items)
    for item in items:
        assert item.ask
        assert bool(item.options) != bool(item.checks)
        assert len(set(item.options)) == len(item.options)
    for task in {item.task for item in items}:
        kinds = {len(item.options) for item in items if item.task == task}
        assert len(kinds) == 1  # one level of chance for a task
        assert len(general.battery().solved[task]) == 2


@pytest.mark.parametrize("row", general.rows(), ids=lambda row: words_of(row)[:30])
def test_no_row_comes_near_what_is_asked(row: Record) -> None:
    asked = [text.text for text in general.texts()]
    asked += [" ".join((item.ask, *item.options[:1])) for item in general.battery().items]
    taught = triples(words_of(row))
    for text in asked:
        wanted = triples(text)
        assert len(wanted & taught) <= max(1.0, CLOSE * len(wanted)), text


@given(st.floats(0, 0.5), st.integers(0, 400), st.integers(0, 5), st.booleans())
def test_a_share_is_drawn(share: float, num_rows: int, seed: int, chats: bool) -> None:
    drawn = general.draw(share, num_rows, seed, chats=chats)
    assert abs(len(drawn) - share * (len(drawn) + num_rows)) <= 0.5
    assert chats or all(isinstance(row, Text) for row in drawn)
    counts = Counter(words_of(row) for row in drawn)
    there = sum(chats or isinstance(row, Text) for row in general.rows())
    if drawn:
        assert max(counts.values()) == -(-len(drawn) // there)
    assert drawn == general.draw(share, num_rows, seed, chats=chats)
