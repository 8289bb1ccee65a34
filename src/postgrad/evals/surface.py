"""Surface and content: what kind of word a token of an answer belongs to.

How something is said is the surface: signs, the keys of a JSON form, words of grammar, words of
courtesy and order ("sure", "please", "however"), and where an answer ends. What is said is the
content: every other word, and numbers. The line between words of grammar and others is the one
between closed and open classes (Quirk et al. 1985, "A Comprehensive Grammar of the English
Language", section 2.34); that tuning for chats moves words of style is the finding of Lin et al.
2023 (arXiv:2312.01552, section 2.2), from which the idea of counting them apart is taken.

The lists are English. In other languages words of grammar count as content, so that the surface
is understated there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from postgrad.evals import marking

Kind = Literal["end", "sign", "form", "grammar", "courtesy", "content"]

KINDS: dict[Kind, str] = {
    "content": "words of content",
    "grammar": "words of grammar",
    "courtesy": "words of courtesy and order",
    "form": "the answer's form",
    "sign": "signs and spaces",
    "end": "the end of the answer",
}
"""Each kind in words. The form: keys of JSON, and words that stand in nearly every answer."""

NEARLY_EVERY = 0.9
"""Share of the answers that a word of the form stands in; a hand-made data set has some slips."""

FEWEST_ANSWERS = 10
"""With fewer, "nearly every answer" can be chance."""

_GRAMMAR = """
a an the this that these those each every either neither some any no none all both half few many
much more most several enough such another other others own same
i me my mine myself you your yours yourself yourselves he him his himself she her hers herself it
its itself we us our ours ourselves they them their theirs themselves one ones someone anyone
everyone nobody somebody anybody everybody something anything everything nothing
who whom whose which what when where why how whoever whatever whichever whenever wherever
am is are was were be been being do does did done doing have has had having can could may might
must shall should will would ought
of in on at by for with about against between into through during before after above below to from
up down out off over under again near since until till upon within without along across behind
beyond toward towards onto per via among around despite except like than as
and or but nor so yet if because although though while whereas unless whether
not n't don't doesn't didn't isn't aren't wasn't weren't can't cannot couldn't won't wouldn't
shouldn't haven't hasn't hadn't i'm i've i'll i'd you're you've you'll you'd he's she's it's we're
we've we'll they're they've they'll that's there's what's let's
there here then now too very just only also even still ever never always often
"""

_COURTESY = """
hello hi hey dear welcome greetings thank thanks please sorry apologies apologize apologise
gladly sure certainly absolutely definitely indeed ok okay well yes
however therefore thus hence moreover furthermore additionally nevertheless nonetheless meanwhile
instead otherwise overall finally firstly secondly thirdly lastly summary conclusion
regards sincerely
"""

_WORDS: dict[str, Kind] = {
    **dict.fromkeys(_COURTESY.split(), "courtesy"),
    **dict.fromkeys(_GRAMMAR.split(), "grammar"),
}

_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_JSON_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')


def words(text: str) -> list[str]:
    """The words of a text, in small letters; an apostrophe inside belongs to the word."""
    return [_plain(found) for found in _WORD.findall(marking.spaced(text))]


def form_words(texts: Sequence[str]) -> frozenset[str]:
    """Words that stand in nearly every one of the texts, whatever each says; none if there are few.

    A text that is one word only says something with it, however often it comes.
    """
    longer = [found for found in (set(words(text)) for text in texts) if len(found) > 1]
    if len(longer) < FEWEST_ANSWERS:
        return frozenset()
    counts = Counter(word for found in longer for word in found)
    return frozenset(word for word, count in counts.items() if count >= NEARLY_EVERY * len(longer))


class Place(NamedTuple):
    """What a token of an answer is part of."""

    kind: Kind
    word: str
    """The word that it belongs to, in small letters; the token itself if that is no word."""


def places(
    pieces: Sequence[str], *, ended: bool, form: frozenset[str] = frozenset()
) -> list[Place]:
    """What each token of an answer is part of.

    Where an answer has no other words, those of grammar and courtesy are its content: "no" may be
    all there is to say.

    Args:
        pieces: the tokens as text; put together they are the answer. A token inside a word is of
            the word's kind.
        ended: whether the last token is the one that ends the answer.
        form: words of the answers' form; see `form_words`.
    """
    said = pieces[:-1] if ended else pieces
    by_character = _by_character("".join(said), form)
    found: list[Place] = []
    start = 0
    for piece in said:
        inside = (by_character[at] for at in range(start, start + len(piece)))
        found.append(next((place for place in inside if place), Place("sign", piece.strip())))
        start += len(piece)
    if all(place.kind != "content" for place in found):
        short: dict[Kind, Kind] = {"grammar": "content", "courtesy": "content"}
        found = [Place(short.get(kind, kind), word) for kind, word in found]
    return [*found, Place("end", "")] if ended else found


def _by_character(text: str, form: frozenset[str]) -> list[Place | None]:
    """For each character its word; None outside words."""
    found: list[Place | None] = [None] * len(text)
    for match in _WORD.finditer(text):
        word = _plain(match.group())
        kind: Kind = "form" if word in form else _WORDS.get(word, "content")
        start, end = match.span()
        found[start:end] = [Place(kind, word)] * (end - start)
    if text.lstrip()[:1] in ("{", "["):
        for key in _JSON_KEY.finditer(text):
            start, end = key.span(1)
            found[start:end] = [Place("form", key.group(1))] * (end - start)
    return found


def _plain(word: str) -> str:
    return word.lower().replace("\u2019", "'")
