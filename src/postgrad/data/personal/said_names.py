"""People's names, by what is said before or after them: "my name is Ana", "Mr Wolf", "Hi Ana,".

There is no list of names: a name is a word that stands where a name stands and is no ordinary word.
In a text with capitals it has to have one; in a text without, only after "name".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from postgrad.data.personal.masks import Span, plain_key
from postgrad.data.personal.signs import Signs, signs_of, word_set

_WORD = r"[^\W\d_][\w'’\-]*"
_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’\-]*"
_CAPITALS = (
    rf"{_CAPITAL}(?: (?:(?:van|von|de|del|da|di|la|le|der|den|bin|al|el) )*{_CAPITAL}\.?){{0,3}}"
)

NAMED = re.compile(
    r"\b(?:(?:my|full|first|last|sur|family|maiden|customer|guest|patient|contact"
    rf"|account holder)'?s?[ -]?)+name(?: is\b|'s\b|’s\b|:|=)* *[\"“']?(?P<value>{_WORD}"
    rf"(?: {_WORD}){{0,3}})",
    re.I,
)
THE_NAME = re.compile(
    rf"(?:^|[.,;!?]\s|\b(?:[Tt]he|[Hh]is|[Hh]er|[Tt]heir|and) )[Nn]ame(?: is|['’]s)\s+"
    rf"(?P<value>{_CAPITALS})"
)
NAME_FIRST = re.compile(
    rf"(?:^|(?:\b(?:myself|and|sure|yes|ok|okay|hi|hello)|[.,!?]) )(?:the )?name(?: is\b|'s\b|:)*"
    rf"[ :]+(?P<value>{_WORD}(?: {_WORD}){{0,2}})",
    re.I,
)
CALLED = re.compile(
    r"\b(?:[Cc]all me|[Ss]igned|[Rr]egards|[Ss]incerely|[Yy]ours truly|(?:are"
    r"|['’]re) speaking (?:with|to)"
    rf"),?\s+(?P<value>{_CAPITALS})"
)
CALLER = re.compile(
    rf"\b(?:[Tt]his is|I['’]m|i['’]?m|I am|[Mm]yself)\s+(?P<value>{_CAPITALS})"
    r"(?=,? (?:speaking|here|calling|writing|again)\b|,? (?:and )?(?:I|my)\b|[.!]?\s*$)"
)
CALLER_LOWER = re.compile(
    rf"\A\W*(?:(?:hi|hello|hey|yes|ok|sure|sorry|oh) )*(?:i am|i'm|im|this is|myself)"
    rf" (?P<value>{_WORD}(?: {_WORD}){{0,2}})(?: (?:here|speaking)| and my\b.*)?[.!]?\s*\Z",
    re.I,
)
IT_IS = re.compile(rf"\b[Ii]t['’]s\s+(?P<value>{_CAPITALS})(?= (?:here|speaking|from|again)\b)")
DEAR = re.compile(rf"(?:^|\n)[Dd]ear (?P<value>{_CAPITALS})(?=[,.!\n]|$)")
GREETED = re.compile(
    rf"(?:^|[.!?\n] ?)(?:[Hh]i|[Hh]ello|[Hh]ey),? (?P<value>{_CAPITALS})(?=[,.!\n]|$)"
)
GREETED_LOWER = re.compile(
    rf"\A(?:hi|hello|hey) (?P<value>{_WORD}),? (?=(?:can|could|i|i'm|my|this|please|would|will)\b)"
)
TITLED = re.compile(
    rf"\b(?:M(?:r|rs|s|iss|x|me|lle)|Herr|Frau|Se[ñn]ora?|Sra?|Signora?)\.? (?P<value>{_CAPITALS})"
)
TITLED_LOWER = re.compile(rf"\b(?:mr|mrs|ms)\.? (?P<value>{_WORD})")

TITLED_SPOKEN = re.compile(
    r"(?:^|[.!?\n] ?|\b(?:[Tt]his is|I am|[Ii]['’]?m|[Ii]t['’]?s|[Nn]ame is|[Nn]ame|[Ff]or|[Uu]nder"
    rf"|[Dd]ear|[Hh]i|[Hh]ello|[Hh]ey|[Tt]hanks|[Tt]hank you|[Rr]egards),? ){TITLED.pattern}"
    r"(?=[,.!?\n]|$| (?:here|speaking|again|my|and|to)\b)"
)
"""Of who speaks or is spoken to; in a story "Mr Wolf" does things, and is made up."""

_NO_NAME = """
siri alexa google cortana chatgpt gpt assistant bot manager hiring reviewer reviewers editor team
colleague colleagues committee members member staff sirs recruiter kitty world
a about above address after again agent all already also always am an afternoon and any anyone
evening everything morning night app are as at back bad because been called being below but by can
cannot cause changed company correct correctly could customer did didn different do does doesn don
email else error
everyone fine first folks for friend friends from full get getting give given good great guys
had has have having he hello help her here hey hi him his hope how i id if im in incorrect
incorrectly instead into is isn issue it its just know last later let like listed ma madam
mam me misspelled missing more mr mrs ms my myself name need needs never new next no none not
now number of off ok okay old on one only or order other our out over password phone please
pls problem really reason registered right same say see set she should showing since sir so
some someone something sorry spelled spelt still such sure team than thank thanks that the
their them then there they thing this those through to today too top true try under unknown
until up us use used user username very want was wasn way we welcome well were what when
where which who why will with won world would written wrong yes yet you your yours zip
associate benign busy bored buyer cool dear doctor early exact excited false free glad
gone grand happy home hungry ill important impossible insane interesting it's late lost mad
male female man married mine minor nice null online pending perfect possible pregnant ready
ridiculous sad serious sick simple single slow stuck student super surprised terrible tired
unable undefined unhappy unfair upset urgent useless vegan vegetarian woman awesome amazing
available absolutely actually
january february march april may june july august september october november december monday
tuesday wednesday thursday friday saturday sunday english american british german french
spanish italian indian chinese canadian australian european christian muslim jewish catholic
"""
NO_NAME = frozenset(_NO_NAME.split())
"""Words that stand after "my name is", "I am" or "hi" and are no names."""

NO_NAME_ENDS = re.compile(
    r".{2,}(?:ing|ly|ful|ous|able|ible|less|ish|tion|ness|ment|'m|'s|’s|n't"
    r"|ated|eded?|ised|ized|ested|used)"
)
MOST_LOWER_WORDS = 2
"""Without capitals nothing says where a name ends; most are a first and a last name."""


MOST_WORDS = 15
"""Of a message without capitals that addresses somebody: more is a story or a document."""


NONE: frozenset[str] = frozenset()


class _Cue(NamedTuple):
    """How a name is announced.

    Attributes:
        words: one of these words is in every text that the pattern matches, or
        literals: one of these texts (without case).
        capitals: the name has to have them.
        weak: other words stand there too: endings of adjectives and verbs rule them out.
        of_users: only in short messages of users, who may write without capitals.
    """

    pattern: re.Pattern[str]
    words: frozenset[str] = NONE
    literals: tuple[str, ...] = ()
    capitals: bool = True
    weak: bool = False
    of_users: bool = False


_OWNERS = """
my full first last sur family maiden customer guest patient contact holder
mys fulls firsts lasts surs familys maidens customers guests patients contacts holders
"""
OWNED_NAME = re.compile(r"(?<=[^\W\d_])name")
OWNERS = word_set(_OWNERS)
"""Words before "name" of which one is in every text that NAMED matches, if not a part of the word:
surname."""

_TITLES = word_set(
    "mr mrs ms miss mx mme mlle herr frau señor señora senor senora sr sra signor signora"
)
_GREETINGS = word_set("hi hello hey")
_SELF = word_set("im myself")
_SELF_LITERALS = ("this is", "i'm", "i’m", "i am")
CUES = (
    _Cue(
        CALLED,
        word_set("signed regards sincerely speaking"),
        ("call me", "yours truly"),
    ),
    _Cue(CALLER, _SELF, _SELF_LITERALS),
    _Cue(CALLER_LOWER, _SELF, _SELF_LITERALS, capitals=False, weak=True, of_users=True),
    _Cue(IT_IS, literals=("it's", "it’s")),
    _Cue(DEAR, word_set("dear")),
    _Cue(GREETED, _GREETINGS),
    _Cue(GREETED_LOWER, _GREETINGS, capitals=False, weak=True, of_users=True),
    _Cue(TITLED_SPOKEN, _TITLES),
    _Cue(TITLED_LOWER, word_set("mr mrs ms"), capitals=False, weak=True, of_users=True),
)
CUE_WORDS = frozenset(word for cue in CUES for word in cue.words)
CUE_LITERALS = tuple(dict.fromkeys(literal for cue in CUES for literal in cue.literals))
"""Most texts have none of them."""

OWNED = _Cue(NAMED, capitals=False)
NAME_CUES = (
    _Cue(NAME_FIRST, literals=("name",), capitals=False, of_users=True),
    _Cue(THE_NAME, literals=("name is", "name's", "name’s")),
)
TITLES = _Cue(TITLED, _TITLES)


def names(signs: Signs, is_user: bool) -> Iterator[Span]:
    """Names that their owners or those who address them say. `is_user`: a user's message."""
    is_short = is_user and signs.text.count(" ") < MOST_WORDS
    if "name" in signs.lower:
        if signs.has(OWNERS) or OWNED_NAME.search(signs.lower):
            yield from _cued(signs.text, OWNED)
        for cue in NAME_CUES:
            if is_short or not cue.of_users:
                yield from _announced(signs, cue)
    if not signs.has(CUE_WORDS) and not any(map(signs.lower.__contains__, CUE_LITERALS)):
        return
    for cue in CUES:
        if is_short or not cue.of_users:
            yield from _announced(signs, cue)


