"""Rows: one pass for all that looks at each of them alone, and their way between processes."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator, Sequence

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Chat, Message, Preference, Record, Text, ToolCall
from postgrad.data import doctor
from postgrad.data.rows import Piece, Row, Rows, Size

CALL = ToolCall("weather", {"city": "Rome"}, "1")
QUESTION, ANSWER = Message("user", "And Rome?"), Message("assistant", "Sunny.", weight=0)
RECORDS: tuple[Record, ...] = (
    Text("Once upon a time."),
    Chat((Message("system", ""), QUESTION, ANSWER, QUESTION, Message("assistant", "Mild."))),
    Chat((QUESTION, Message("assistant", "", (CALL,)), Message("tool", "17", (), "1", "weather"),
          Message("assistant", "17 degrees.")), ({"type": "function"},)),
    Preference((QUESTION,), Message("assistant", "Warm."), Message("assistant", "No idea.")),
)  # fmt: skip


def some_rows() -> list[Row]:
    return [
        Row(index, "train", "a.jsonl", index + 1, record, None, Size(9, 3))
        for index, record in enumerate(RECORDS)
    ]


def test_rows_come_out_of_another_process_as_they_went_in() -> None:
    rows = some_rows()
    assert pickle.loads(pickle.dumps(rows)) == rows


def test_what_the_user_says_is_what_the_pieces_say() -> None:
    for row in some_rows():
        assert row.asked == [piece.text for piece in row.pieces() if piece.role == "user"]


LOOKED: Counter[int] = Counter()


class Looking:
    """A rule that looks at each row alone."""

    name = title = "looking"
    optional = False
    kinds = (Kind("odd", "hurts", "odd rows", "Because.", "Mend it."),)

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> list[Hit]:
        LOOKED[row.index] += 1
        return [Hit("odd", row.index, piece.text) for piece in pieces if "Rome" in piece.text]

    def find(self, rows: Rows) -> Iterator[Hit]:
        return rows.hits(self.at_row)


class Comparing:
    """A rule that needs all rows at once."""

    name = title = "comparing"
    optional = False
    kinds = Looking.kinds

    def find(self, rows: Rows) -> Iterator[Hit]:
        yield Hit("odd", len(rows) - 1, "The last.")


def test_rules_that_look_at_each_row_share_one_pass() -> None:
    rows, said = Rows(some_rows()), list[tuple[str, int, int]]()
    found = doctor.examine(rows, [Comparing(), Looking()], lambda *told: said.append(told))
    assert [hit.row for hit in found.hits] == [3, 1, 1, 2, 2, 3]
    assert Counter(range(4)) == LOOKED
    assert said == [(doctor.EACH_ROW, 0, 3), ("comparing", 1, 3), ("looking", 2, 3)]
    alone = Looking().find(rows)
    assert [hit.row for hit in alone] == [1, 1, 2, 2, 3]


def test_what_is_empty_is_left_out() -> None:
    assert [index for index, _ in Rows(some_rows()).seen(_calls)] == [2]


def _calls(row: Row, pieces: Sequence[Piece]) -> list[str]:
    return [piece.path for piece in pieces if piece.path.endswith("arguments.city")]
