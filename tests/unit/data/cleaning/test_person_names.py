"""People's names, as a model finds them: masked once and for all, together with the other rule."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from postgrad.core.findings import Hit
from postgrad.core.interfaces import StepContext
from postgrad.core.records import Chat, Message
from postgrad.data.cleaning.person_names import PersonNames
from postgrad.data.cleaning.personal_data import PersonalData
from postgrad.data.rows import Row, Rows, Size
from postgrad.errors import SetupError
from postgrad.models.cache import Cache, default_cache_root
from postgrad.models.small import ensure

KNOWN = re.compile(r"(?i:marta(?: nowak)?|jonas|ana)|NAME")


def read(texts: Sequence[str]) -> list[list[tuple[int, int]]]:
    return [[found.span() for found in KNOWN.finditer(text)] for text in texts]


def rows(*questions: str) -> Rows:
    return Rows(
        [
            Row(
                index,
                "train",
                "a.jsonl",
                index + 1,
                Chat((Message("user", question), Message("assistant", "Done."))),
                None,
                Size(20, 10),
            )
            for index, question in enumerate(questions)
        ]
    )


def masks(hits: Sequence[Hit]) -> dict[str, str]:
    return {old.casefold(): new for hit in hits for old, new in hit.replace}


def test_a_name_has_one_placeholder_in_all_rows() -> None:
    found = list(PersonNames(read).find(rows("Ask Marta Nowak.", "Is MARTA NOWAK in?", "Jonas?")))
    assert [hit.row for hit in found] == [0, 1, 2]
    assert masks(found) == {"marta nowak": "[NAME_1]", "jonas": "[NAME_2]"}
    assert all("Nowak" not in hit.what for hit in found)


def test_both_rules_give_a_name_the_same_placeholder_and_no_two_names_one() -> None:
    both = rows("Where is Jonas?", "My name is Ana.", "Ask Marta.", "Hi, my name is Eva.")
    said, found = (masks(list(rule.find(both))) for rule in (PersonalData(), PersonNames(read)))
    assert said["ana"] == found["ana"]
    every = said | found
    assert set(every) == {"ana", "eva", "jonas", "marta"}
    assert len(set(every.values())) == 4


def test_placeholders_are_no_names_and_their_numbers_are_taken() -> None:
    [hit] = PersonNames(read).find(rows("Where is [NAME_3]?", "Where is Jonas?"))
    assert hit.replace == (("Jonas", "[NAME_4]"),)


def test_the_real_model_finds_names_with_and_without_capitals() -> None:
    pytest.importorskip("onnxruntime", reason="the extra [names] is not installed")
    root = default_cache_root(os.environ)
    try:
        ensure("rampart", Cache(root), offline=True)
    except SetupError:
        pytest.skip("not on this machine: postgrad models pull rampart")
    from postgrad.models.recognisers.rampart import Rampart

    texts = [
        "Could you ask Marta Nowak to call me back? It's Marta's birthday.",
        "thanks riley that was quick",
        "The bus stops behind the church.",
        "",
        "Please send it to the office. " * 40 + "Regards from Dominik Hartmann and the team.",
    ]
    context = StepContext(Path(), lambda event: None, lambda: False, root, offline=True)
    found = Rampart().read(texts, context)
    names = [[text[a:b] for a, b in spans] for text, spans in zip(texts, found, strict=True)]
    assert names[0] == ["Marta Nowak", "Marta"]
    assert names[1] == ["riley"]
    assert names[2:4] == [[], []]
    assert names[4] == ["Dominik Hartmann"]
