"""Personal data in a text: spans with their kind, found by form, check digits and cues.

Each recogniser looks only where a cheap sign of its kind is there (`signs.py`). Of two that
overlap, the surer one comes first in the order below.
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
from postgrad.data.personal.signs import Signs, signs_of

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

LONG_NUMBER = re.compile(r"\d(?:[ .\-–/()\u00a0]{0,3}\d){6}")
"""At least seven digits with light signs between them: what every number with a check has."""

FEWEST_DIGITS = 3
"""Of a number that a word gives away; see `cued_values.py`."""

LETTERED_DIGITS, LONG_DIGITS = 6, 7
"""Fewest digits of a British National Insurance number; of telephone numbers and accounts."""

IP_NUMBERS = 4
"""Of an IPv4 address."""


def find(text: str, role: str = "user") -> list[Span]:
    """Spans of personal data in their order, none overlapping another.

    Args:
        role: who says it. Users answer in single words and write without capitals.
    """
    return without_overlaps(_every(text, role == "user"))


def _every(text: str, is_user: bool) -> list[Span]:
    signs = signs_of(text)
    found: list[Span] = []
    if "@" in text:
        found += emails(text)
    if signs.num_digits:
        found += _with_digits(signs, is_user and text == signs.lower)
    found += cued_values.passwords(signs)
    found += cued_values.user_names(signs)
    found += said_names.names(signs, is_user)
    if is_user:
        found += bare_answers.bare_answers(text, found)
    return found


def _with_digits(signs: Signs, is_plain: bool) -> Iterator[Span]:
    text = signs.text
    is_long = signs.num_digits >= LONG_DIGITS and LONG_NUMBER.search(text)
    # first: four groups of an IBAN may pass for a card, three for an identity number
    if signs.num_digits >= LONG_DIGITS:
        yield from identity_numbers.ibans(text)
    if is_long:
        yield from identity_numbers.cards(text)
        yield from identity_numbers.national_ids(text, identity_numbers.DIGITAL)
    if signs.num_digits >= LETTERED_DIGITS:
        yield from identity_numbers.lettered_ids(text)
    if signs.num_numbers >= IP_NUMBERS or text.count(":") >= identity_numbers.SHORTEST_IP6_GROUPS:
        yield from identity_numbers.ip_addresses(text)
    if signs.num_digits >= FEWEST_DIGITS:
        yield from cued_values.social_security(signs)
    yield from postal_addresses.addresses(
        signs, is_plain and text.count(" ") < bare_answers.MOST_WORDS
    )
    if is_long:
        yield from phone_numbers.phones(text)
    if signs.num_digits >= FEWEST_DIGITS:
        yield from cued_values.accounts(signs)
        yield from cued_values.transfers(signs)
        yield from cued_values.orders(signs)


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses of people: no mailbox that every company has."""
    for found in EMAIL.finditer(text):
        company = found["local"].casefold() in OF_COMPANIES
        if not company and found["top"].casefold() not in FILE_ENDINGS:
            yield Span("EMAIL", *found.span(), found[0], found[0].casefold())
