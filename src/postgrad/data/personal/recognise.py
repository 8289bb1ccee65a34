"""Personal data in a text: spans with their kind, found by form, check digits and cues.

Each recogniser looks only where a cheap sign of its kind is there: a literal, or a long run of
digits. Of two that overlap, the surer one comes first in the order below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postgrad.data.personal import (
    bare_answers,
    cued_values,
    identity_numbers,
    phone_numbers,
    postal_addresses,
    said_names,
)
from postgrad.data.personal.masks import Span, without_overlaps

EMAIL = re.compile(
    r"(?<![\w.+%'/-])(?P<local>[^\W_](?:[\w.+%'-]{0,62}[\w+-])?)@"
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,6}(?P<top>[^\W\d_]{2,24})(?![\w@-])"
)
_FILE_ENDINGS = "png jpg jpeg gif svg webp js css py ts html json txt md so"
FILE_ENDINGS = frozenset(_FILE_ENDINGS.split())
_OF_COMPANIES = """
info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster
www uucp ftp admin billing contact feedback hello help jobs legal office privacy service
team noreply no-reply donotreply do-not-reply mailer-daemon git
"""
OF_COMPANIES = frozenset(_OF_COMPANIES.split())
"""RFC 2142, Mailbox Names for Common Services, others that most companies have, and senders that
nobody reads."""

DIGIT = re.compile(r"\d")
LONG_NUMBER = re.compile(r"\d(?:[ .\-–/()\u00a0]{0,3}\d){6}")
"""At least seven digits with light signs between them: what every number with a check has."""

PASSWORD_WORDS = ("pass", "pasw", "pas w", "pswd", "pwd", "otp", "pin", "one time", "one-time")
ACCOUNT_WORDS = (
    *("account", "acc", "ac ", "a/c", "polic", "member", "customer", "client", "licen", "claim"),
    *("card", "visa", "amex", "cvv", "cvc", "employee", "student", "patient", "case", "routing"),
    *("sort code", "flyer", "ssn", "social", "mastercard"),
)
ORDER_WORDS = (
    "order",
    "booking",
    "reservation",
    "invoice",
    "ref",
    "ticket",
    "track",
    "confirm",
    "pnr",
)
USER_WORDS = ("user", "login", "screen")
STREET_WORDS = (
    *("street", "str", " st", "road", "rd", "ave", "lane", "blvd", "boulevard", "highway", "hwy"),
    *("parkway", "pkwy", "crescent", "terrace", "nagar", "colony", "chowk", "drive", "dr", "way"),
    *("court", "ct", "place", "pl", "square", "sq", "cir", "close", "trail", "loop", "cross"),
    *("complex", "row", "grove", "hill", "garden", "walk", "mews", "alley", "rue", "via", "calle"),
    *("weg", "platz", "allee", "box", "addr", "adress", "city"),
)


def find(text: str, role: str = "user") -> list[Span]:
    """Spans of personal data in their order, none overlapping another.

    Args:
        role: who says it. Users answer in single words and write without capitals.
    """
    return without_overlaps(_every(text, role == "user"))


def _every(text: str, is_user: bool) -> list[Span]:
    lower = _lower(text)
    found: list[Span] = []
    if "@" in text:
        found += emails(text)
    if DIGIT.search(text):
        found += _with_digits(text, lower, is_user and text == lower)
    if _has(lower, PASSWORD_WORDS):
        found += cued_values.passwords(text, lower)
    if _has(lower, USER_WORDS):
        found += cued_values.user_names(text, lower)
    found += said_names.names(text, lower, is_user)
    if is_user:
        found += bare_answers.bare_answers(text, found)
    return found


def _with_digits(text: str, lower: str, is_plain: bool) -> Iterator[Span]:
    # first: four groups of an IBAN may pass for a card, three for an identity number
    yield from identity_numbers.ibans(text)
    if LONG_NUMBER.search(text):
        yield from identity_numbers.cards(text)
        yield from identity_numbers.national_ids(text, identity_numbers.DIGITAL)
    yield from identity_numbers.national_ids(text, identity_numbers.LETTERED)
    yield from identity_numbers.ip_addresses(text)
    if "ssn" in lower or "social" in lower:
        yield from cued_values.social_security(text, lower)
    if _has(lower, STREET_WORDS):
        yield from postal_addresses.addresses(
            text, is_plain and text.count(" ") < bare_answers.MOST_WORDS
        )
    if LONG_NUMBER.search(text):
        yield from phone_numbers.phones(text)
    if _has(lower, ACCOUNT_WORDS):
        yield from cued_values.accounts(text, lower)
    if "transfer" in lower:
        yield from cued_values.transfers(text, lower)
    if _has(lower, ORDER_WORDS):
        yield from cued_values.orders(text, lower)


def _lower(text: str) -> str:
    """The text without case, character by character: a few capitals have two small signs."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)


def _has(text: str, literals: tuple[str, ...]) -> bool:
    return any(literal in text for literal in literals)


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses of people: no mailbox that every company has."""
    for found in EMAIL.finditer(text):
        company = found["local"].casefold() in OF_COMPANIES
        if not company and found["top"].casefold() not in FILE_ENDINGS:
            yield Span("EMAIL", *found.span(), found[0], found[0].casefold())
