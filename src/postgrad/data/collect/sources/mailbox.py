"""Mailboxes (mbox, Maildir, .eml files), as chats.

Mails that answer each other are a thread, by their References and In-Reply-To; the mails of the
house are what is learned. What they quote and their signatures are left out.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from postgrad.core.collecting import Look, Row, Skipped, Used, Visit
from postgrad.data.collect.house import MOST_MESSAGES, House, chat_of
from postgrad.data.collect.mails import MAX_MAIL_BYTES, Mail, is_mbox, mbox_mails, read_mail
from postgrad.data.collect.spill import table
from postgrad.data.collect.texts import read_bytes, too_large
from postgrad.data.collect.walk import Found, count, walk
from postgrad.errors import DataError, JobError, RowError, SetupError

MAILDIR = frozenset(("cur", "new"))
ASKED_MAILS = 500
"""Mails that are looked at to name the house's likely domains."""

STATEMENTS = (
    "CREATE TABLE mails (number INTEGER PRIMARY KEY, thread INTEGER, time REAL, house INTEGER,"
    " subject TEXT, text TEXT, place TEXT)",
    "CREATE INDEX by_thread ON mails (thread, time, number)",
    "CREATE TABLE ids (id TEXT PRIMARY KEY, thread INTEGER, is_there INTEGER) WITHOUT ROWID",
    "CREATE TABLE joined (thread INTEGER PRIMARY KEY, other INTEGER)",
)


class Mailbox:
    """An mbox file, a Maildir, a mail, or a folder of these."""

    name = "mailbox"
    title = "a mailbox"
    item = "mail"
    gives = "chats"

    def recognises(self, look: Look) -> int:
        """How many files hold mails."""
        if not look.is_folder:
            is_mail = look.path.suffix.lower() in (".eml", ".mbox")
            return int(is_mail or is_mbox(look.path))
        if look.names >= MAILDIR:
            return sum(look.endings.values())
        nameless = [name for name in look.names if "." not in name]
        unmarked = sum(is_mbox(look.path / name) for name in nameless)
        return look.endings.get(".eml", 0) + look.endings.get(".mbox", 0) + unmarked

    def collect(self, path: Path, visit: Visit) -> Iterator[Used | Skipped]:
        """The chat of each thread, and the mails that are in none.

        Raises:
            JobError: it is not known who the house is.
        """
        house = House(visit.settings.house)
        if not house:
            raise _unknown_house(path, visit)
        with table(visit.scratch, *STATEMENTS) as spill:
            for place, mail in _mails(path, visit):
                told = mail if isinstance(mail, Skipped) else _put(spill, place, mail, house)
                if told is not None:
                    yield told
            _join(spill)
            threads = spill.execute(
                "SELECT thread, count(*) FROM mails GROUP BY thread ORDER BY min(number)"
            )
            for thread, number in threads:
                found = spill.execute(
                    "SELECT house, subject, text, place FROM mails WHERE thread = ?"
                    f" ORDER BY time, number LIMIT {MOST_MESSAGES + 1}",
                    (thread,),
                )
                yield from _thread(found.fetchall(), number)


def _mails(path: Path, visit: Visit) -> Iterator[tuple[str, Mail | Skipped]]:
    """(place, mail) of each mail, or why it can't be used."""
    total = count(path, with_hidden=True)
    for done, found in enumerate(walk(path, visit.label, with_hidden=True)):
        visit.progress(done, total, "files")
        if isinstance(found, Skipped):
            yield found.source, found
            continue
        for place, data in _raw(found):
            if isinstance(data, Skipped):
                yield place, data
                continue
            visit.progress(done, total, "files")
            try:
                yield place, read_mail(data, visit.settings)
            except (RowError, SetupError) as error:
                yield place, Skipped(place, error.code, error.what, error.fix)


