"""Nearest texts by their vectors, and texts that only sound alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.data import meaning
from postgrad.data.meaning import around_shared_runs, differ_in_a_slot, near, shortened
from postgrad.data.similar import words_of


def unit(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 4)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@settings(deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 9),
    st.integers(1, 7),
    st.floats(-0.9, 0.9),
    st.booleans(),
)
def test_blocks_find_what_comparing_all_with_all_finds(
    count: int, others: int, seed: int, block: int, least: float, earlier: bool
) -> None:
    ones_ND = unit(count, seed)
    others_MD = ones_ND if earlier else unit(others, seed + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meaning, "BLOCK_ROWS", block)
        found = list(near(ones_ND, others_MD, least, earlier=earlier))
    cosines_NM = ones_ND @ others_MD.T
    for row in range(count):
        limit = row if earlier else len(others_MD)
        fits = np.sort(cosines_NM[row, :limit])[::-1]
        expected = fits[fits >= least + 1e-5][: meaning.MOST_NEIGHBOURS]
        told = np.array([cosine for one, _, cosine in found if one == row])
        assert len(told) >= len(expected)
        np.testing.assert_allclose(told[: len(expected)], expected, atol=1e-5)
    for one, other, cosine in found:
        assert cosines_NM[one, other] == pytest.approx(cosine, abs=1e-5)
        assert not earlier or other < one


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("What should I eat before a marathon?", "What should I eat after a marathon?", True),
        ("Is it open in winter, please?", "Is it not open in winter?", True),
        ("Give me 3 ideas for a party", "I want 7 ideas, it is a birthday", True),
        ("How do I cancel my plan?", "How can I cancel the plan?", False),
        ("Why is the sky blue?", "What makes the sky look blue?", False),
        ("", "", False),
    ],
)
def test_a_template_with_another_value_is_another_text(one: str, other: str, differ: bool) -> None:
    assert differ_in_a_slot(words_of(one), words_of(other)) is differ


def test_what_stands_around_shared_words() -> None:
    one = words_of("What causes the Romano Ward syndrome?")
    other = words_of("How many people have the Romano Ward syndrome?")
    assert around_shared_runs(one, other) == ("what causes", "how many people have")
    assert around_shared_runs(one, words_of("Something else")) is None
    assert around_shared_runs(one, one) == ("", "")


@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.integers(2, 12))
def test_a_long_text_keeps_its_beginning_and_its_end(words: list[str], most: int) -> None:
    short = shortened(" ".join(words), most).split()
    assert len(short) <= most
    assert short[: most // 2] == words[: most // 2]
    assert words == short or short[-(most // 2) :] == words[-(most // 2) :]
