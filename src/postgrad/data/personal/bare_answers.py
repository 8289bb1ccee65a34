"""Messages of a user that are nothing but an answer to "your name and number, please?".

In a turn such as `stella and 2238` no word says what the number is; that there is nothing else
does. Only whole messages are looked at, and only those of users.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from postgrad.data.personal import said_names
from postgrad.data.personal.masks import Span
from postgrad.data.personal.postal_addresses import answered_address

_NUMBER = r"\d{3,19}|\d{3,6}(?:[ -]\d{3,6}){1,4}"
LEAD = (
    r"(?:(?:yes|yeah|yea|yep|ya|yaa|yup|ok|okay|sure|fine|sorry|oh|it|its|it's|is|was|the|my|mine"
    r"|last|four|4|digits?|of|course|certainly|number|no|here|and|are|correct|one|please|wait"
    r"|waitits|hi|hello|name|this|that|update|updated|new|actually|sir|mam|thanks|thank|you|would"
    r"|will|be|as|follows)\b[ ,.:]*)*"
)
TAIL = r"(?:[ ,.]*\b(?:thanks?|thank you|please|pls|sir|mam|ok|sorry for the \w+|correct)\b)*[ .!]*"
NUMBERS = re.compile(rf"{LEAD}(?:(?:{_NUMBER})(?:[ ,]+(?:and )?|$))+?{TAIL}", re.I)
ONE_NUMBER = re.compile(_NUMBER)
NAME_AND_NUMBER = re.compile(
    rf"{LEAD}(?P<name>[^\W\d_][\w'’.\-]+(?: [^\W\d_][\w'’.\-]*){{0,4}}?),?(?: (?:and|is))? +"
    rf"(?P<number>{_NUMBER}){TAIL}",
    re.I,
)
NO_NAME = re.compile(
    r"(?:play|add|book|find|show|get|give|rate|what|whats|how|when|where|who|why|is|are|was|the"
    r"|an?|in|on|at|to|for|from|of|by|than|with|my|your|room|table|order|need|want|buy|sell|send"
    r"|put|set|take|make|about|around|over|under|only|total|price|cost|pay|paid|year|since|before"
    r"|after|until|january|february|march|april|may|june|july|august|september|october|november"
    r"|december|pizza|version|windows|model|flight|page|chapter|line|born|open|close|bus|route"
    r"|street|road|zip|pin|code|calculate|solve|convert|add|subtract|divide|multiply|plus|minus"
    r"|times|sum|number|numbers|change|cancel|error|top|movie|song|album|search|write|call|can|do"
    r"|does|i|we|you|it|this|that|not|no)",
    re.I,
)
YEAR = re.compile(r"(?:1[5-9]\d|20[0-2])\d")
ROUND = re.compile(r"\d+000")

ROUNDED = re.compile(r"\s*\d(?:[.,]?\d{1,4})? ?[eE] ?\+?1[0-8]\s*")
"""5.49E+15: a long number that went through a spreadsheet. With the sign lost too: 549 e 15."""

STREET = re.compile(
    r" *(?P<value>[^\W\d_][\w.'-]*(?: [\w.'-]+){0,3} (?:street|road|avenue|nagar|colony|lane"
    r"|complex)"
    r"(?: [^\W\d_][\w.'-]+){0,2})[ .]*",
    re.I,
)
INDIAN = re.compile(r"(?P<value>\d{1,5}(?: [^\W\d_]\w*){1,6} \d{3} ?\d{3})[ .]*$")
"""A house number, words, and a Postal Index Number of India: six digits."""

CUED = ("NAME", "ID", "CARD_NUMBER", "ACCOUNT", "PASSWORD")
FEWEST_DIGITS = 4
"""What is said of cards and accounts is their last four digits."""

MOST_WORDS = 15
"""Longer messages are no bare answers: in the MultiDoGO turns, 15 words hold all of them."""

CODE = re.compile(
    r"\b(?P<value>(?:[a-z]{1,8} )?\d{1,4}(?: (?!x\b)[a-z]{1,2} \d{1,4}){2,}"
    r"|[a-z] \d{1,4}(?: (?!x\b)[a-z]{1,2} \d{1,4})+)[ .]*$"
)
"""Letters and digits in turn, as speech recognition writes a code: 4 e 88 r 6."""

BEFORE_CUE = re.compile(
    rf"{LEAD}(?P<value>[^\W\d_][\w'’.\-]+(?: [^\W\d_][\w'’.\-]+)?)"
    r" (?:ssn\b|(?:and|my) (?:my |the )?(?:ssn|password|account|card|social)\b)",
    re.I,
)
FIRST_NUMBER = re.compile(r"(?P<value>\d{4,16}) and\b")
LONG_AT_AN_END = re.compile(r"\A\d{10,12}(?= [^\W\d_]| \d{1,5} [^\W\d_])|(?<=[a-z] )\d{10,12}\Z")
"""Beside a name or an address: a telephone number, though of no plan that is known."""
LAST_NUMBER = re.compile(r"[^\W\d_]\w+,? (?P<value>\d{4,16})[ .]*$")


def bare_answers(text: str, found: Sequence[Span]) -> Iterator[Span]:
    """Numbers, names and addresses that are a whole message.

    Args:
        found: what other recognisers saw: a number at the end of a message that also gives a name
            belongs to that person.
    """
    if text.count(" ") >= MOST_WORDS:
        return
    if ROUNDED.fullmatch(text):
        value = text.strip()
        start = text.index(value)
        yield Span("ACCOUNT", start, start + len(value), value, value.casefold())
        return
    if any(map(str.isdigit, text)):
        yield from _numbers(text, found)
    yield from _before_cue(text, found)
    for number in LONG_AT_AN_END.finditer(text):
        yield _span("PHONE", text, *number.span())
    # what is left when the telephone number and the like are taken out
    start = max((span.end for span in found), default=0)
    yield from answered_address(text, start)
    rest = STREET.fullmatch(text, start)
    if rest and _is_name(rest["value"].split()[0]):
        yield _span("ADDRESS", text, *rest.span("value"))


def _numbers(text: str, found: Sequence[Span]) -> Iterator[Span]:
    code = CODE.search(text)
    if code:
        yield _span("ACCOUNT", text, *code.span("value"))
    indian = INDIAN.search(text)
    if indian:
        yield _span("ADDRESS", text, *indian.span("value"))
    numbers = list(ONE_NUMBER.finditer(text)) if NUMBERS.fullmatch(text) else []
    for number in numbers:
        if len(numbers) > 1 or _is_account(number[0]):
            yield _span("ACCOUNT", text, *number.span())
    pair = NAME_AND_NUMBER.fullmatch(text)
    known = any(span.kind in CUED for span in found)
    if pair and not known and _is_account(pair["number"]):
        if not _is_order(pair["name"]):
            yield _span("ACCOUNT", text, *pair.span("number"))
        if _is_name(pair["name"]):
            yield _span("NAME", text, *pair.span("name"))
    if known:
        for number in (FIRST_NUMBER.match(text), LAST_NUMBER.search(text)):
            if number and _is_account(number["value"]):
                yield _span("ACCOUNT", text, *number.span("value"))


def _before_cue(text: str, found: Sequence[Span]) -> Iterator[Span]:
    """The name in `stella ssn 1234`, `stella and my password is ...`."""
    name = BEFORE_CUE.match(text)
    if name and any(span.kind in CUED for span in found) and _is_name(name["value"]):
        yield _span("NAME", text, *name.span("value"))


def _is_order(words: str) -> bool:
    return any(NO_NAME.fullmatch(word) for word in words.split())


def _is_name(words: str) -> bool:
    ordinary = any(word.casefold() in said_names.NO_NAME for word in words.split())
    return not ordinary and not _is_order(words)


def _is_account(number: str) -> bool:
    return (
        len(number) >= FEWEST_DIGITS and not YEAR.fullmatch(number) and not ROUND.fullmatch(number)
    )


def _span(kind: str, text: str, start: int, end: int) -> Span:
    value = text[start:end]
    key = re.sub(r"[ \-]", "", value) if kind in ("ACCOUNT", "PHONE") else " ".join(value.split())
    return Span(kind, start, end, value, key.casefold())
