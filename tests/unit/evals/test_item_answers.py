"""What an item is worth, from a model whose odds and words are written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from postgrad.core.generation import Generated
from postgrad.core.records import Chat, Record, Text
from postgrad.data.general import Item
from postgrad.evals.item_answers import ask_items

SUM = Item("sum", "arithmetic", "2 + 3 =", ("5", "6", "7"), {})
WORD = Item("word", "instructions", "Say yes.", (), {"pattern": "yes"})
SOLVED = {"arithmetic": [("1 + 1 =", "2")], "instructions": [("Say no.", "no")]}


class Told:
    """Says what it is told to say, and holds each text for as likely as it is told."""

    chats = True

    def __init__(self, odds: dict[str, float], words: str = "") -> None:
        self.odds, self.words = odds, words
        self.seen: list[Record] = []

    def answer(
        self,
        prompts: Sequence[Chat],
        *,
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[Generated]:
        self.seen += prompts
        return [Generated(self.words, "stop", 1) for _ in prompts]

    def log_likelihoods(self, records: Sequence[Record], *, with_end: bool = True) -> list[float]:
        assert not with_end
        self.seen += records
        texts = [record.text for record in records if isinstance(record, Text)]
        return [-40 + math.log(self.odds[text.split()[-1]]) for text in texts]

    def bits_per_byte(self, records: Sequence[Record], *, with_end: bool = True) -> list[float]:
        raise AssertionError

    def predictions(self, *arguments: object, **options: object) -> list[list[object]]:
        raise AssertionError


def test_the_score_is_the_share_of_probability() -> None:
    [found] = ask_items(Told({"5": 0.2, "6": 0.1, "7": 0.1}), [SUM])
    assert found.score == pytest.approx(0.5)
    assert found.right
    assert found.answer == "5"


def test_another_first_choice_is_wrong_and_a_draw_too() -> None:
    for odds in ({"5": 0.1, "6": 0.2, "7": 0.1}, {"5": 0.2, "6": 0.2, "7": 0.1}):
        [found] = ask_items(Told(odds), [SUM])
        assert not found.right


def test_words_are_right_or_wrong() -> None:
    for words, right in (("yes", True), ("no", False)):
        [found] = ask_items(Told({}, words), [WORD])
        assert (found.right, found.score, found.answer) == (right, float(right), words)


def test_the_order_is_that_of_the_items() -> None:
    odds = {"5": 0.2, "6": 0.1, "7": 0.1}
    found = ask_items(Told(odds, "yes"), [WORD, SUM, WORD])
    assert [it.answer for it in found] == ["yes", "5", "yes"]


def test_solved_examples_stand_before_an_item() -> None:
    model = Told({"5": 0.2, "6": 0.1, "7": 0.1}, "yes")
    ask_items(model, [SUM, WORD], solved=SOLVED)
    texts = [record.text for record in model.seen if isinstance(record, Text)]
    assert texts == [f"1 + 1 = 2\n2 + 3 = {option}" for option in SUM.options]
    [chat] = [record for record in model.seen if isinstance(record, Chat)]
    assert [turn.content for turn in chat.prompt] == ["Say no.", "no", "Say yes."]