def titled_names(text: str) -> Iterator[Span]:
    """Every name with a title: also of people in stories and in the news."""
    return _announced(signs_of(text), TITLES)


def _announced(signs: Signs, cue: _Cue) -> Iterator[Span]:
    if signs.has(cue.words) or any(map(signs.lower.__contains__, cue.literals)):
        yield from _cued(signs.text, cue)


def _cued(text: str, cue: _Cue) -> Iterator[Span]:
    for found in cue.pattern.finditer(text):
        yield from _name(text, found, cue)


def _name(text: str, found: re.Match[str], cue: _Cue) -> Iterator[Span]:
    """The words of a match up to the first that is none of a name."""
    start = end = found.start("value")
    capital = found["value"][0].isupper()
    if cue.capitals and not capital:
        return
    for number, word in enumerate(re.finditer(r"\S+", found["value"])):
        plain = re.sub(r"['’]s$", "", word[0].rstrip(".").casefold())
        if plain in NO_NAME and cue.capitals:
            return  # "Dear Hiring Manager"
        ordinary = (cue.weak or number) and NO_NAME_ENDS.fullmatch(plain)
        lower_inside = capital and not cue.capitals and not word[0][0].isupper()
        too_long = not capital and number == MOST_LOWER_WORDS
        if plain in NO_NAME or ordinary or lower_inside or too_long:
            break
        end = start + word.end()
    value = re.sub(r"['’]s$", "", text[start:end]).rstrip("'’.-")
    if len(value) >= 2 and len(set(value.casefold())) > 1:
        yield Span("NAME", start, start + len(value), value, plain_key(value))
