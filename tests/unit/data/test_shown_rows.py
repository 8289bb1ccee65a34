"""Which rows a person is shown."""

from __future__ import annotations

from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Chat, Message
from postgrad.data.doctor import Diagnosis, examine
from postgrad.data.rows import Row, Rows, Size
from postgrad.data.shown_rows import LEAST_SAMPLE, MOST_ROWS, shown_rows


class Two:
    """A common finding in every second row, a rare one in one row."""

    name = title = "two"
    optional = False
    kinds = (
        Kind("common", "look", "common", "Because.", "Look."),
        Kind("rare", "blocks", "rare", "Because.", "Look."),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        yield from (Hit("common", row.index, "odd") for row in rows if row.index % 2)
        if len(rows) > 900:
            yield Hit("rare", 901, "odd")


def diagnosis(count: int) -> Diagnosis:
    record = Chat((Message("user", "Why?"), Message("assistant", "So. " * 3000)))
    rows = [Row(i, "train", "a", i + 1, record, None, Size(20, 10)) for i in range(count)]
    return examine(Rows(rows), [Two()])


def test_a_common_finding_does_not_hide_a_rare_one_or_the_ordinary() -> None:
    rows = shown_rows(diagnosis(1000))
    assert len(rows) == MOST_ROWS
    assert rows[0]["line"] == 902
    assert rows[0]["findings"][0]["code"] in ("rare", "common")
    ordinary = [row["line"] for row in rows if not row["findings"]]
    assert len(ordinary) == LEAST_SAMPLE
    assert max(ordinary) - min(ordinary) > 900  # from all over the file


def test_all_rows_of_a_small_file() -> None:
    assert sorted(row["line"] for row in shown_rows(diagnosis(30))) == list(range(1, 31))


def test_long_texts_are_shortened_and_say_so() -> None:
    [row] = shown_rows(diagnosis(1))
    assert "characters left out" in row["turns"][1]["text"]
    assert len(row["turns"][1]["text"]) < 5000
