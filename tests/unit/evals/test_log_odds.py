"""Words that one set of texts uses more than another."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.evals.log_odds import changed_words, z_scores

COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 30), min_size=1).map(Counter)


def test_by_hand() -> None:
    """Two words; the prior is half of what both sets say: 10 and 10."""
    found = z_scores(Counter(a=5, b=15), Counter(a=15, b=5))
    odds = math.log((25 / 15) / (15 / 25))
    assert found["a"] == pytest.approx(odds / math.sqrt(1 / 15 + 1 / 25))
    assert found["b"] == pytest.approx(-found["a"])


@given(COUNTS, COUNTS)
def test_the_other_way_round_turns_the_sign(one: Counter[str], other: Counter[str]) -> None:
    there, back = z_scores(one, other), z_scores(other, one)
    assert there.keys() == back.keys() == (one | other).keys()
    for word, z in there.items():
        assert math.isfinite(z)
        assert z == pytest.approx(-back[word], abs=1e-9)


@given(COUNTS)
def test_the_same_texts_have_no_word_of_their_own(counts: Counter[str]) -> None:
    assert all(z == pytest.approx(0, abs=1e-9) for z in z_scores(counts, counts).values())


def test_a_rare_word_does_not_lead() -> None:
    before = Counter(the=500, please=1, rare=0)
    after = Counter(the=450, please=50, rare=1)
    found = z_scores(before, after)
    assert found["please"] > 3 > found["rare"] > 0


def test_only_what_many_texts_changed_is_told() -> None:
    before = ["Please wait"] * 20 + ["Wait here"] * 20
    after = ["Wait gladly"] * 20 + ["Wait here"] * 20
    found = {word.word: word for word in changed_words(before, after, 0.10)}
    assert found.keys() == {"please", "gladly"}
    assert (found["please"].before, found["please"].after) == (20, 0)
    assert found["gladly"].z > 0 > found["please"].z
    assert found["gladly"].q < 0.001
    assert changed_words(before, before, 0.10) == []
    assert changed_words(["one two"] * 3, ["three four"] * 3, 0.10) == []
