"""The nearest texts by their words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postgrad.evals.nearest import Nearest

TEXTS = [
    "When do you open on Sunday?",
    "Is the pizza vegan?",
    "My card was charged twice.",
    "When do you close on Sunday?",
]


def test_finds_what_shares_the_rarest_words() -> None:
    search = Nearest(TEXTS)
    assert search.to(["You charged my card twice!"], 1) == [[2]]
    assert search.to(["do you open on a Sunday"], 2) == [[0, 3]]


def test_a_text_with_no_known_word_gets_the_first_ones() -> None:
    assert Nearest(TEXTS).to(["zzz", ""], 2) == [[0, 1], [0, 1]]


def test_never_more_than_there_are() -> None:
    assert len(Nearest(TEXTS).to(["open"], 9)[0]) == len(TEXTS)


@given(st.lists(st.text("abc d", min_size=1, max_size=12), min_size=1, max_size=8))
def test_a_text_is_nearest_to_itself(texts: list[str]) -> None:
    known = [text for text in texts if text.split()]
    search = Nearest(known or ["a"])
    for text, [place] in zip(known, search.to(known, 1), strict=True):
        assert sorted(known[place].split()) == sorted(text.split())
