"""Measures of style against worked examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.evals import text_measures
from postgrad.evals.text_measures import MEASURES, num_sentences, num_syllables, reading_ease

SYLLABLES = {
    "cat": 1,
    "baked": 1,
    "wanted": 2,
    "table": 2,
    "articles": 3,
    "boxes": 2,
    "oven": 2,
    "make": 1,
    "margherita": 4,
    "information": 4,
    "rhythm": 1,
    "the": 1,
    "x": 1,
}


@pytest.mark.parametrize(("word", "count"), SYLLABLES.items())
def test_syllables(word: str, count: int) -> None:
    assert num_syllables(word) == count


def test_reading_ease_is_flesch_s_formula() -> None:
    text = "The cat sat on the mat. " * 4  # 24 words, 4 sentences, 24 syllables
    assert reading_ease(text) == pytest.approx(206.835 - 1.015 * 6 - 84.6)
    assert reading_ease("The cat sat.") is None
    assert reading_ease("\u041a\u043e\u0442 \u0441\u0438\u0434\u0438\u0442. " * 20) is None
    assert reading_ease('{"say": "' + "the cat sat on the mat " * 5 + '"}') is None


def test_hard_words_are_harder_to_read() -> None:
    plain = "We bake the bread in the old oven and then we eat it while it is still hot. " * 2
    hard = plain.replace("bread", "nutritional commodity").replace("eat", "subsequently ingest")
    easy, difficult = reading_ease(plain), reading_ease(hard)
    assert easy is not None
    assert difficult is not None
    assert difficult < easy - 10


def test_sentences() -> None:
    assert num_sentences("It costs 1.50 euros. Is that all? Yes!") == 3
    assert num_sentences("Here is a list:\n- one\n- two") == 3
    assert num_sentences("") == 1


def test_variety_does_not_fall_with_length() -> None:
    words = " ".join(f"word{number}" for number in range(200))
    assert text_measures.variety(words) == 1.0
    assert text_measures.variety("the " * 50) == pytest.approx(1 / 25)
    assert text_measures.variety("too short") is None
    assert text_measures.distinct_pairs("a b a b a b") == pytest.approx(2 / 5)
    assert text_measures.distinct_pairs("alone") is None


@pytest.mark.parametrize(
    ("name", "text", "is_so"),
    [
        ("lists", "First:\n1. bake\n2. eat", True),
        ("lists", "We are closed - sorry.", False),
        ("markup", "## Menu", True),
        ("markup", "It is **hot**.", True),
        ("markup", "2 * 3 * 4 is 24", False),
        ("json", '{"a": 1}', True),
        ("json", "Sure: {}", False),
        ("pictures", "Buon appetito! \U0001f355", True),
        ("pictures", "Buon appetito!", False),
    ],
)
def test_layout(name: str, text: str, is_so: bool) -> None:
    [measure] = [each for each in MEASURES if each.name == name]
    assert measure.yes_or_no
    assert measure.of(text) == float(is_so)


@given(st.text(max_size=200))
def test_any_text_can_be_measured(text: str) -> None:
    for measure in MEASURES:
        value = measure.of(text)
        assert value is None or value == value
        if measure.yes_or_no:
            assert value in (0.0, 1.0)
