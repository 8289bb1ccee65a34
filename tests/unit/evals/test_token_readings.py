"""Readings of tokens: drawn within the effort, asked in parts, stored, and read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from postgrad.core.generation import Prediction
from postgrad.core.interfaces import Answerer, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Record, Text
from postgrad.core.task import Task
from postgrad.errors import RowError
from postgrad.evals import token_readings
from postgrad.evals.token_readings import AT_ONCE, MOST_CHARACTERS_QUICK, ask, detail, drawn, tokens

LABELS = Task("label", "label_match", (), "")


@dataclass
class Reader:
    """Reads texts character by character; refuses those with a question mark."""

    asked: list[int] = field(default_factory=list[int])

    def predictions(self, records: Sequence[Record], **_: Any) -> list[list[Prediction]]:
        self.asked.append(len(records))
        found: list[list[Prediction]] = []
        for record in records:
            assert isinstance(record, Text)
            if "?" in record.text:
                raise RowError("It can't be shown.", code="odd")
            found.append(
                [Prediction(ord(c), c, -1.0, n, {}, ()) for n, c in enumerate(record.text)]
            )
        return found


def sitting(**changes: Any) -> Sitting:
    reader = cast("Answerer", Reader())
    plain = Sitting("base", reader, LABELS, (), (), (), (), 8, True, 0, lambda done, total: None)
    return replace(plain, **changes)


def test_as_many_are_drawn_as_the_effort_allows() -> None:
    sizes = [100 + number for number in range(400)]
    found = drawn(sizes, lambda size: size, sitting())
    assert sum(found) <= MOST_CHARACTERS_QUICK
    assert found == sorted(found)
    assert found == drawn(sizes, lambda size: size, sitting())
    assert found != drawn(sizes, lambda size: size, sitting(seed=1))
    assert len(drawn(sizes, lambda size: size, sitting(is_quick=False))) > 3 * len(found)
    assert len(drawn([10**9, 10**9], lambda size: size, sitting())) == 1
    long = MOST_CHARACTERS_QUICK // 4
    assert len(drawn([long] * 40, lambda size: size, sitting())) == 10
    assert len(drawn([2 * long] * 40, lambda size: size, sitting())) == 8
    assert drawn([], lambda size: 1, sitting()) == []


def test_what_can_t_be_shown_has_no_predictions_and_spoils_no_other() -> None:
    reader, done = Reader(), list[int]()
    texts: list[Record] = [Text("ab?" if number == 3 else "ab") for number in range(AT_ONCE + 4)]
    found = ask(cast("Answerer", reader), texts, lambda count, total: done.append(count))
    assert [len(each) for each in found] == [0 if n == 3 else 2 for n in range(AT_ONCE + 4)]
    assert done == [AT_ONCE, AT_ONCE + 4]
    assert reader.asked == [AT_ONCE, *[1] * AT_ONCE, 4]


def test_stored_and_read_again() -> None:
    [predictions] = Reader().predictions([Text("an oven.")])
    stored = json.loads(json.dumps(detail(predictions)))
    reading = Reading("row", "", {}, detail=stored)
    found = list(tokens([reading], frozenset()))
    assert [token.piece for token in found] == list("an oven.")
    assert [token.kind for token in found[:4]] == ["grammar", "grammar", "sign", "content"]
    assert found[-1].kind == "end"
    assert [token.reach for token in found[:4]] == ["first", "near", "near", "far"]
    assert abs(found[0].bits - 1.4427) < 0.001
    assert [token.position for token in found] == list(range(8))


def test_nothing_read_is_no_token() -> None:
    reading = Reading("row", "", {}, detail=detail([]))
    assert list(tokens([reading], frozenset())) == []


def test_labels_have_no_form() -> None:
    readings = [Reading(str(n), "", {}, detail=detail(cut("it is red"))) for n in range(20)]
    assert token_readings.form_of(readings, labels=False) == {"it", "is", "red"}
    assert token_readings.form_of(readings, labels=True) == frozenset()


def cut(text: str) -> list[Prediction]:
    """The text's words as tokens, and an end."""
    words = [word if n == 0 else " " + word for n, word in enumerate(text.split())]
    return [Prediction(0, word, -1.0, 0, {}, ()) for word in [*words, "<end>"]]
