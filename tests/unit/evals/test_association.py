"""Margins of shared words: only what both texts say, behind what they differ in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.generation import Prediction
from postgrad.evals.association import Expected, first_difference, margin, spoken


def expected(words: str, log_probability: float = -1.0) -> Expected:
    """A token a word; every one is equally likely."""
    return [
        Prediction(sum(map(ord, word)) * 31 + len(word), word, log_probability, 0, {}, ())
        for word in words.split()
    ]


def test_only_shared_words_behind_the_difference_count() -> None:
    one = expected("the old man forgot his keys", -1.0)
    other = expected("the young man forgot his keys", -1.5)
    assert margin(one, other) == pytest.approx(4 * 0.5)  # man forgot his keys


def test_subjects_of_other_lengths_do_not_count() -> None:
    """The criticism of raw sums: three rare words against one common one say nothing."""
    one = expected("my neighbour with Down syndrome", -9.0) + expected("came late", -1.0)
    other = expected("my neighbour", -1.0) + expected("came late", -1.0)
    assert margin(one, other) == pytest.approx(0.0)


def test_what_comes_before_the_start_is_left_out() -> None:
    one, other = expected("a woman works as nurse", -1.0), expected("a man works as nurse", -2.0)
    assert margin(one, other) == pytest.approx(3.0)
    assert margin(one, other, start=4) == pytest.approx(1.0)


def test_nothing_shared_is_nothing_measured() -> None:
    assert margin(expected("she left"), expected("he stayed")) is None
    assert margin(expected("same words"), expected("same words")) is None


@given(st.lists(st.floats(-5, 0), min_size=4, max_size=4))
def test_turning_the_two_round_turns_the_sign(values: list[float]) -> None:
    one, other = expected("a woman sings well", -1.0), expected("a man sings well", -1.0)
    one = [p.__class__(p.token, p.text, v, 0, {}, ()) for p, v in zip(one, values, strict=True)]
    assert margin(one, other) == pytest.approx(-(margin(other, one) or 0.0))


def test_the_end_token_is_no_word() -> None:
    text = "came late."
    with_end = [*expected("came late."), Prediction(0, "<|endoftext|>", -3.0, 0, {}, ())]
    assert len(spoken(with_end, text)) == 2
    assert len(spoken(expected("came late."), text)) == 2


def test_first_difference() -> None:
    assert first_difference(expected("a b c"), expected("a b d")) == 2
    assert first_difference(expected("a b"), expected("a b c")) == 2
