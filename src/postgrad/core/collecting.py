"""Collecting: what a small company has, as rows that can be learned.

A collector (`data/collect/sources/`) reads one kind of source and says of each *item* in it (a
document, an e-mail, a file of code) either which rows it gave or why it gave none.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from postgrad.core.field_docs import field_docs
from postgrad.core.job import Section
from postgrad.core.records import Record
from postgrad.errors import JobError


def _names(value: object) -> object:
    """A list, also where it was written as one text with commas."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]

CODE_TASKS = ("write_function", "write_docstring", "write_test", "state_convention")
MAIL_LANGUAGES = ("en", "de", "es", "fr", "it", "ja", "ko", "nl", "zh")
"""Danish, Swedish, Polish and Czech are known too, but their short signs ("Tak", "/Anna") also
begin sentences of other languages: they are for those who write in them."""


class Columns(Section):
    """Which column of a helpdesk table holds what; null: from its name."""

    ticket: str | None = None
    """The column that is the same for all messages of one ticket."""
    author: str | None = None
    """The column that says who wrote a message, or in which role."""
    body: str | None = None
    """The column with the text of a message."""
    time: str | None = None
    """The column that says when a message was written."""
    public: str | None = None
    """The column that says whether the customer saw a message."""
    question: str | None = None
    """The column with a question, where a row is a question and its answer."""
    answer: str | None = None
    """The column with the answer to it."""


class CollectSettings(Section):
    """What a collection may be told; each key has a default that needs no thought."""

    house: Names = ()
    """Your own side in mails and tickets: addresses, domains or names, with commas between."""
    allow: Names = ()
    """Licences of code that may be learned from all the same, as SPDX names; unknown: any other."""
    encoding: str | None = None
    """The encoding of texts that are not UTF-8, as cp1252; null: they are skipped, and listed."""
    whole_documents: bool = False
    """True: a row for each document; false: for each part of it, of about 500 tokens."""
    tasks: Names = CODE_TASKS
    """What is asked about code: write_function, write_docstring, write_test, state_convention."""
    mail_languages: Names = MAIL_LANGUAGES
    """Languages in which quoted mails and signatures are recognised."""
    columns: Columns = Field(default_factory=Columns)
    """Which column of a helpdesk table holds what."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Decides which rows of a source are taken, where not all are."""

    @classmethod
    def build(cls, changes: Mapping[str, Any]) -> CollectSettings:
        """The settings from dotted keys with values, as `{"columns.body": "text"}`.

        Raises:
            JobError: an unknown key (with the nearest known one), or a value that does not fit.
        """
        values: dict[str, Any] = {}
        for key, value in changes.items():
            if key not in _known_keys():
                raise _unknown_key(key)
            section, _, name = key.rpartition(".")
            (values.setdefault(section, {}) if section else values)[name] = value
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
            raise JobError(
                f"{key} can't be {first.get('input')!r}.",
                why=first["msg"] + ".",
                fix=f"{key}: {_known_keys().get(key, '')}",
                code="invalid_setting",
            ) from None


@dataclass(frozen=True, slots=True)
class Look:
    """What can be seen of a source before it is read.

    Attributes:
        path: a file or a folder.
        is_folder: which of the two.
        settings: of the collection.
        endings: number of files by their ending (".pdf", in lower case), of a folder the first
            few thousand.
        head: the first bytes of a file.
        names: of the files and folders directly in a folder.
        rows: the first rows of a file that has rows.
    """

    path: Path
    is_folder: bool
    settings: CollectSettings
    endings: Mapping[str, int]
    head: bytes = b""
    names: frozenset[str] = frozenset()
    rows: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """What a collector gets beside the path.

    Attributes:
        label: how the source is called in rows, as `handbook`.
        settings: of the collection.
        scratch: a folder for what does not fit into memory; it is removed afterwards.
        progress: takes (done, total, unit), and may raise Interrupted. A total of 0 is unknown.
        note: takes a sentence that a person should know.
    """

    label: str
    settings: CollectSettings
    scratch: Path
    progress: Callable[[int, int, str], None]
    note: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """A record and where it came from, as `handbook/refunds.md:14`. `more` are further keys of
    the row, as its section or its licence."""

    record: Record
    source: str
    more: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Used:
    """One row or more, made of so many items. A row made of a part of an item counts 0 but for
    one of the parts."""

    row: Row
    num_items: int = 1


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that gives no row, and why.

    Attributes:
        source: where it is, as `handbook/board.pdf`.
        code: stable snake_case name of the reason.
        what: the reason, with the value.
        fix: what to do if it should be used after all; "" where there is nothing to do.
        text: what was left out, where it is only a part of an item that was used.
        num_items: 0 for such a part.
    """

    source: str
    code: str
    what: str
    fix: str = ""
    text: str = ""
    num_items: int = 1


def _known_keys() -> dict[str, str]:
    """Every dotted key with its description."""
    told = field_docs(CollectSettings)
    found = {name: told.get(name, "") for name in CollectSettings.model_fields if name != "columns"}
    columns = field_docs(Columns)
    return found | {f"columns.{name}": columns.get(name, "") for name in Columns.model_fields}


def _unknown_key(key: str) -> JobError:
    near = difflib.get_close_matches(key, _known_keys(), n=1, cutoff=0.5)
    return JobError(
        f"Unknown key {key!r} for collecting.",
        fix=f"Did you mean {near[0]}?" if near else "Known keys: " + ", ".join(_known_keys()),
        code="unknown_key",
    )
