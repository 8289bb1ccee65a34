"""Numbers whose form says what they are: cards, IBANs, national identity numbers, IP addresses.

A check digit tells them from other numbers of the same length:

* cards (ISO/IEC 7812-1, annex B, after H. P. Luhn): double every second digit from the right,
  subtract 9 from what exceeds 9; the sum is a multiple of 10. Of random digits one in ten passes,
  so the issuer's prefix and length have to fit too.
* IBAN (ISO 13616): the first four signs moved to the end and letters read as A = 10 ... Z = 35,
  the remainder by 97 is 1. The registry gives each country's length and structure.
* national numbers: each country's own; the algorithms and the tables are python-stdnum's.

Numbers that have no check digit (US, UK) or a weak one are taken in their written form, or after
a word that names them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from stdnum import iban as stdnum_iban
from stdnum import luhn
from stdnum.be import nn as belgian
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ssn

from postgrad.data.personal.masks import Span

SEPARATORS = re.compile(r"[\s.\-–/\u00a0]")

CARD = re.compile(
    r"(?<![\w.,])(?:\d{13,19}"
    r"|\d{4}([ \-–\u00a0])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?"
    r"|\d{4}([ \-–\u00a0])\d{6}\2\d{4,5})(?!\w|[.,]\d)"
)
CARD_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover, RuPay
    r"|(?:30[0-5]|3095|36|38|39)\d{11,16}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}"  # Maestro
    r"|(?:220[0-4]|508\d|606[0-9]|817\d|81[89]\d)\d{12}"  # Mir, RuPay
)
"""Prefix and length by issuer: ISO/IEC 7812 and the issuers' published ranges of 2024."""

IBAN_START = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d\d(?=[ \-\u00a0]?[A-Za-z0-9]{2})")
IBAN_REST = re.compile(r"(?:[ \-\u00a0]?[A-Za-z0-9]){11,30}")
LONGEST_IBAN = 34

IP4 = re.compile(r"(?<![\w.\-/])(?:\d{1,3}\.){3}\d{1,3}(?![\w\-]|\.\d)")
IP6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:]+(?![\w:])")
IP_WORD = re.compile(r"\bip\b|\baddress(?:es)?\b|\bhost\b|\bserver\b|\bping\b", re.I)
VERSION = re.compile(r"(?:\bv|version|release|build|firmware|section|chapter)[ .:]*$", re.I)
SHORTEST_IP6_GROUPS = 3


class Identity(NamedTuple):
    """How a country writes a number of its people, and the check that it must pass.

    `cue`: a word that has to stand before it, where form and check alone are too weak.
    """

    form: re.Pattern[str]
    passes: Callable[[str], Any]
    cue: re.Pattern[str] | None = None


def _number(form: str, cue: str = "") -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    spelled = re.compile(rf"(?<![\w.,\-])(?:{form})(?!\w|[.,\-]\d)")
    return spelled, re.compile(rf"\b(?:{cue})\b[^\n\d]{{0,30}}$", re.I) if cue else None


def _identity(passes: Callable[[str], Any], form: str, cue: str = "") -> Identity:
    spelled, before = _number(form, cue)
    return Identity(spelled, passes, before)


def _always(number: str) -> bool:
    return bool(number)


