"""A code base, file by file: first its functions and conventions, then the tests of these."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

from postgrad.core.collecting import CODE_TASKS, CollectSettings, Look, Row, Skipped, Used, Visit
from postgrad.core.records import Chat, Message
from postgrad.data.collect.licences import licence_of_header
from postgrad.data.collect.readers.plain import read_markdown
from postgrad.data.collect.sources.code import tested
from postgrad.data.collect.sources.code.conventions import GUIDE, conventions
from postgrad.data.collect.sources.code.python import (
    LEAST_DOC_WORDS,
    MOST_CHARACTERS,
    Module,
    functions,
    parse_module,
)
from postgrad.data.collect.sources.code.repository import Repository
from postgrad.data.collect.spill import table
from postgrad.data.collect.texts import read_bytes
from postgrad.data.collect.walk import Found, count, walk
from postgrad.errors import JobError, RowError

MAX_FILE_BYTES = 1024 * 1024
"""What people write is far smaller; larger files are data, or a program wrote them."""
HEAD_BYTES = 4000
"""Files that a program wrote say so at their beginning, and there is the SPDX line, too (SPDX 2.3,
annex E)."""
GENERATED = ("@generated", "DO NOT EDIT", "Do not edit", "do not edit")

NOTHING_DOCUMENTED = "No function in it is documented."
NOTHING_TESTED = "It is not clear which function its tests test."
NOTHING_SAID = "None of its sections says anything."

FUNCTION_TASKS = ("write_function", "write_docstring")

_TESTS = "CREATE TABLE tests (path BLOB, source TEXT, inner TEXT)"


class Code:
    """A folder with Python code."""

    name = "code"
    title = "a code base"
    item = "file"
    gives = "chats"

    def recognises(self, look: Look) -> int:
        """How many Python files there are."""
        return look.endings.get(".py", 0) if look.is_folder else 0

    def collect(self, path: Path, visit: Visit) -> Iterator[Used | Skipped]:
        """The rows of each file, and the files and folders that give none.

        Raises:
            DataError: its licence is not known, or does not permit it.
            JobError: there is no such task.
            SetupError: a package that reads licences or .gitignore is missing.
        """
        settings = visit.settings
        _check_tasks(settings.tasks)
        repository = Repository(path, visit.label, settings.allow)
        visit.note(f"Its licence: {repository.licence}.")
        total, done = count(path, repository.refuse), 0
        with table(visit.scratch, *tested.STATEMENTS, _TESTS) as spill:
            for found in walk(path, visit.label, repository.refuse):
                visit.progress(done, total, "files")
                if isinstance(found, Found) and _is_test(found):
                    values = (os.fsencode(found.path), found.source, found.inner)
                    spill.execute("INSERT INTO tests VALUES (?, ?, ?)", values)
                    continue
                done += 1
                if isinstance(found, Skipped):
                    yield found
                elif "state_convention" in settings.tasks and GUIDE.fullmatch(found.path.name):
                    yield from _told(found, _conventions(found, repository, visit), NOTHING_SAID)
                else:
                    yield from _told(
                        found, _rows(found, repository, settings, spill), NOTHING_DOCUMENTED
                    )
            for raw, source, inner in spill.execute("SELECT * FROM tests ORDER BY rowid"):
                done += 1
                visit.progress(done, total, "files")
                found = Found(Path(os.fsdecode(raw)), source, inner)
                yield from _told(
                    found, _test_rows(found, repository, settings.tasks, spill), NOTHING_TESTED
                )


def _check_tasks(tasks: tuple[str, ...]) -> None:
    for task in tasks:
        if task not in CODE_TASKS:
            raise JobError(
                f"There is no task {task!r} for code.",
                fix="Known: " + ", ".join(CODE_TASKS),
                code="unknown_task",
            )


def _is_test(found: Found) -> bool:
    name = found.path.name
    return name.endswith("_test.py") or (name.startswith("test_") and name.endswith(".py"))


def _told(found: Found, rows: Iterator[Row | Skipped], nothing: str) -> Iterator[Used | Skipped]:
    """The rows of a file, or why it has none."""
    num_items = 1
    try:
        for each in rows:
            if isinstance(each, Row):
                yield Used(each, num_items)
                num_items = 0
            else:
                yield each
    except RowError as error:
        yield Skipped(found.source, error.code, f"{error.what} {error.why}".strip(), error.fix)
        return
    if num_items:
        yield Skipped(found.source, "nothing_to_ask", nothing)


def _rows(
    found: Found, repository: Repository, settings: CollectSettings, spill: sqlite3.Connection
) -> Iterator[Row | Skipped]:
    """What can be asked about the functions of a file.

    Of a function either its text is asked for or its docstring, never both: the answer to one is in
    the other, and one of them may be held out for the test.
    """
    tasks = [task for task in settings.tasks if task in FUNCTION_TASKS]
    module, licence = _read(found, repository)
    for written in functions(module):
        tested.remember(spill, found.inner, written)
        source = f"{found.source}:{written.line}"
        if not tasks or written.is_stub or len(written.doc.split()) < LEAST_DOC_WORDS:
            continue
        if len(written.source) > MOST_CHARACTERS:
            yield _too_long(source, written.name, written.source)
            continue
        told = f"`{written.name}` of {found.inner}"
        drawn = zlib.crc32(f"{settings.seed}:{found.inner}:{written.name}".encode())
        if tasks[drawn % len(tasks)] == "write_function":
            ask = f"Write {told}.\n\n{written.signature}\n\nWhat it does:\n\n{written.doc}"
            yield _row("write_function", ask, written.source, source, licence)
        else:
            ask = f"Write the docstring of {told}.\n\n{written.bare}"
            yield _row("write_docstring", ask, written.doc, source, licence)


def _conventions(found: Found, repository: Repository, visit: Visit) -> Iterator[Row | Skipped]:
    """What the repository asks of those who change it."""
    document = read_markdown(found.path, visit.settings)
    licence = repository.licence_of(found.inner)
    for each in conventions(document.text):
        source = f"{found.source}:{document.first_line + each.line - 1}"
        if len(each.text) > MOST_CHARACTERS:
            yield _too_long(source, each.section or found.inner, each.text)
            continue
        about = f" on “{each.section}”" if each.section else f", by {found.inner}"
        ask = f"What are the conventions of `{visit.label}`{about}?"
        yield _row("state_convention", ask, each.text, source, licence)


def _test_rows(
    found: Found, repository: Repository, tasks: tuple[str, ...], spill: sqlite3.Connection
) -> Iterator[Row | Skipped]:
    """The tests of a file whose function is known."""
    module, licence = _read(found, repository)
    for test in functions(module):
        if not test.name.rpartition(".")[2].startswith("test") or "write_test" not in tasks:
            continue
        source = f"{found.source}:{test.line}"
        subject = tested.tested_by(spill, module, test)
        if subject is None:
            continue
        if len(test.source) + len(subject.source) > MOST_CHARACTERS:
            yield _too_long(source, test.name, test.source)
            continue
        ask = f"Write the test `{test.name}` for `{subject.name}` of {subject.path}."
        yield _row("write_test", f"{ask}\n\n{subject.source}", test.source, source, licence)


def _read(found: Found, repository: Repository) -> tuple[Module, str]:
    """A file, parsed, and its licence.

    Raises:
        RowError: it is not read, or may not be used.
    """
    if found.path.suffix != ".py":
        raise RowError("Only Python is read so far.", code="other_kind")
    data = read_bytes(found.path, MAX_FILE_BYTES)
    head = data[:HEAD_BYTES].decode("utf-8", "replace")
    comments = [line for line in head.split("\n") if line.startswith("#")]
    if any(mark in line for mark in GENERATED for line in comments):
        raise RowError("By its own word a program wrote it.", code="generated")
    licence = licence_of_header(head)
    if licence and not repository.permits(licence):
        raise RowError(
            f"It names a licence of its own, {licence}.",
            fix=f"If you may use it: --set allow={licence}",
            code="other_licence",
        )
    return parse_module(data), licence or repository.licence_of(found.inner)


def _too_long(source: str, name: str, text: str) -> Skipped:
    what = f"{name} is too long to be asked for ({len(text):,} characters)."
    return Skipped(source, "too_long", what, num_items=0)


def _row(task: str, ask: str, answer: str, source: str, licence: str) -> Row:
    chat = Chat((Message("user", ask), Message("assistant", answer)))
    return Row(chat, source, {"task": task, "licence": licence})
