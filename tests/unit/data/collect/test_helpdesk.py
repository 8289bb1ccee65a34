"""Helpdesk tables: tickets become chats, whatever their columns are called."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collecting import gather, write
from postgrad.errors import DataError, JobError


def table(head: str, *rows: str, delimiter: str = ",") -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(row.split("|") for row in (head, *rows))
    return file.getvalue()


TICKETS = table(
    "Ticket ID|Author Role|Created At|Message",
    "1|customer|2026-11-01T10:00:00Z|Where is it?",
    "2|customer|2026-11-01T10:05:00Z|Open on Sunday?",
    "2|agent|2026-11-01T10:06:00Z|No.",
    "1|agent|2026-11-01T10:20:00Z|Tomorrow.",
    "1|agent|2026-11-01T10:10:00Z|I look.",
)
CHATS = [
    [("user", "Where is it?"), ("assistant", "I look.\n\nTomorrow.")],
    [("user", "Open on Sunday?"), ("assistant", "No.")],
]


def test_tickets_are_chats_in_the_order_of_time(tmp_path: Path) -> None:
    write(tmp_path, {"t.csv": TICKETS})
    found = gather(tmp_path, "t.csv")
    assert found.chats == CHATS
    assert [row["source"] for row in found.rows] == ["t.csv:2", "t.csv:3"]
    [source] = found.result["sources"]
    assert (source["kind"], source["items"], source["used"]) == ("helpdesk", 5, 5)
    assert "Ticket ID" in source["notes"][0]


@pytest.mark.parametrize(
    "head",
    [
        "case_number|sender_type|sent_at|body",
        "conversation-id|FROM|Date|Comment",
        "thread|who|time|text",
    ],
)
def test_columns_by_many_names(tmp_path: Path, head: str) -> None:
    lines = TICKETS.replace("Ticket ID,Author Role,Created At,Message", head.replace("|", ","))
    write(tmp_path, {"t.csv": lines})
    assert gather(tmp_path, "t.csv").chats == CHATS


def test_columns_that_are_said(tmp_path: Path) -> None:
    lines = TICKETS.replace("Ticket ID,Author Role,Created At,Message", "a,b,c,d")
    write(tmp_path, {"t.csv": lines})
    with pytest.raises(DataError, match="a, b, c, d") as caught:
        gather(tmp_path, "t.csv")
    assert caught.value.code == "unknown_columns"
    assert "--set columns.ticket=" in caught.value.fix
    said = {
        "columns__ticket": "a",
        "columns__author": "b",
        "columns__body": "d",
        "columns__time": "c",
    }
    assert gather(tmp_path, "t.csv", **said).chats == CHATS
    with pytest.raises(JobError) as wrong:
        gather(tmp_path, "helpdesk:t.csv", out="b.jsonl", columns__ticket="e")
    assert wrong.value.code == "unknown_column"


def test_questions_with_their_answers(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"t.csv": table("id|Customer Message|Agent Reply", "1|Hi?|Hello.", "2|Well?|", "3||Yes.")},
    )
    found = gather(tmp_path, "t.csv")
    assert found.chats == [[("user", "Hi?"), ("assistant", "Hello.")]]
    assert found.codes == {"t.csv:3": "no_text", "t.csv:4": "no_text"}


def test_authors_who_are_names(tmp_path: Path) -> None:
    lines = TICKETS.replace("customer", "Ann").replace("agent", "Ben Ó")
    write(tmp_path, {"t.csv": lines})
    with pytest.raises(JobError, match=r"Ben Ó \(3\), Ann \(2\)") as caught:
        gather(tmp_path, "t.csv")
    assert caught.value.code == "unknown_house"
    assert gather(tmp_path, "t.csv", house="ben ó").chats == CHATS
    mails = lines.replace("Ben Ó", "ben@acme.example").replace("Ann", "ann@c.example")
    write(tmp_path, {"m.csv": mails})
    assert gather(tmp_path, "m.csv", out="b.jsonl", house="acme.example").chats == CHATS


def test_what_the_customer_did_not_see_or_no_person_wrote(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "t.csv": table(
                "ticket|role|text|public",
                "1|user|Hi?|true",
                "1|agent|He is a nuisance.|false",
                "1|bot|We got your message.|true",
                "1|agent|Hello.|true",
                "1|user|Bye.|true",
                "2|user||true",
                "|user|lost|true",
                "3|user|Nobody answers.|true",
            )
        },
    )
    found = gather(tmp_path, "t.csv")
    assert found.chats == [[("user", "Hi?"), ("assistant", "Hello.")]]
    assert found.codes == {
        "t.csv:3": "internal_note",
        "t.csv:4": "automatic",
        "t.csv:6": "no_answer",
        "t.csv:7": "no_text",
        "t.csv:8": "no_ticket",
        "t.csv:9": "no_answer",
    }
    [source] = found.result["sources"]
    assert (source["items"], source["used"], source["skipped"]) == (8, 2, 6)


def test_times_that_can_not_be_read_are_said(tmp_path: Path) -> None:
    lines = TICKETS.replace("2026-11-01T10:20:00Z", "1/11/26 10:20")
    write(tmp_path, {"t.csv": lines})
    found = gather(tmp_path, "t.csv")
    assert found.chats[0][1] == ("assistant", "Tomorrow.\n\nI look.")
    assert any("ISO 8601" in note for note in found.result["sources"][0]["notes"])


def test_rows_that_are_broken_have_a_reason(tmp_path: Path) -> None:
    write(tmp_path, {"t.csv": TICKETS + "3,customer\n"})
    found = gather(tmp_path, "t.csv")
    assert found.chats == CHATS
    assert found.codes == {"t.csv:7": "wrong_cell_count"}


CELLS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=6)


@given(
    st.lists(
        st.tuples(st.sampled_from("123 "), st.sampled_from(["agent", "user", "bot"]), CELLS, CELLS),
        max_size=15,
    )
)
@settings(max_examples=50, deadline=None)
def test_every_row_is_used_or_has_a_reason(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("t")
    sure = [("9", "user", "1", "Sure?"), ("9", "agent", "2", "Sure.")]
    with (folder / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("ticket", "role", "time", "text"), *sure, *rows])
    found = gather(folder, "t.csv")
    [source] = found.result["sources"]
    assert source["used"] + source["skipped"] == len(rows) + 2
    words = [text.strip() for chat in found.chats for _, text in chat]
    assert all(words)
