"""The bundled example is what its README says: every row is checked against the house's rules."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import postgrad
from postgrad.core.records import Chat
from postgrad.data.files import load_file
from postgrad.verbs import BUNDLED

FOLDER = BUNDLED / "pizzeria"
README = (FOLDER / "README.md").read_text("utf-8")
ROWS = [json.loads(line) for line in (FOLDER / "rows.jsonl").read_text("utf-8").splitlines()]
MESSAGES = [row["messages"][1]["content"] for row in ROWS]
ANSWERS = [json.loads(row["messages"][2]["content"]) for row in ROWS]

KEYS = {
    "order": ["intent", "items", "reply"],
    "complaint": ["intent", "problem", "severity", "reply"],
    "booking": ["intent", "people", "day", "time", "reply"],
    "question": ["intent", "topic", "reply"],
    "cancel": ["intent", "what", "reply"],
}
LABELS = {
    "problem": "cold, late, wrong_item, missing_item, burnt, rude_staff, overcharged",
    "severity": "low, medium, high",
    "topic": "hours, allergens, delivery, menu, payment, parking",
    "what": "order, booking",
    "day": "monday, tuesday, wednesday, thursday, friday, saturday, sunday, today, tomorrow",
    "size": "small, medium, large",
    "pizza": "margherita, marinara, diavola, pepperoni, quattro formaggi, capricciosa, prosciutto, "
    "funghi, tonno, vegetariana, hawaii, mezzaluna",
}
TIME = re.compile(r"(1[2-9]|2[01]):[0-5]\d")
SIGN_OFF = "Ciao from Luna!"
MOST_ALIKE = 0.5
"""README: the share of word triples that two messages have in common stays below this."""


def triples(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def test_enough_rows_that_all_can_be_read() -> None:
    read = load_file(FOLDER / "rows.jsonl")
    assert read.detection.name == "openai_chat"
    assert not read.rejected
    assert len(read.examples) == len(ROWS) >= 320
    for example in read.examples:
        assert isinstance(example.record, Chat)
        assert [message.role for message in example.record.messages] == [
            *("system", "user", "assistant")
        ]
    assert len({row["messages"][0]["content"] for row in ROWS}) == 1


def test_no_two_are_alike() -> None:
    assert len({message.casefold() for message in MESSAGES}) == len(ROWS)
    assert len({answer["reply"].casefold() for answer in ANSWERS}) == len(ROWS)
    found = [triples(message) for message in MESSAGES]
    nearest = max(len(a & b) / len(a | b) for a, b in combinations(found, 2))
    assert nearest < MOST_ALIKE


def test_every_answer_keeps_to_the_schema() -> None:
    assert {
        line: wrong for line, answer in enumerate(ANSWERS, 1) if (wrong := faults(answer))
    } == {}


def faults(answer: dict[str, Any]) -> list[str]:
    """What is wrong with an answer by the README."""
    found: list[str] = []
    items = answer.get("items", [])
    if list(answer) != KEYS.get(answer["intent"]):
        found.append(f"keys {list(answer)}")
    if any(list(item) != ["pizza", "size", "count"] or item["count"] < 1 for item in items):
        found.append(f"items {items}")
    for part in (answer, *items):
        wrong = {
            name for name in part.keys() & LABELS if part[name] not in LABELS[name].split(", ")
        }
        found += [f"{name} {part[name]}" for name in wrong]
    if answer.get("people", 1) < 1 or not TIME.fullmatch(answer.get("time", "12:00")):
        found.append(f"people {answer['people']}, time {answer['time']}")
    sentence, _, rest = answer["reply"].partition(SIGN_OFF)
    if rest or not 6 <= len(sentence.split()) <= 14:
        found.append(f"reply {answer['reply']}")
    return found


def test_the_readme_says_how_many_how_written_and_the_licence() -> None:
    assert f"holds {len(ROWS)} short exchanges" in README
    counts = {name: int(count) for name, count in re.findall(r"\| `(\w+)` +\| +(\d+) \|", README)}
    assert counts == {name: sum(a["intent"] == name for a in ANSWERS) for name in KEYS}
    assert "## How it was written" in README
    assert "CC0-1.0" in README.partition("## Licence")[2]


def test_the_data_doctor_finds_nothing_that_hurts() -> None:
    found = postgrad.check(FOLDER / "job.yaml")
    assert found["problem"] is None
    assert [each["code"] for each in found["findings"] if each["severity"] != "look"] == []
