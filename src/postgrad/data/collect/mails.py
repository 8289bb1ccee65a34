"""The mails of a mailbox (mbox, Maildir or .eml files) one by one, and what a mail says itself.

Python's `mailbox.mbox` keeps the place of every mail in memory and takes every line that begins
with "From " for a new mail; here the place of one is enough, and the line must be an envelope.
"""

from __future__ import annotations

import email
import email.policy
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any

from postgrad.core.collecting import CollectSettings
from postgrad.data.collect.house import MOST_CHARACTERS
from postgrad.data.collect.readers.web import markdown_of
from postgrad.data.collect.texts import decoded, sound
from postgrad.errors import RowError, SetupError

MAX_MAIL_BYTES = 64 * 1024 * 1024
"""Twice what mail servers let through as a rule; bounds the memory."""
SIGNATURE_CHARACTERS = 30
"""A line that opens a signature says no more than good-bye: "Kind regards,". A longer one, or one
that ends a sentence, as "Thanks, that worked!", is followed by what must not be lost."""
SHADOW_CHARACTERS = 200
"""Of a line, to see what it is: "On Tuesday, ... wrote:" with two long addresses has 160."""
MOST_REFERENCES = 50
"""Of one mail: its thread is found with the first and the last few."""

_ENVELOPE = re.compile(rb"From \S+.*\b\d{1,2}:\d\d(?::\d\d)?\b.*\b\d{4}\b")
"""The line before each mail of an mbox file (RFC 4155, appendix A): "From ", the sender, a date."""
_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_IDS = re.compile(r"<([^<>\s]+)>")
_REPLY = re.compile(
    r"^(?:\s*(?:re|aw|sv|vs|antw|fw|fwd|wg|tr|rif|ref)\s*(?:\[\d+\])?\s*:)+\s*", re.I
)
_BLANKS = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_QUOTE = re.compile(r"^\s*>")
_SEPARATOR = re.compile(r"^\s*[-_]{3,}[^\n]*$")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, as far as a chat needs it.

    Attributes:
        id: its Message-ID without brackets; "" if it has none.
        references: ids of the mails before it in the thread, the oldest first.
        sender: the address of who wrote it.
        addresses: of those to whom it goes.
        time: seconds since 1970; None if it has no date that can be read.
        subject: without "Re:" and its like.
        text: what its author wrote, without quoted mails and signature.
    """

    id: str
    references: tuple[str, ...]
    sender: str
    addresses: tuple[str, ...]
    time: float | None
    subject: str
    text: str


def is_mbox(path: Path) -> bool:
    """Whether a file begins as an mbox file does, whatever it is called."""
    try:
        with path.open("rb") as file:
            return bool(_ENVELOPE.match(file.readline(1000)))
    except OSError:
        return False


def mbox_mails(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """(line, bytes) of each mail of an mbox file; None for one that is too large."""
    start, size, lines = 1, 0, list[bytes]()
    begun, blank = False, True
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(1 << 20), b""), 1):
            if blank and _ENVELOPE.match(line):
                if begun:
                    yield start, _joined(lines, size)
                start, size, lines, begun = number, 0, [], True
            elif begun:
                size += len(line)
                if size <= MAX_MAIL_BYTES:
                    lines.append(line)
            blank = not line.strip()
    if begun:
        yield start, _joined(lines, size)


def read_mail(data: bytes, settings: CollectSettings) -> Mail:
    """A mail, parsed.

    Raises:
        RowError: it is damaged, was written by a machine, or says nothing of its own.
        SetupError: a package that reads it is missing.
    """
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        head = {name: sound(str(message.get(name, ""))) for name in _HEADERS}
        _check_person(head, message)
        written = _body(message, settings)
    except (RowError, SetupError):
        raise
    except Exception as error:  # of a damaged mail the package raises whatever comes up
        raise RowError(
            f"It is damaged ({type(error).__name__}: {error}).", code="damaged"
        ) from None
    [(_, sender), *_] = getaddresses([head["From"]]) or [("", "")]
    if "@" not in sender:
        raise RowError("It has no sender.", code="damaged")
    text = own_words(written[:MOST_CHARACTERS], settings.mail_languages)
    if not text:
        raise RowError("Nothing in it is its author's own.", code="no_text")
    if len(written) > MOST_CHARACTERS and len(text) > MOST_CHARACTERS // 2:
        raise RowError(
            f"A mail of {len(written):,} characters is a log or a list.", code="too_large"
        )
    references = [*_IDS.findall(head["References"]), *_IDS.findall(head["In-Reply-To"])]
    half = MOST_REFERENCES // 2
    return Mail(
        id=next(iter(_IDS.findall(head["Message-ID"])), ""),
        references=tuple(dict.fromkeys([*references[:half], *references[half:][-half:]])),
        sender=sender,
        addresses=tuple(a for _, a in getaddresses([head["To"], head["Cc"]]) if "@" in a),
        time=_time(head["Date"]),
        subject=_subject(head["Subject"]),
        text=text,
    )


def own_words(text: str, languages: tuple[str, ...]) -> str:
    """What the author of a mail wrote: without quoted mails, and without the signature.

    Where a quoted mail or a signature begins is known by the library mail-parser-reply. It sees
    the beginning of each line only, which is what it looks at, so that no text keeps it busy.
    """
    lines = _BLANKS.sub("\n\n", text).split("\n")
    shadow = "\n".join(line[:SHADOW_CHARACTERS].strip() for line in lines)
    starts = [0, *(found.end() for found in re.finditer("\n", shadow)), len(shadow) + 1]
    headers, signatures = _patterns(languages)
    begin, end = 0, len(lines)
    # both begin at the beginning of a line; trying only there is what makes this quick
    for number, start in enumerate(starts[:-1]):
        header = headers.match(shadow, start)
        if header and shadow[:start].strip():
            end = number
            break
        if header:  # the answer stands below what it quotes
            begin = shadow.count("\n", 0, header.end()) + 1
    for number in range(begin, end):
        opening = shadow[starts[number] : starts[number + 1] - 1]
        is_short = 0 < len(opening) <= SIGNATURE_CHARACTERS and opening[-1] not in ".!?"
        if is_short and signatures.match(shadow, starts[number]):
            end = number
            break
    kept = [line for line in lines[begin:end] if not _QUOTE.match(line)]
    while kept and (not kept[-1].strip() or _SEPARATOR.match(kept[-1])):
        kept.pop()
    return _BLANKS.sub("\n\n", "\n".join(kept)).strip("\n")


_HEADERS = (
    *("Message-ID", "In-Reply-To", "References", "From", "To", "Cc", "Date", "Subject"),
    *("Auto-Submitted", "Precedence", "List-Id", "List-Unsubscribe", "X-Autoreply"),
)


def _joined(lines: list[bytes], size: int) -> bytes | None:
    return None if size > MAX_MAIL_BYTES else _ESCAPED_FROM.sub(rb"\1", b"".join(lines))


def _check_person(head: dict[str, str], message: EmailMessage) -> None:
    """Raises RowError if a machine wrote it, by RFC 3834 and the customs before it."""
    automatic = head["Auto-Submitted"].strip().lower() not in ("", "no") or head["X-Autoreply"]
    bulk = head["Precedence"].strip().lower() in ("bulk", "list", "junk", "auto_reply")
    listed = head["List-Id"] or head["List-Unsubscribe"]
    report = message.get_content_type() == "multipart/report"
    if automatic or bulk or listed or report:
        raise RowError("It is an automatic mail, or one to many.", code="automatic")


def _body(message: EmailMessage, settings: CollectSettings) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        raise RowError("It has no text, only attachments.", code="no_text")
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        raise RowError("It has no text, only attachments.", code="no_text")
    declared = str(part.get_content_charset(""))
    text = sound(decoded(content, settings.encoding, declared))
    if part.get_content_subtype() == "html":
        return markdown_of(text)
    if str(part.get_param("format", "")).lower() == "flowed":
        return _unflowed(text)
    return text


def _unflowed(text: str) -> str:
    """Lines that end with a space go on in the next (RFC 3676), but for the mark of a signature."""
    lines = [line.removeprefix(" ") if line.startswith(" ") else line for line in text.split("\n")]
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].endswith(" ") and joined[-1] != "-- ":
            joined[-1] += line
        else:
            joined.append(line)
    return "\n".join(joined)


def _subject(text: str) -> str:
    replied = _REPLY.match(text)
    return " ".join(text[replied.end() if replied else 0 :].split())


def _time(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@cache
def _patterns(languages: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """How quoted mails, and how signatures begin, in these languages."""
    try:
        library: Any = importlib.import_module("mailparser_reply.parser")
    except ModuleNotFoundError as error:
        raise SetupError(
            "The package mail-parser-reply, which finds what is quoted, is not installed.",
            fix="Install it with: pip install 'postgrad[collect]'",
            code="missing_package",
        ) from error
    known = library.EmailMessage("", languages=list(languages), keep_hyphen_lists=True)
    return known.HEADER_REGEX, known.SIGNATURE_REGEX
