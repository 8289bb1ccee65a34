"""Telephone numbers, told from orders, prices, dates and other long numbers.

A run of 7 to 15 digits (ITU-T E.164) is a telephone number if

* it begins with + and has a length that the country's numbering plan knows,
* a word before or after it says so ("call me on", "phone:", "is my mobile"),
* it is written as in North America, (212) 555-0142 or 212-555-0142,
* it begins with 0, is written in groups and valid in one of the countries below, or
* it is ten digits in a short message, valid as a number of North America or an Indian mobile,

and no word before it says that it is something else. The numbering plans are those of the
`phonenumbers` library (Google's libphonenumber). Freephone and service numbers belong to companies:
they are no personal data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from postgrad.data.personal.masks import Span

RUN = re.compile(
    r"(?<![\w.,/#$€£+\-])(?:\+\s?|00\s?(?=[1-9]))?\(?\d(?:[ .\-–/()\u00a0]{0,3}\d){6,14}"
    r"(?![\w%€$£]|[.,:/\-–]\d)"
)
"""Digits with light signs between them. Not after a sign of money, a path or a decimal point."""

SAYS_PHONE = re.compile(
    r"(?:\b(?:tele?(?:phone|fon)?|phone|ph|call(?:ing|ed)?|mobile?|mob|cell(?:phone)?|handy|fax"
    r"|whats ?app|sms|text|contact|dial|ring|reach|landline|telefono|teléfono|téléphone|móvil)"
    r"\b[^\d\n]{0,25}|\b(?:my|the|his|her|our|your) (?:new )?number(?: is|:)? *|\b(?:is|its|on|at)"
    r" my (?:phone|mobile|cell)\b.{0,10})$",
    re.I,
)
SAYS_PHONE_AFTER = re.compile(
    r"\s*(?:is|as|\()\s*(?:my|the|his|her)?\s*(?:phone|mobile|cell|tel)\b"
)
SAYS_OTHER = re.compile(
    r"(?:\b(?:order|invoice|ticket|track\w*|isbn|id|ref\w*|case|sku|item|booking|policy|serial"
    r"|account|acct?|card|ssn|zip|code|model|version|parcel|package|barcode|upc|ean|product|part"
    r"|claim|member\w*|customer|confirmation|flight|iban|bic|tax|vat|population|total|price|cost"
    r"|usd|eur|inr|rs|salary|transfer|timestamp|seed|area|capital|revenue|doi|pmid|patent|no|nr"
    r"|number|num|between|from|year|years|page|pages|pp|isin|id_?number)\b[^\d\n]{0,12}|[#=$€£])$",
    re.I,
)
DATE = re.compile(
    r"\d{4}[\-–./ ]\d{1,2}[\-–./ ]\d{1,2}(?:\D+\d{1,2})?|\d{1,2}[\-–./]\d{1,2}[\-–./]\d{4}.*"
    r"|\d{1,2} ?[\-–./] ?\d{1,2} ?[\-–./] ?\d{2}\D.*"
    r"|(?:1[4-9]|20)\d\d ?[\-–/ ] ?(?:1[4-9]|20)\d\d(?:\D.*)?"
)
AMERICAN = re.compile(
    r"(?:1[ .\-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d(?P<sign>[ .\-\u00a0]))\d{3}"
    r"(?(sign)(?P=sign)|[ .\-])\d{4}"
)
GROUPED = re.compile(r"0[\d()]*(?:[ .\-–/\u00a0]{1,3}\(?\d[\d()]*)+")
PLAIN = re.compile(r"\d{10}")
WHOLE = re.compile(r"\d{10,12}(?= )")
"""A national number without groups, and more after it."""
DECIMALS = re.compile(r"0\.\d+.*", re.S)
SEQUENCE = re.compile("0?123456789?0?|9?876543210?")
ROUND = re.compile(r"\d*(\d)\1{4,}|\d+000")
LIMITS = {"2147483647", "2147483648", "4294967295", "4294967296"}
"""The largest numbers of 32 bits: found in every programming text."""

REGIONS = ("GB", "DE", "FR", "IT", "NL", "BE", "CH", "AT", "SE", "IN", "AU", "ZA", "IE", "PL")
"""Tried for a number that begins with 0; Italy keeps the 0, the others drop it abroad."""

OF_COMPANIES = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
}

SHORT_MESSAGE_WORDS = 12
"""Turns of the MultiDoGO customers that give a bare number have at most 12 words."""

FEWEST_DIGITS = 7
MOST_DIGITS = 15
"""ITU-T E.164, 6.2.1: at most 15; local numbers of North America have 7."""

_LOOK_BACK = 40


def phones(text: str) -> Iterator[Span]:
    """Telephone numbers; the key is the national number, so that +1 415 and 415 are the same."""
    for start, end in _runs(text):
        written = text[start:end]
        digits = "".join(filter(str.isdigit, written))
        if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS and not _no_number(written):
            before = text[max(0, start - _LOOK_BACK) : start]
            key = _number(written, digits, before, text[end : end + 20], text)
            if key:
                yield Span("PHONE", start, end, written, key)


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Where runs of digits are; "8451264620 4516 Main Street" has a number and a house number."""
    for found in RUN.finditer(text):
        start, end = found.span()
        if found[0][0] == "(" and ")" not in found[0]:
            start += 1
        whole = WHOLE.match(text, start, end)
        yield start, whole.end() if whole else end


def _no_number(written: str) -> bool:
    return any(form.fullmatch(written) for form in (DATE, DECIMALS, SEQUENCE))


def _number(written: str, digits: str, before: str, after: str, text: str) -> str:
    """The national number; "" if this is no person's telephone number."""
    if written.startswith("+"):
        number = _parsed(f"+{digits}", None)
        return _personal(number) if number and phonenumbers.is_possible_number(number) else ""
    said = bool(SAYS_PHONE.search(before) or SAYS_PHONE_AFTER.match(after))
    if not said and SAYS_OTHER.search(before):
        return ""
    if written.startswith("00"):
        number = _parsed(f"+{digits[2:]}", None)
        return _personal(number) if number and phonenumbers.is_valid_number(number) else ""
    if AMERICAN.fullmatch(written):
        number = _parsed(digits, "US")
        return _personal(number) if number else ""
    if GROUPED.fullmatch(written):
        for region in REGIONS:
            number = _parsed(digits, region)
            if number and phonenumbers.is_valid_number(number):
                return _personal(number)
    if said:
        return _said(digits)
    return _plain(written, text)


def _said(digits: str) -> str:
    number = _parsed(digits, "US")
    if number and phonenumbers.is_valid_number(number):
        return _personal(number)
    return digits.lstrip("0")


def _plain(written: str, text: str) -> str:
    """Ten digits without a word: only in a short message, and valid in a plan."""
    if not PLAIN.fullmatch(written) or ROUND.fullmatch(written) or written in LIMITS:
        return ""
    if text.count(" ") >= SHORT_MESSAGE_WORDS:
        return ""
    for region in ("US", "IN"):
        number = _parsed(written, region)
        if number and phonenumbers.is_valid_number(number):
            return _personal(number)
    return ""


def _parsed(number: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None


def _personal(number: PhoneNumber) -> str:
    if phonenumbers.number_type(number) in OF_COMPANIES:
        return ""
    return str(number.national_number)