DIGITAL: tuple[Identity, ...] = (
    # the Social Security Administration never gave out 000, 666, 9xx, group 00 or serial 0000
    _identity(ssn.is_valid, r"\d{3}(?P<sign>[ \-–])\d\d(?P=sign)\d{4}"),
    _identity(ssn.is_valid, r"\d{9}", r"ssn|social security"),
    _identity(nir.is_valid, r"[12] ?\d\d ?[\dAB]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d"),
    _identity(cpf.is_valid, r"\d{3}\.\d{3}\.\d{3}-\d\d"),
    _identity(cpf.is_valid, r"\d{11}", r"cpf"),
    _identity(belgian.is_valid, r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d"),
    _identity(personnummer.is_valid, r"(?:\d\d)?\d{6}[-+]\d{4}"),
    _identity(aadhaar.is_valid, r"\d{4} \d{4} \d{4}"),
    _identity(aadhaar.is_valid, r"\d{12}", r"aadhaa?r|uidai"),
    _identity(ric.is_valid, r"\d{17}[\dXx]"),
    _identity(idnr.is_valid, r"\d\d ?\d{3} ?\d{3} ?\d{3}", r"steuer\W?id\w*|idnr|id-nr|tax id"),
    _identity(pesel.is_valid, r"\d{11}", r"pesel"),
    _identity(bsn.is_valid, r"\d{9}|\d{4}[. ]\d\d[. ]\d{3}", r"bsn|burgerservicenummer|sofi\w*"),
    _identity(sin.is_valid, r"\d{3}[ \-]?\d{3}[ \-]?\d{3}", r"sin|social insurance"),
)
"""Numbers of digits alone, of at least nine."""

LETTERED: tuple[Identity, ...] = (
    _identity(dni.is_valid, r"\d{8}[ \-]?[A-Z]"),
    _identity(nie.is_valid, r"[XYZ][ \-]?\d{7}[ \-]?[A-Z]"),
    # HM Revenue & Customs, NIM39110: the letters and prefixes that are given out
    _identity(
        _always,
        r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
        r" ?\d\d ?\d\d ?\d\d ?[A-D]",
    ),
    _identity(codicefiscale.is_valid, r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]"),
)
"""Numbers with letters in them."""

LETTERED_START = re.compile(r"\d{7}|[A-Z][A-Z] ?\d\d")
"""What all of these have and most texts have not."""


def cards(text: str) -> Iterator[Span]:
    """Payment card numbers."""
    for found in CARD.finditer(text):
        digits = SEPARATORS.sub("", found[0])
        if CARD_ISSUER.fullmatch(digits) and len(set(digits)) > 1 and luhn.is_valid(digits):
            yield Span("CARD", *found.span(), found[0], digits)


def ibans(text: str) -> Iterator[Span]:
    """International bank account numbers, also in groups and in small letters."""
    for start in IBAN_START.finditer(text):
        rest = IBAN_REST.match(text, start.end())
        if rest:
            yield from _iban(text, start.start(), rest.end())


def lettered_ids(text: str) -> Iterator[Span]:
    """National identity numbers with letters in them."""
    return national_ids(text, LETTERED) if LETTERED_START.search(text) else iter(())


def national_ids(text: str, of: tuple[Identity, ...]) -> Iterator[Span]:
    """National identity numbers of these countries."""
    for identity in of:
        for found in identity.form.finditer(text):
            before = text[max(0, found.start() - 50) : found.start()]
            if (identity.cue is None or identity.cue.search(before)) and identity.passes(found[0]):
                yield Span("ID", *found.span(), found[0], SEPARATORS.sub("", found[0]).upper())


def ip_addresses(text: str) -> Iterator[Span]:
    """Public IP addresses: none of a private net, of this machine, or kept for examples."""
    for found in IP4.finditer(text):
        before = text[max(0, found.start() - 30) : found.start()]
        # 1.2.3.4 is more often a version or a section than a host
        small = all(int(part) < 10 for part in found[0].split("."))
        if not VERSION.search(before) and (not small or IP_WORD.search(before)):
            yield from _ip(found)
    if text.count(":") >= SHORTEST_IP6_GROUPS:
        for found in IP6.finditer(text):
            if found[0].count(":") >= SHORTEST_IP6_GROUPS or "::" in found[0]:
                yield from _ip(found)


def _iban(text: str, start: int, end: int) -> Iterator[Span]:
    """The IBAN that begins here, if one does: the registry's length of its country decides."""
    signs: list[str] = []
    for index in range(start, end):
        if text[index].isalnum():
            signs.append(text[index].upper())
        whole = len(signs) >= 15 and (index + 1 == len(text) or not text[index + 1].isalnum())
        if whole and stdnum_iban.is_valid("".join(signs), check_country=False):
            yield Span("IBAN", start, index + 1, text[start : index + 1], "".join(signs))
            return
        if len(signs) == LONGEST_IBAN:
            return


def _ip(found: re.Match[str]) -> Iterator[Span]:
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        return
    # 1::2 is a slice of a list; people's addresses are in 2000::/3 (RFC 4291, 2.4)
    a_slice = address.version == 6 and not 0x2000 <= int(address) >> 112 <= 0x3FFF
    if address.is_global and not address.is_multicast and not a_slice:
        yield Span("IP", *found.span(), found[0], address.compressed)
