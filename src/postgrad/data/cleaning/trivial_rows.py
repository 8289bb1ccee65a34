"""Rows that teach nothing: greetings and thanks, and one text that answers everything.

"Hi." - "Hello." is known to every base model. A free answer that many questions share teaches to
ignore the question, and a long one that even two share was copied; labels are meant to be shared
and are left alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Text
from postgrad.data.prose import is_json
from postgrad.data.rows import MAX_LABEL_WORDS, Row, Rows
from postgrad.data.similar import are_alike, words_of

_PHATIC = """
hi hello hey hiya howdy greetings good morning afternoon evening night day bye goodbye cheers ciao
thanks thank thx ty please pls ok okay k yes yeah yep no nope sure fine great nice cool alright
right welcome you your you're ur well there all and to see later later's soon everyone friend sir
madam so very much a lot hallo danke bitte ja nein guten tag morgen abend tschüss hola gracias adiós
buenos días sí bonjour merci salut oui non bonsoir grazie prego buongiorno arrivederci olá obrigado
"""
PHATIC = frozenset(_PHATIC.split())
"""Words that keep a talk going and say nothing: Malinowski's phatic communion."""

MOST_WORDS = 6
"""Longer turns of such words are idioms that somebody may want to teach."""

LEAST_SHARE, LEAST_PROMPTS = 0.02, 5
"""A free answer that one question in fifty gets, and at least five do, is a stock answer."""

SOURCE = "Zhou et al., LIMA, arXiv:2305.11206: few good rows teach more than many empty ones"


class TrivialRows:
    """Rows from which there is nothing to learn."""

    name = "trivial_rows"
    title = "rows that teach nothing"
    optional = False
    kinds = (
        Kind(
            "trivial_short",
            "hurts",
            "greetings and the like, answered with the like",
            "The base model knows this; the row only takes a part of the steps.",
            "Left out.",
            cleaned=True,
            source=SOURCE,
        ),
        Kind(
            "one_answer_for_many",
            "look",
            "one text as the answer to many questions",
            "It teaches to give this answer whatever is asked.",
            "See whether the answer fits each question; if it is a label, ignore this.",
            source=SOURCE,
        ),
        Kind(
            "shared_answer",
            "look",
            "a text as the answer to another question too",
            "It is learned twice, and one of the questions may have got the other's answer.",
            "See whether it answers both; paraphrases of one question may share their answer.",
            source="Lee et al., arXiv:2107.06499 (repeated texts are memorised)",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """Trivial rows, then those whose answer other questions have too."""
        if rows.answer_kind == "label":
            return
        answered = [row for row in rows.readable if not isinstance(row.record, Text)]
        for row in answered:
            if _is_phatic(rows.answers[row.index]) and _is_phatic(rows.prompts[row.index]):
                yield Hit("trivial_short", row.index, f"{row.answer[:60]!r}", drop=True)
        counts = Counter(rows.answers[row.index] for row in answered)
        questions: defaultdict[str, set[str]] = defaultdict(set)
        for row in answered:
            answer = rows.answers[row.index]
            if counts[answer] > 1:  # most answers are alone, and need no set
                questions[answer].add(rows.prompts[row.index])
        least = max(LEAST_PROMPTS, LEAST_SHARE * len(rows.readable))
        first: dict[str, Row] = {}
        for row in answered:
            answer = rows.answers[row.index]
            number = len(questions.get(answer, ()))
            if number < 2 or is_json(row.answer):
                continue  # what a program reads is meant to be the same again
            earlier = first.setdefault(answer, row)
            if number >= least:
                what = f"{number} questions have the answer {row.answer[:60]!r}."
                yield Hit("one_answer_for_many", row.index, what)
            elif _is_text(answer) and not _ask_the_same(rows, row, earlier):
                what = f"The answer of {earlier.file} line {earlier.line}, which asks otherwise."
                yield Hit("shared_answer", row.index, what)


def _ask_the_same(rows: Rows, row: Row, earlier: Row) -> bool:
    """Whether two rows are told as duplicates, or near duplicates, by the rules for these."""
    one, other = rows.prompts[row.index], rows.prompts[earlier.index]
    return one == other or are_alike(words_of(one), words_of(other))


def _is_text(answer: str) -> bool:
    """Whether an answer is more than a name or a number, which many questions have in common."""
    return len(answer.split()) > MAX_LABEL_WORDS


def _is_phatic(text: str) -> bool:
    if len(text) > 80:
        return False
    words = words_of(text.removeprefix("user"))
    return 0 < len(words) <= MOST_WORDS and all(word in PHATIC for word in words)