def _raw(found: Found) -> Iterator[tuple[str, bytes | Skipped]]:
    """(place, bytes) of each mail of a file."""
    is_one = found.path.suffix.lower() == ".eml" or found.path.parent.name in MAILDIR
    try:
        if is_one:
            yield found.source, read_bytes(found.path, MAX_MAIL_BYTES)
        elif not is_mbox(found.path):
            what = "It is neither a mail nor a mailbox."
            yield found.source, Skipped(found.source, "other_kind", what)
        else:
            for line, data in mbox_mails(found.path):
                place = f"{found.source}:{line}"
                yield place, _too_large(place) if data is None else data
    except RowError as error:
        yield found.source, Skipped(found.source, error.code, error.what, error.fix)
    except OSError as error:
        what = f"It can't be read: {error.strerror or error}."
        yield found.source, Skipped(found.source, "unreadable", what)


def _too_large(place: str) -> Skipped:
    error = too_large(MAX_MAIL_BYTES)
    return Skipped(place, error.code, error.what)


def _put(spill: sqlite3.Connection, place: str, mail: Mail, house: House) -> Skipped | None:
    """Keep a mail until its thread is complete; says so, if it is there already."""
    if (
        mail.id
        and spill.execute("SELECT 1 FROM ids WHERE id = ? AND is_there", (mail.id,)).fetchone()
    ):
        return Skipped(place, "duplicate", f"The mail {mail.id} is there twice.")
    names = [name for name in (mail.id, *mail.references) if name]
    marks = ", ".join("?" * len(names))
    known = spill.execute(f"SELECT DISTINCT thread FROM ids WHERE id IN ({marks})", names)
    threads = sorted({_root(spill, thread) for (thread,) in known.fetchall()})
    [number] = spill.execute("SELECT coalesce(max(number), 0) + 1 FROM mails").fetchone()
    thread = threads[0] if threads else number
    spill.executemany("INSERT INTO joined VALUES (?, ?)", [(o, thread) for o in threads[1:]])
    spill.executemany(
        "INSERT INTO ids VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
        " SET is_there = max(is_there, excluded.is_there)",
        [(name, thread, name == mail.id) for name in names],
    )
    spill.execute(
        "INSERT INTO mails VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, thread, mail.time, house.has(mail.sender), mail.subject, mail.text, place),
    )
    return None


def _root(spill: sqlite3.Connection, thread: int) -> int:
    """The thread into which a thread was joined, if it was."""
    while found := spill.execute("SELECT other FROM joined WHERE thread = ?", (thread,)).fetchone():
        [thread] = found
    return thread


def _join(spill: sqlite3.Connection) -> None:
    """Give the mails of joined threads one number, that of the oldest of them."""
    for (thread,) in spill.execute("SELECT thread FROM joined").fetchall():
        spill.execute(
            "UPDATE mails SET thread = ? WHERE thread = ?", (_root(spill, thread), thread)
        )


def _thread(found: list[tuple[int, str, str, str]], number: int) -> Iterator[Used | Skipped]:
    _, subject, text, source = found[0]
    texts = [text for _, _, text, _ in found]
    if subject:
        texts[0] = f"Subject: {subject}\n\n{text}"
    turns = [(bool(house), text) for (house, *_), text in zip(found, texts, strict=True)]
    try:
        chat, num_used = chat_of(turns)
    except RowError as error:
        what = f"{error.what} {error.why}".strip()
        yield Skipped(source, error.code, what, error.fix, num_items=number)
        return
    yield Used(Row(chat, source), num_used)
    for *_, place in found[num_used:]:
        yield Skipped(place, "no_answer", "It is the thread's end, and the house did not answer.")


def _unknown_house(path: Path, visit: Visit) -> Exception:
    mails = (mail for _, mail in _mails(path, visit) if isinstance(mail, Mail))
    domains: Counter[str] = Counter()
    for mail in islice(mails, ASKED_MAILS):
        # who is written to first is the house, as a rule
        asked = mail.addresses if not mail.references else (mail.sender, *mail.addresses)
        domains.update({who.rpartition("@")[2].lower() for who in asked})
    if not domains:
        return DataError(
            f"No mail in {path} can be read.",
            fix="Give an mbox file, a Maildir, or a folder of .eml files.",
            code="no_mails",
        )
    seen = ", ".join(f"{domain} ({number:,})" for domain, number in domains.most_common(5))
    return JobError(
        "It is not known who in the mails is your own side.",
        why=f"Your side's mails are what is learned. Most mails are from or to: {seen}.",
        fix=f"Say your domains or addresses: --set house={domains.most_common(1)[0][0]}",
        code="unknown_house",
    )
