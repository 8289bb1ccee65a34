"""Helpdesk tables (CSV, and whatever else has columns), as chats.

Either each row is a message of a ticket (ticket, author or role, text, time), or it is a question
with its answer. Which column is which is seen from its name, or said with `columns.*`.
"""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from postgrad.core.collecting import Columns, Look, Row, Skipped, Used, Visit
from postgrad.core.records import Chat, Message
from postgrad.data.collect.house import MOST_CHARACTERS, MOST_MESSAGES, House, chat_of
from postgrad.data.collect.spill import table
from postgrad.data.collect.texts import sound
from postgrad.data.read import SourceRow, read_rows
from postgrad.errors import JobError, RowError

TELL_ROWS = 1000
"""Progress is told once for so many rows."""

NAMES: dict[str, tuple[str, ...]] = {
    "question": (
        "question",
        "customer_message",
        "customer_question",
        "inquiry",
        "request",
        "query",
    ),
    "answer": ("answer", "agent_reply", "agent_response", "reply", "response", "resolution"),
    "ticket": (
        *("ticket_id", "ticket", "ticket_number", "case_id", "case", "case_number"),
        *("conversation_id", "conversation", "thread_id", "thread", "issue_id", "request_id"),
    ),
    "author": (
        *("role", "author_role", "author_type", "sender_type", "author", "sender"),
        *("from", "author_name", "author_email", "author_id", "sender_email", "user", "who"),
    ),
    "body": ("body", "message", "text", "comment", "content", "message_body", "plain_body"),
    "time": ("created_at", "time", "timestamp", "sent_at", "date", "created", "updated_at"),
    "public": ("public", "is_public", "visibility"),
}
"""Names of columns as the exports of helpdesks have them (Zendesk, Freshdesk, Intercom, Help Scout
among them), in lower case with underscores."""

HOUSE_ROLES = frozenset(
    (
        *("agent", "admin", "support", "staff", "operator", "employee", "assistant", "team"),
        *("company", "business", "representative", "rep", "outbound", "outgoing"),
    )
)
CUSTOMER_ROLES = frozenset(
    (
        *("customer", "client", "user", "end_user", "enduser", "requester", "contact", "visitor"),
        *("lead", "guest", "buyer", "inbound", "incoming"),
    )
)
MACHINE_ROLES = frozenset(("bot", "system", "automation", "workflow", "trigger", "autoresponder"))
PRIVATE = frozenset(("false", "0", "no", "n", "private", "internal"))
MOST_SHOWN = 6
"""Authors that an error names."""


