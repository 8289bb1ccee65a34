"""Values that only the words around them give away: "account number is 1234", "password: x7f2".

A cue is a word that names the thing, then words that may stand between ("no", "ends in", "is"),
then the value. Patterns read the text without case, and return its characters as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postgrad.data.personal.masks import Span
from postgrad.data.personal.signs import Signs, word_set

_LINK = (
    r"(?P<link>(?:(?:[ ,.:#'’\"\-]|(?<! )=)*\b(?:no|nos|num|number|numbers|nr|id|code|is|was"
    r"|are|its|it|as"
    r"|ends?(?: in| with)?|ending(?: in| with)?|last|first|four|4|digits?|of|my|the|your|this"
    r"|incorrectly|old|new|updated|following|here|holder|on file)\b){0,7}(?:[ .:#'’\"\-]|(?<! )=)*)"
)
"""What may stand between a cue and its number."""

_NUMBER = (
    r"(?P<value>\d(?:[ \-]?\d){2,18}|[a-z]{1,4}-?\d[\da-z\-]{2,18}(?<!-))"
    r"(?![\w%(]|[.,:/]\d|-\w)"
)

_ACCOUNT = (
    r"(?<!into )accounts?|acct?|a/c|ac|routing|sort code|policy|member(?:ship)?|customer|client"
    r"|passport"
    r"|licen[cs]e|employee|student|patient|case|claim|frequent flyer"
)
_ORDER = r"order|booking|reservation|invoice|reference|ref|ticket|tracking|confirmation|pnr"

ACCOUNT = re.compile(rf"\b(?:{_ACCOUNT})\b{_LINK}{_NUMBER}")
CARD = re.compile(
    rf"\b(?:cards?|(?:credit|debit)(?= n)|visa|mastercard|amex|cvv|cvc)\b{_LINK}{_NUMBER}"
)
SSN = re.compile(rf"\b(?:ssn|social(?: security)?)\b{_LINK}{_NUMBER}")
ORDER = re.compile(
    rf"\b(?:{_ORDER})(?P<link>(?: (?:no|num|number|nr|id|code|is)\b\.?| ?#|:)+[ :#\-]*){_NUMBER}"
)
NUMBER_FIRST = re.compile(
    r"(?<![\w.,/$€£-])(?P<value>\d(?:[ \-]?\d){3,18}),? (?:it ?s|is|this is|that is|was|are)"
    r" (?:the |my |last |four |4 |digits? |of )*(?P<cue>ssn|social|account|card|policy)\b"
)
TRANSFER = re.compile(r"\btransfer\b.{0,40}?\b(?:from|to) (?P<value>\d{4,19})(?![\w%]|[.,:/]\d)")
TRANSFER_TO = re.compile(r" to (?P<value>\d{4,19})(?![\w%]|[.,:/]\d)")
YEAR = re.compile(r"19\d\d|20[0-2]\d")
NAMES_A_NUMBER = re.compile(r"\b(?:no|num|number|nr|id|is|ends?|ending|digits?)\b|[:#=]")
FEWEST_DIGITS = 4
"""Of a bare number after a cue: what is said of cards and accounts is the last four digits.
After "number", "is" or a sign, three are enough."""

MEASURED = re.compile(
    r" ?(?:%|(?:am|pm|years?|days?|weeks?|months?|hours?|minutes?|times?|dollars?|euros?|usd|rs"
    r"|rupees|points?|miles|people|items?|pizzas?|btu|watts?|units?"
    r"|transactions?|users?|customers?|holders?|st|nd|rd|th)\b)"
)
"""A number before one of these counts something."""

PASSWORD = re.compile(
    r"\b(?:pass? ?w(?:or|ro|r)?d|pass(?:wd|code|phrase)|pswd|pwd|otp|one[ -]time (?:password"
    r"|code|pin)|pin)\b\"?"
    r"(?: ?(?:no|num|number|code|key)\b)*"
    r"(?P<link>(?:\s*(?:\bis\b|\bwas\b|\bwill be\b|\bas\b|'s\b|[:=]))+\s*|\s+)"
    r"(?P<quote>[\"'`“]?)(?P<value>[^\s\"'`“”,;<>{}()\[\]]{1,40})"
)
PASSWORD_REST = re.compile(r"(?: (?!and\b|or\b)[^\s,;.!?]{1,20}){1,2}(?=[,;.!?]|$| and\b)")
LAST_WORDS = re.compile(r" \d{2,8}[ .]*$")
PASSWORD_WORD = re.compile(
    r"(?=\S*\d)(?=\S*[^\W\d]|\d{4})\S{3,}|(?=\S*[!@#$%^&*_+~])(?=\S*\w)\S{6,}"
)
"""What looks like a password by itself: letters with digits, four digits, or a sign in six."""

MADE_UP = re.compile(r"\[[A-Z_]+_\d+\]|[*x•.#]{3,}.*|[$%{<\\].*|.*[({\[].*", re.I)
MANY_OF = re.compile(r"\d+[ -]?(?:characters?|chars?|digits?|letters?|symbols?|attempts?|steps?)")

USER_NAME = re.compile(
    r"\b(?:user ?(?:name|id)|user_(?:name|id)|login(?: (?:name|id))?|screen ?name)\"?"
    r"(?: is\b|'s\b|\s?[:=])+\s*[\"'`“]?(?P<value>[\w@][\w.@\-]{2,39})"
)
NO_USER_NAME = re.compile(
    r"(?:not|the|wrong|incorrect|correct|required|already|invalid|missing|null|none|string|true"
    r"|false|same|different|an?|in|on|your|my|is|and|or|what|that|taken|also|still|being|str|int"
    r"|locked|blocked|unique|valid|too|used|root|admin|user\w*|self.*|request.*|input.*)"
)


PASSWORD_WORDS = word_set(
    "password passwrod passwrd passwd pasword paswrod paswrd paswd"
    " passcode passphrase pswd pwd otp pin"
)
PASSWORD_PAIRS = (
    (word_set("pass pas"), word_set("word wrod wrd wd")),
    (word_set("one"), word_set("time")),
)
ACCOUNT_WORDS = word_set(
    "account accounts acc acct ac routing sort policy member membership customer client passport"
    " license licence employee student patient case claim frequent"
    " card cards credit debit visa mastercard amex cvv cvc ssn social"
)
SSN_WORDS = word_set("ssn social")
ORDER_WORDS = word_set(
    "order booking reservation invoice reference ref ticket tracking confirmation pnr"
)
USER_SIGNS = ("user", "login", "screen")
"""Of the patterns above, what every text that they match has."""


def passwords(signs: Signs) -> Iterator[Span]:
    """What is said to be a password, a PIN or a one-time code."""
    if signs.has(PASSWORD_WORDS) or any(
        signs.has(one) and signs.has(other) for one, other in PASSWORD_PAIRS
    ):
        yield from _passwords(signs.text, signs.lower)


def _passwords(text: str, lower: str) -> Iterator[Span]:
    for found in PASSWORD.finditer(lower):
        start, end = found.span("value")
        rest = PASSWORD_REST.match(lower, end)
        said = found["link"].strip() != ""
        if said and rest and not found["quote"] and not MANY_OF.match(lower, start):
            # "my password is john 1111": it has a digit, though not in its first word
            end = rest.end() if re.search(r"\d", lower[start : rest.end()]) else end
        bare = None if said else LAST_WORDS.match(lower, end)
        end = bare.end() if bare else end
        value = text[start:end].rstrip(".!?:)")
        if MADE_UP.fullmatch(value) or MANY_OF.match(lower, start) or MEASURED.match(lower, end):
            continue
        digits = sum(map(str.isdigit, value))
        if PASSWORD_WORD.fullmatch(value) or (digits and (" " in value or (said and digits > 3))):
            yield Span("PASSWORD", start, start + len(value), value, value)


def user_names(signs: Signs) -> Iterator[Span]:
    """What is said to be the name of a user of a machine."""
    text, lower = signs.text, signs.lower
    if not any(map(lower.__contains__, USER_SIGNS)):
        return
    for found in USER_NAME.finditer(lower):
        value = text[found.start("value") : found.end("value")].rstrip(".-")
        if not NO_USER_NAME.fullmatch(value.lower()) and not MADE_UP.fullmatch(value):
            start = found.start("value")
            yield Span("USER", start, start + len(value), value, value.casefold())


def social_security(signs: Signs) -> Iterator[Span]:
    """A Social Security number, or its last four digits, after its name."""
    if signs.has(SSN_WORDS):
        yield from _numbers(SSN, signs.text, signs.lower, "ID")


def accounts(signs: Signs) -> Iterator[Span]:
    """Numbers of accounts, policies, customers; parts of card numbers and wrong ones too."""
    text, lower = signs.text, signs.lower
    if not signs.has(ACCOUNT_WORDS) and "a/c" not in lower:
        return
    yield from _numbers(CARD, text, lower, "CARD_NUMBER")
    yield from _numbers(ACCOUNT, text, lower, "ACCOUNT")
    for found in NUMBER_FIRST.finditer(lower):
        kind = {"card": "CARD_NUMBER", "ssn": "ID", "social": "ID"}.get(found["cue"], "ACCOUNT")
        yield _span(kind, text, *found.span("value"))


def transfers(signs: Signs) -> Iterator[Span]:
    """The accounts of "transfer 50 from 1234 to 5678"."""
    text, lower = signs.text, signs.lower
    if "transfer" not in signs.words:
        return
    for found in TRANSFER.finditer(lower):
        other = TRANSFER_TO.match(lower, found.end())
        for number in (found, other):
            if number and not MEASURED.match(lower, number.end()):
                yield _span("ACCOUNT", text, *number.span("value"))


def orders(signs: Signs) -> Iterator[Span]:
    """Numbers of orders, bookings and tickets."""
    if signs.has(ORDER_WORDS):
        yield from _numbers(ORDER, signs.text, signs.lower, "ORDER")


def _numbers(pattern: re.Pattern[str], text: str, lower: str, kind: str) -> Iterator[Span]:
    for found in pattern.finditer(lower):
        value, link = found["value"], found["link"]
        digits = sum(map(str.isdigit, value))
        named = bool(NAMES_A_NUMBER.search(link)) or kind == "ID"
        enough = digits >= (3 if named else FEWEST_DIGITS)
        if not enough or MEASURED.match(lower, found.end()):
            continue
        if YEAR.fullmatch(value) and not named:
            continue
        yield _span(kind, text, *found.span("value"))


def _span(kind: str, text: str, start: int, end: int) -> Span:
    value = text[start:end]
    return Span(kind, start, end, value, re.sub(r"[ \-]", "", value).casefold())
