"""Many rows that look like somebody's: English of about 500 characters, one in ten with a defect.

The English is a chain of words, each drawn from what follows the word before it in Python's own
documentation (`pydoc_data`) and in the bundled example; one word in twelve is a name or a number
that nobody else uses, as in real texts. The defects are those of planted.py, all kinds alike.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import planted

from postgrad.verbs import BUNDLED

SEED = 0
CHARACTERS = 500
RARE_SHARE = 1 / 12
DEFECT_SHARE = 0.1
SUPPORT_SHARE = 0.1
RECENT_ROWS = 5000
"""Rows from which duplicates are made: most lie near their original, some far away."""

DEFECTS = tuple(defect for defect in planted.DEFECTS if defect.name != "too long")

SUPPORT = "You are the assistant of a shop. Answer in a friendly way and never make up an order."
ASKED = (
    "Hello, my order {} from {} has not arrived yet. {} Could you please check where it is?",
    "I would like to change the delivery address of order {} to the office in {}. {}",
    "Is the {} still in stock in the {} shop? {} I could come by this afternoon.",
    "My account says {} but I live in {}. {} How do I correct that, please?",
)
SAID = (
    "Thank you for writing to us. I have looked at order {} for you. {} It will be with you soon.",
    "I am sorry for the trouble. {} has been noted in your account. {} Is there anything else?",
    "Of course, I am happy to help with {}. {} You will get a message once it is done.",
)

Row = dict[str, Any]


def write_rows(path: Path, count: int) -> None:
    """A JSONL file of chats."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows(count):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def rows(count: int) -> Iterator[Row]:
    """The rows, the same for every run; of a larger count the first are those of a smaller."""
    draw = random.Random(SEED)
    english = English(draw)
    recent: list[Row] = []
    for _ in range(count):
        row = clean_row(english, draw)
        if recent and draw.random() < DEFECT_SHARE:
            defect = draw.choice(DEFECTS)
            source = draw.choice(recent) if defect.keeps else row
            [row] = defect.plant(source, draw.choice(recent), draw)
        elif len(recent) < RECENT_ROWS:
            recent.append(row)
        else:
            recent[draw.randrange(RECENT_ROWS)] = row
        yield row


def clean_row(english: English, draw: random.Random) -> Row:
    """A question and its answer; now and then in a shop's own form."""
    asked = draw.randint(60, 250)
    if draw.random() < SUPPORT_SHARE:
        order, place = draw.randint(10_000, 99_999), english.rare()
        user = draw.choice(ASKED).format(order, place, english.text(asked - 60))
        answer = draw.choice(SAID).format(order, english.text(CHARACTERS - asked - 100))
        row = planted.with_turns(user, answer)
        row["messages"].insert(0, {"role": "system", "content": SUPPORT})
        return row
    question = english.text(asked).rstrip(".") + "?"
    return planted.with_turns(question, english.text(CHARACTERS - asked))


class English:
    """Texts in which one word follows another as in real ones."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._next: dict[str, list[str]] = defaultdict(list)
        self._first: list[str] = []
        for paragraph in paragraphs():
            words = paragraph.split()
            self._first.append(words[0])
            for one, other in itertools.pairwise(words):
                self._next[one].append(other)

    def text(self, characters: int) -> str:
        """Sentences of about so many characters."""
        draw, follow = self._draw, self._next
        word = draw.choice(self._first)
        words, length = [word], len(word)
        while length < characters:
            if draw.random() < RARE_SHARE:
                shown = self.rare()
            else:
                word = draw.choice(follow.get(word) or self._first)
                shown = word
            words.append(shown)
            length += len(shown) + 1
        return f"{' '.join(words).rstrip('.,;:')}."

    def rare(self) -> str:
        """A name, a product, a number."""
        draw = self._draw
        if draw.random() < 0.1:
            return str(draw.randint(2, 2000))
        letters = draw.choices("etaoinshrdlucmfwypvbgk", k=draw.randint(4, 9))
        return "".join(letters).capitalize() if draw.random() < 0.5 else "".join(letters)


def paragraphs() -> Iterator[str]:
    """Prose: no code, no tables."""
    for text in topics.values():
        for block in re.split(r"\n\s*\n", text):
            paragraph = " ".join(block.split())
            plain = sum(sign.isalpha() or sign == " " for sign in paragraph)
            if paragraph.endswith(".") and len(paragraph) > 80 and plain > 0.93 * len(paragraph):
                yield paragraph.removeprefix("* ").replace('"', "")
    rows_path = BUNDLED / "pizzeria" / "rows.jsonl"
    for line in rows_path.read_text("utf-8").splitlines():
        yield json.loads(line)["messages"][1]["content"]