class Helpdesk:
    """A table with a row for each message of a ticket, or for each question and its answer."""

    name = "helpdesk"
    title = "a helpdesk table"
    item = "row"
    gives = "chats"

    def recognises(self, look: Look) -> int:
        """1 if the columns that it needs are there."""
        if look.is_folder or not look.rows:
            return 0
        try:
            _columns(list(look.rows[0]), look.settings.columns)
        except JobError:
            return 0
        return 1

    def collect(self, path: Path, visit: Visit) -> Iterator[Used | Skipped]:
        """The chat of each ticket, or of each row.

        Raises:
            DataError: the file can't be read.
            JobError: it is not known which columns or which authors are which.
        """
        rows = read_rows(path)
        head: list[SourceRow] = []
        for row in rows:
            head.append(row)
            if row.row is not None:
                break
        names = list(head[-1].row or {}) if head else []
        columns = _columns(names, visit.settings.columns)
        visit.note(columns.sentence)
        every = _told(itertools.chain(head, rows), visit)
        yield from _pairs(every, columns) if columns.question else _tickets(every, columns, visit)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The names of the columns in use; "" where there is none."""

    ticket: str = ""
    author: str = ""
    body: str = ""
    time: str = ""
    public: str = ""
    question: str = ""
    answer: str = ""

    @property
    def sentence(self) -> str:
        if self.question:
            return f"Questions are in the column {self.question}, answers in {self.answer}."
        order = f"in the order of {self.time}" if self.time else "in the order of the file"
        return (
            f"Tickets are told apart by the column {self.ticket}, authors by {self.author}; "
            f"messages are in {self.body}, {order}."
        )


def _columns(names: Sequence[str], said: Columns) -> _Columns:
    """The columns in use: those that were said, else those whose names tell.

    Raises:
        JobError: a column that was said is not there, or one that is needed is not known.
    """
    plain = {re.sub(r"\W+", "_", name.strip().lower()).strip("_"): name for name in names}
    found: dict[str, str] = {}
    for part, known in NAMES.items():
        column = getattr(said, part)
        if column is not None and column not in names:
            raise JobError(
                f"columns.{part} is {column!r}, and there is no such column.",
                fix=f"The columns are: {', '.join(names)}",
                code="unknown_column",
            )
        found[part] = column or next((plain[name] for name in known if name in plain), "")
    pairs = bool(found["question"] and found["answer"])
    messages = bool(found["ticket"] and found["author"] and found["body"])
    said_messages = said.ticket or said.author or said.body
    if messages and (said_messages or not pairs):
        return _Columns(**{**found, "question": "", "answer": ""})
    if pairs:
        return _Columns(question=found["question"], answer=found["answer"])
    missing = [part for part in ("ticket", "author", "body") if not found[part]]
    raise JobError(
        f"It is not known which column is the {' or the '.join(missing)}.",
        why=f"The columns are: {', '.join(names)}.",
        fix=" ".join(f"--set columns.{part}=NAME" for part in missing),
        code="unknown_columns",
    )


def _told(rows: Iterable[SourceRow], visit: Visit) -> Iterator[tuple[str, SourceRow]]:
    for number, row in enumerate(rows, 1):
        if number % TELL_ROWS == 0:
            visit.progress(number, 0, "rows")
        yield f"{visit.label}:{row.line}", row


def _cell(row: SourceRow, column: str) -> str:
    value = (row.row or {}).get(column) if column else None
    return "" if value is None else sound(str(value)).strip()


def _pairs(rows: Iterable[tuple[str, SourceRow]], columns: _Columns) -> Iterator[Used | Skipped]:
    for source, row in rows:
        if row.error is not None:
            yield Skipped(source, row.error.code, row.error.what, row.error.fix)
            continue
        question, answer = _cell(row, columns.question), _cell(row, columns.answer)
        if question and answer:
            turns = (Message("user", question), Message("assistant", answer))
            yield Used(Row(Chat(turns), source))
        else:
            which = columns.answer if question else columns.question
            yield Skipped(source, "no_text", f"The cell {which} is empty.")


def _tickets(
    rows: Iterable[tuple[str, SourceRow]], columns: _Columns, visit: Visit
) -> Iterator[Used | Skipped]:
    statements = (
        "CREATE TABLE messages"
        " (number INTEGER PRIMARY KEY, ticket TEXT, time REAL, author TEXT, body TEXT, place TEXT)",
        "CREATE TABLE authors (name TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID",
    )
    with table(visit.scratch, *statements) as spill:
        for source, row in rows:
            told = _put(spill, source, row, columns)
            if told is not None:
                yield told
        house = House(visit.settings.house)
        _check_authors(spill, house, columns)
        order = "number"
        if columns.time:
            [unread] = spill.execute("SELECT count(*) FROM messages WHERE time IS NULL").fetchone()
            order = "number" if unread else "time, number"
            if unread:
                visit.note(
                    f"{unread:,} times in {columns.time} are no ISO 8601 dates: the messages of a "
                    "ticket stay in the order of the file."
                )
        spill.execute(f"CREATE INDEX by_ticket ON messages (ticket, {order})")
        tickets = spill.execute(
            "SELECT ticket, count(*), min(number) FROM messages GROUP BY ticket ORDER BY 3"
        )
        for ticket, number, _ in tickets:
            found = spill.execute(
                "SELECT author, body, place FROM messages WHERE ticket = ?"
                f" ORDER BY {order} LIMIT {MOST_MESSAGES + 1}",
                (ticket,),
            )
            yield from _ticket(found.fetchall(), number, house)


def _put(
    spill: sqlite3.Connection, source: str, row: SourceRow, columns: _Columns
) -> Skipped | None:
    """Keep a message until its ticket is complete; says why, if it can't be used."""
    if row.error is not None:
        return Skipped(source, row.error.code, row.error.what, row.error.fix)
    ticket, author, body = (
        _cell(row, column) for column in (columns.ticket, columns.author, columns.body)
    )
    if not body:
        return Skipped(source, "no_text", f"The cell {columns.body} is empty.")
    if len(body) > MOST_CHARACTERS:
        what = f"A message of {len(body):,} characters is a log or a list."
        return Skipped(source, "too_large", what)
    if not ticket:
        return Skipped(source, "no_ticket", f"The cell {columns.ticket} is empty.")
    if _role(author) in MACHINE_ROLES:
        return Skipped(source, "automatic", f"It was written by a machine ({author}).")
    if columns.public and _cell(row, columns.public).casefold() in PRIVATE:
        return Skipped(source, "internal_note", "The customer did not see it.")
    spill.execute(
        "INSERT INTO messages (ticket, time, author, body, place) VALUES (?, ?, ?, ?, ?)",
        (ticket, _time(_cell(row, columns.time)), author, body, source),
    )
    spill.execute(
        "INSERT INTO authors VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET number = number + 1",
        (author,),
    )
    return None


def _ticket(
    found: list[tuple[str, str, str]], number: int, house: House
) -> Iterator[Used | Skipped]:
    source = found[0][2]
    turns = [(bool(_is_house(author, house)), body) for author, body, _ in found]
    try:
        chat, num_used = chat_of(turns)
    except RowError as error:
        what = f"{error.what} {error.why}".strip()
        yield Skipped(source, error.code, what, error.fix, num_items=number)
        return
    yield Used(Row(chat, source), num_used)
    for _, _, place in found[num_used:]:
        yield Skipped(place, "no_answer", "It is the ticket's end, and the house did not answer.")


def _check_authors(spill: sqlite3.Connection, house: House, columns: _Columns) -> None:
    """Raises JobError if it is not known of every author on which side they are."""
    authors = spill.execute("SELECT name, number FROM authors ORDER BY number DESC")
    unknown = (
        f"{name or 'empty'} ({number:,})"
        for name, number in authors
        if _is_house(name, house) is None
    )
    shown = list(itertools.islice(unknown, MOST_SHOWN))
    if shown:
        raise JobError(
            f"It is not known who of the authors in {columns.author} is your own side: "
            f"{', '.join(shown)}.",
            why="Your side's messages are what is learned.",
            fix="Say the names, addresses or domains: --set house=NAME,NAME",
            code="unknown_house",
        )


def _is_house(author: str, house: House) -> bool | None:
    """Whether an author is the house; None: not known."""
    role = _role(author)
    if house.has(author) or role in HOUSE_ROLES:
        return True
    return False if house or role in CUSTOMER_ROLES else None


def _role(author: str) -> str:
    return re.sub(r"[\W_]+", "_", author.casefold()).strip("_")


def _time(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 date or a Unix time; other forms are ambiguous."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
