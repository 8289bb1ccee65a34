"""Canaries: planted behind the training rows, found again, and like no other number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.records import Chat, Message, Text
from postgrad.data.canaries import canary, is_canary, others, plant
from postgrad.data.dataset import Dataset
from postgrad.data.files import Example


def dataset(*, is_text: bool) -> Dataset:
    def record(number: int) -> Chat | Text:
        if is_text:
            return Text(f"Text {number}.")
        return Chat((Message("user", f"Question {number}"), Message("assistant", "yes")))

    rows = [Example(f"train.jsonl:{number}", number, record(number)) for number in range(4)]
    return Dataset(tuple(rows[:2]), (rows[2],), (rows[3],), (), "openai_chat", "", "", ())


@pytest.mark.parametrize("is_text", [False, True])
def test_planted_behind_the_training_rows_alone(is_text: bool) -> None:
    before = dataset(is_text=is_text)
    after = plant(before, 3, seed=1)
    assert after.train[:2] == before.train
    assert [is_canary(row.id) for row in after.train] == [False, False, True, True, True]
    assert (after.valid, after.test) == (before.valid, before.test)
    assert {type(row.record) for row in after.train} == {Text if is_text else Chat}
    assert "3 canary rows" in after.notes[-1]
    assert plant(before, 0, seed=1) is before


@given(st.integers(0, 10), st.booleans())
def test_no_two_are_alike_and_the_seed_decides(seed: int, is_text: bool) -> None:
    every = [canary(number, seed, is_text=is_text) for number in range(200)]
    assert len(set(map(str, every))) == 200
    assert every == [canary(number, seed, is_text=is_text) for number in range(200)]
    assert every[0] != canary(0, seed + 1, is_text=is_text)


@pytest.mark.parametrize("is_text", [False, True])
def test_others_differ_in_the_number_alone(is_text: bool) -> None:
    own = canary(5, 0, is_text=is_text)
    found = others(own, 50, seed=0)
    assert len({str(record) for record in [own, *found]}) == 51

    def without_digits(record: object) -> str:
        return "".join(sign for sign in str(record) if not sign.isdigit())

    assert {without_digits(record) for record in found} == {without_digits(own)}
    assert {len(str(record)) for record in found} == {len(str(own))}
