"""Insults and foul language on either side, and what is none."""

from __future__ import annotations

import pytest

from postgrad.core.records import Chat, Message
from postgrad.data.cleaning.toxicity import Toxicity
from postgrad.data.rows import Row, Rows, Size

pytest.importorskip("safetype", reason="the extra [toxicity] is not installed")


def told(*pairs: tuple[str, str]) -> list[tuple[str, int, bool]]:
    rows = [
        Row(
            index,
            "train",
            "a.jsonl",
            index + 1,
            Chat((Message("user", question), Message("assistant", answer))),
            None,
            Size(20, 10),
        )
        for index, (question, answer) in enumerate(pairs)
    ]
    return [(hit.code, hit.row, hit.drop) for hit in Toxicity().find(Rows(rows))]


def test_each_side_has_its_own_finding() -> None:
    insult = "How should I know, you stupid idiot?"
    found = told((insult, "I am sorry to hear that."), ("Where is my parcel?", insult))
    assert found == [("toxic_prompt", 0, False), ("toxic_answer", 1, True)]


def test_the_gravest_word_is_shown_with_what_stands_around_it() -> None:
    record = Chat(
        (Message("user", "Hi there"), Message("assistant", "Oh shit, kill yourself now."))
    )
    [hit] = Toxicity().find(Rows([Row(0, "train", "a", 1, record, None, Size(9, 9))]))
    assert hit.what.startswith("Harassment: ")
    assert "kill yourself" in hit.what


@pytest.mark.parametrize(
    "text",
    [
        "I am a gay man and my partner is black.",
        "How do I kill a Python process?",
        "Muslims, Jews and Christians live in this street.",
        "The patients were matched by age and sex.",
        "Scunthorpe is a town in Lincolnshire.",
    ],
)
def test_groups_of_people_and_harmless_words_are_not_told(text: str) -> None:
    assert told((text, "I see."), ("Tell me something.", text)) == []
