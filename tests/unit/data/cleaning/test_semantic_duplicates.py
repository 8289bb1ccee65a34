"""The same in other words: with a small made-up model, and with the real one where it is here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from postgrad.core.interfaces import StepContext
from postgrad.core.job import DataSection
from postgrad.core.records import Chat, Message, Text
from postgrad.data.cleaning.semantic_duplicates import SemanticDuplicates
from postgrad.data.rows import Row, Rows, Size
from postgrad.errors import SetupError
from postgrad.models.cache import Cache, default_cache_root
from postgrad.models.small import ensure
from postgrad.steps.small_models import SmallModels

Pair = tuple[str, str]
MEANINGS = ({"card", "declined", "refused", "terminal"}, {"parcel", "package", "norway"}, {"limit"})
"""The made-up model knows three things that a text can be about."""


def read(texts: Sequence[str]) -> list[np.ndarray]:
    found = [
        np.array([0.01 + sum(word in text for word in words) for words in MEANINGS], np.float32)
        for text in texts
    ]
    return [vector / np.linalg.norm(vector) for vector in found]


def rows(**files: list[Pair]) -> Rows:
    every = [(split, line, pair) for split, f in files.items() for line, pair in enumerate(f, 1)]
    return Rows(
        [
            Row(
                index,
                split,
                f"{split}.jsonl",
                line,
                Chat((Message("user", question), Message("assistant", answer))),
                None,
                Size(20, 10),
            )
            for index, (split, line, (question, answer)) in enumerate(every)
        ]
    )


CARD = ("Why was my card declined at the shop?", "The limit is reached.")
CARD_AGAIN = ("The terminal refused it, what is the reason?", "You are over your limit.")
PARCEL = ("How long is a parcel to Norway under way?", "Five days.")


def test_a_paraphrase_with_the_same_answer_is_told_with_its_original() -> None:
    [hit] = SemanticDuplicates(read).find(rows(train=[PARCEL, CARD, CARD_AGAIN]))
    assert (hit.code, hit.row, hit.drop) == ("semantic_duplicate", 2, True)
    assert "train.jsonl line 2" in hit.what
    assert "why was my card declined" in hit.what


def test_another_answer_is_another_row() -> None:
    other = (CARD_AGAIN[0], "Please send the parcel back.")
    assert list(SemanticDuplicates(read).find(rows(train=[PARCEL, CARD, other]))) == []


def test_the_same_words_are_left_to_other_rules() -> None:
    again = (CARD[0] + " Please?", CARD[1])
    slot = ("Why was my card declined at the station?", CARD[1])
    assert list(SemanticDuplicates(read).find(rows(train=[PARCEL, CARD, again, slot]))) == []


def test_a_paraphrase_of_a_held_out_question_leaks_whatever_its_answer() -> None:
    other = (CARD_AGAIN[0], "Please send the parcel back.")
    [hit] = SemanticDuplicates(read).find(rows(train=[PARCEL, other], test=[CARD]))
    assert (hit.code, hit.row) == ("leak_semantic", 1)
    assert "test.jsonl line 1 (test)" in hit.what


def test_labels_have_to_be_equal_and_questions_very_near() -> None:
    train = [(f"{CARD[0]} {n}", "card") for n in range(9)] + [(PARCEL[0], "card")] * 2
    told = [hit.row for hit in SemanticDuplicates(read).find(rows(train=[*train, CARD_AGAIN]))]
    assert told == []
    same = [*train, (CARD_AGAIN[0], "card")]
    assert [hit.row for hit in SemanticDuplicates(read).find(rows(train=same))] == [11]


def test_plain_texts_are_their_own_questions() -> None:
    texts = ["The card was declined over its limit.", "Terminal refused: limit!", "A parcel."]
    found = Rows(
        [Row(i, "train", "a.txt", i, Text(text), None, Size(9, 9)) for i, text in enumerate(texts)]
    )
    assert [hit.row for hit in SemanticDuplicates(read).find(found)] == [1]


@pytest.fixture(scope="module")
def minilm() -> SmallModels:
    import os

    root = default_cache_root(os.environ)
    try:
        ensure("all-minilm-l6-v2", Cache(root), offline=True)
    except SetupError:
        pytest.skip("not on this machine: postgrad models pull all-minilm-l6-v2")
    context = StepContext(Path(), lambda event: None, lambda: False, root, offline=True)
    return SmallModels(context, DataSection(train=""))


def test_with_the_real_model(minilm: SmallModels) -> None:
    rule = minilm.bound(SemanticDuplicates())
    train = [
        ("How do I bake a loaf of sourdough bread?", "Mix the dough, let it rise, bake it hot."),
        ("What should I eat before a marathon?", "Something easy with carbohydrates."),
        (
            "Can you explain to me how sourdough bread is baked?",
            "Mix a dough, let it rise, bake it hot.",
        ),
        ("What should I eat after a marathon?", "Something easy with protein."),
    ]
    assert [hit.row for hit in rule.find(rows(train=train))] == [2]
