"""Street addresses, by how they are written: a number, a name and a word for a street.

There is no list of streets, so `21 Jump Street` is found even where it is a film; and no address
without a number, a postcode or the word "address" is found in running text, because "the pharmacy
on Elm Street" says where something is, not where somebody lives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from postgrad.data.personal.masks import Span, plain_key
from postgrad.data.personal.signs import Signs, word_set

_STREET = (
    r"street|str(?:eet)?\.?|st\b\.?|road|rd\b\.?|avenue|ave\b\.?|lane|ln\b\.?|boulevard|blvd\.?"
    r"|highway|hwy\.?|parkway|pkwy\.?|expressway|expy|turnpike|crescent|terrace|nagar|colony|chowk|marg|vihar"
)
_STREET_PERHAPS = (
    r"drive|dr\b\.?|way|court|(?<!s\. )ct\b\.?|place|pl\b\.?|square|sq\b\.?|circle|cir\b\.?"
    r"|close|trail"
    r"|loop|cross|complex|row|grove|hill|gardens?|walk|mews|alley|plaza"
)
"""These are also ordinary words: they count if the name before them is not one."""

_STREET_IN_ANSWERS = (
    r"park|ridge|village|estates?|block|sector|view|heights|manor|pike|route|path|point|layout"
    r"|enclave|apartments?|towers?|cottage|residency|salai|bazaa?r|puram|beach|lake|valley|creek"
    r"|river|bridge|farm|county"
)
"""More words of the list of the United States Postal Service (Publication 28, appendix C1) and of
Indian addresses: too common for running text."""

_NO_NAME = (
    r"the|an?|of|in|on|at|to|for|from|and|or|by|with|my|your|his|her|our|their|this|that|is|are"
    r"|was|were|it|its|i|we|you|he|she|they|per|as|if|than|then|but|not|no|only|also|into"
    r"|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|miles?|km|kilomet\w+|met(?:er|re)s?"
    r"|feet|foot|percent|people|persons?|times?|points?|pounds?|dollars?|euros?|small|medium"
    r"|large|pizzas?|pieces?|other|more|different|easy|simple|long|good|best|such|all|any|some"
    r"|has|have|had|what|which|who|how|when|where|did|does|do|each|every"
    r"|test|disk|hard|flash|usb|gb|tb|mb"
)
_WORD = rf"(?!(?:{_NO_NAME})\b)[^\W\d_][\w'’.\-]*"
_ORDINAL = r"\d{1,3} ?(?:st|nd|rd|th)"
_POSTCODE = (
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{3} \d{3}|\d{4,6}(?:-\d{4})?"
)
_STATE = (
    r"alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|florida|georgia"
    r"|hawaii|idaho|illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts"
    r"|michigan|minnesota|mississippi|missouri|montana|nebraska|nevada|new (?:hampshire|jersey"
    r"|mexico|york)|(?:north|south) (?:carolina|dakota)|ohio|oklahoma|oregon|pennsylvania"
    r"|rhode island|tennessee|texas|utah|vermont|virginia|washington|wisconsin|wyoming"
    r"|a[klrz]|c[aot]|dc|de|fl|ga|i[adln]|k[sy]|la|m[adinost]|n[cdehjmvy]|ok|pa|ri|s[cd]"
    r"|t[nx]|ut|v[at]|w[aivy]|usa|india|uk"
)
_UNIT = r"(?:,? *(?:apt|apartment|unit|suite|ste|floor|flat|#)\b\.? *[\w\-]{1,5})?"
_TAIL = (
    rf"{_UNIT}(?:,? +(?!(?:{_NO_NAME}|contact|phone|ph|please|pls|mobile|number|tel|call|thanks?"
    rf"|thank|customer|cust|email)\b)[^\W\d_][\w'’.\-]*){{0,4}}?,? *(?:{_POSTCODE})\b(?! ?\d)"
)

NUMBERED = re.compile(
    rf"(?<![\w.,$€£%:/-])\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?"
    rf"(?: +(?:{_WORD}|{_ORDINAL})){{1,3}}? +(?:{_STREET})(?![\w'’-]|\.\d)(?:{_TAIL})?",
    re.I,
)
PERHAPS = re.compile(
    rf"(?<![\w.,$€£%:/-])\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?"
    rf"(?: +(?:{_WORD}|{_ORDINAL})){{1,2}}? +(?:{_STREET_PERHAPS})(?![\w'’-]"
    rf"|\.\d)(?P<tail>{_TAIL})?",
    re.I,
)
IN_ANSWER = re.compile(
    rf"(?<![\w.,$€£%:/-])\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?"
    rf"(?: +(?:{_WORD}|{_ORDINAL})){{1,2}}? +(?:{_STREET_IN_ANSWERS})(?![\w'’-]|\.\d)(?:{_TAIL})?",
    re.I,
)
WITHOUT_CODE = re.compile(
    rf" *(?P<value>(?:(?:(?:door|flat|plot|house|no)\.? )+\d{{1,5}}|(?!(?:19|20)\d\d )\d{{3,5}}"
    rf"|\d{{1,5}} [a-z]\b)[a-z]?,?(?:,? +{_WORD}){{2,7}})[ .]*$",
    re.I,
)
"""Nobody orders 143 of anything: a house number, and at least two words."""

WITH_CODE = re.compile(
    rf" *(?P<value>\d{{1,5}}[a-z]?(?:[-/]\d{{1,4}})?,?(?:,? +(?:{_WORD}|\d{{1,3}})){{1,8}}?"
    rf",? +(?:{_STATE}),?(?: +\d{{4,6}})?"
    rf"|\d{{1,5}}[a-z]?,?(?:,? +{_WORD}){{1,8}}?,? +\d{{4,6}})[ .]*$",
    re.I,
)
"""A whole answer: a house number, words, and a state or a postcode."""

NAMED = re.compile(r"\d+\w?,? +(?:[NSEW]\.? +)?[A-Z][\w'’.\-]+(?: +[A-Z][\w'’.\-]+)*")

NUMBER_LAST = re.compile(
    r"\b(?:[A-ZÄÖÜ][\w\-]*(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|straat|laan|plein|gracht"
    r"|kade|gatan|vägen|vej|gade)|[A-ZÄÖÜ][a-zäöüß]+ (?:Straße|Strasse|Str\.|Allee|Platz|Weg)"
    r"|(?:[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Cc]alle|[Aa]venida|[Aa]vda\.?|[Pp]laza|[Pp]aseo"
    r"|[Rr]ua|[Uu]l\.|[Uu]lica)(?: (?:de|del|della|dei|la|las|los|da|do|dos|di))* [A-ZÀ-Ý][\w'’]+"
    r"(?: [A-ZÀ-Ý][\w'’]+)*),? \d{1,4}[a-z]?\b(?:,? (?:[A-Z]{1,2}-)?\d{4,5} [A-ZÀ-Ý][\w\-]+)?"
)
NUMBER_FIRST = re.compile(
    r"\b\d{1,4}(?: (?:bis|ter))?,? (?:rue|avenue|boulevard|chemin|impasse|quai|allée|cours|place)"
    r" (?:(?:de|du|des|la|le|les) |de l['’]|d['’]|l['’])*[A-ZÀ-Ý][\w'’\-]+(?: [A-ZÀ-Ý][\w'’\-]+)*"
    r"(?:,? \d{5} [A-ZÀ-Ý][\w\-]+)?"
)
POST_BOX = re.compile(r"\b(?:p\.? ?o\.? box|postfach) \d{2,7}\b", re.I)
UK_POSTCODE = re.compile(r"(?<![\w-])[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}(?![\w-])")
"""Royal Mail, Programmers' Guide to the Postcode Address File: the inward part is a digit and two
letters without C, I, K, M, O, V."""

US_STATE = re.compile(
    r"(?:[A-Z][\w.'-]+,? ){1,3}(?:A[KLRZ]|C[AOT]|DC|DE|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]"
    r"|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]),? \d{5}(?:-\d{4})?\b"
)

SAYS_ADDRESS = re.compile(
    r"(?<!email )(?<!e-mail )(?<!mail )(?<!ip )(?<!web )(?<!mac )(?<!url )"
    r"\b(?:address|addr|adress|addres)(?: (?:is|to|as|will be|it is))*\s*[:\-]?\s+"
    r"(?P<value>(?=[^\n.!?;]{0,60}\d)(?:no\.? )?[\w#][\w ,'/#-]{4,70})",
    re.I,
)
AFTER_ADDRESS = re.compile(
    r",? (?:(?:and|contact|phone|ph|mobile|my|please|pls|number|tel|cell|call|email|thanks?"
    r"|instead|is|was|with|but|so|because|that|which|from|on|at|for)\b|\d{3}[ -]?\d{3}[ -]?\d{4}"
    r"|\d{7,}).*",
    re.I | re.S,
)
CITY = re.compile(r"\bcity name is (?P<value>[^\W\d_]{3,})", re.I)
SAYS_PLACE = re.compile(
    r"\b(?:my|new|home|delivery|billing|shipping|current) address (?:is|to)"
    rf" (?P<value>(?:{_WORD}[ ,]*){{1,6}})$",
    re.I,
)
PLACE = re.compile(r"(?=.*[^\W\d_]{2})(?:(?:not?\.? ?|#)?\d.*|.*\d{3,6})", re.S)
"""A place begins with a house number or ends with a postcode."""
NO_ADDRESS = re.compile(
    rf"(?:{_NO_NAME}|book|space|bar|line|field|change|update|proof|wrong|incorrect|correct"
    r"|same|different|missing|old|new|still|now|below|above|here|there|what|verified|invalid)\b",
    re.I,
)


STREETS = word_set(
    "street streets str st road rd avenue ave lane ln boulevard blvd highway hwy parkway pkwy"
    " expressway expy turnpike crescent terrace nagar colony chowk marg vihar"
)
STREETS_PERHAPS = word_set(
    "drive dr way court ct place pl square sq circle cir close trail loop cross complex row grove"
    " hill garden gardens walk mews alley plaza"
)
STREETS_OF_NUMBER_LAST = word_set(
    "via viale piazza corso calle avenida avda plaza paseo rua ul ulica"
)
STREET_ENDS_OF_NUMBER_LAST = (
    *("stra", "str.", "weg", "platz", "allee", "gasse", "laan", "plein", "gracht", "kade", "gatan"),
    *("vägen", "vej", "gade"),
)
STREETS_OF_NUMBER_FIRST = word_set("rue avenue boulevard chemin impasse quai allée cours place")
BOXES = word_set("box postfach")
"""Of the patterns above, what every text that they match has."""

POSTCODE_DIGITS = 5
"""Of a postcode of the United States."""


def addresses(signs: Signs, is_answer: bool) -> Iterator[Span]:
    """Street addresses, post boxes and postcodes that belong to no other kind of number.

    Args:
        signs: of the text.
        is_answer: a user's short message without capitals: `1657 riverside drive` is an address.
    """
    return _joined(signs.text, _parts(signs, is_answer))


def answered_address(text: str, start: int) -> Iterator[Span]:
    """The address that the rest of a short message is: with a number, and a state or a postcode."""
    found = WITH_CODE.match(text, start) or WITHOUT_CODE.match(text, start)
    if found:
        yield _span(text, *found.span("value"))


def _joined(text: str, parts: Iterator[Span]) -> Iterator[Span]:
    """Parts of one address, which overlap or follow each other, as one span."""
    start = end = -1
    for part in sorted(parts, key=lambda span: span.start):
        if end >= 0 and part.start <= end + 2:
            end = max(end, part.end)
            continue
        if end >= 0:
            yield _span(text, start, end)
        start, end = part.start, part.end
    if end >= 0:
        yield _span(text, start, end)


def _parts(signs: Signs, is_answer: bool) -> Iterator[Span]:
    text = signs.text
    for found in _matches(signs, is_answer):
        yield _span(text, *found.span())
    if "addr" in signs.lower or "adress" in signs.lower or "city" in signs.words:
        yield from _said(text, is_answer)


def _matches(signs: Signs, is_answer: bool) -> Iterator[re.Match[str]]:
    text, lower = signs.text, signs.lower
    if signs.has(STREETS_OF_NUMBER_LAST) or any(
        map(lower.__contains__, STREET_ENDS_OF_NUMBER_LAST)
    ):
        yield from NUMBER_LAST.finditer(text)
    if signs.has(STREETS_OF_NUMBER_FIRST):
        yield from NUMBER_FIRST.finditer(text)
    if signs.longest_number >= POSTCODE_DIGITS:
        yield from US_STATE.finditer(text)
    if signs.has(BOXES):
        yield from POST_BOX.finditer(text)
    if signs.has(STREETS):
        yield from NUMBERED.finditer(text)
    if signs.has(STREETS_PERHAPS):
        for found in PERHAPS.finditer(text):
            if is_answer or found["tail"] or NAMED.match(found[0]):
                yield found
    if is_answer:
        yield from IN_ANSWER.finditer(text)
    if signs.num_numbers > 1:  # the outward part ends with a digit, the inward begins with one
        yield from UK_POSTCODE.finditer(text)


def _said(text: str, is_answer: bool) -> Iterator[Span]:
    """What stands after the word "address" and has a number and a word."""
    found = SAYS_ADDRESS.search(text)
    while found:
        start = found.start("value")
        value = AFTER_ADDRESS.sub("", found["value"]).rstrip(" ,-/'")
        if PLACE.fullmatch(value) and not NO_ADDRESS.match(value):
            yield _span(text, start, start + len(value))
        found = SAYS_ADDRESS.search(text, start + len(value))
    if is_answer:
        for found in SAYS_PLACE.finditer(text):
            if not NO_ADDRESS.match(found["value"]):
                yield _span(text, *found.span("value"))
    for found in CITY.finditer(text):
        yield _span(text, *found.span("value"))


def _span(text: str, start: int, end: int) -> Span:
    value = text[start:end].rstrip(" ,")
    return Span("ADDRESS", start, start + len(value), value, plain_key(value))
