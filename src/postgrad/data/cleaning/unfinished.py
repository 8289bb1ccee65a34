"""Answers that break off: generators that ran into their limit, and cells that were cut.

A model that is taught half sentences stops in the middle of them. No answer ends with "the" or
"and"; and where nine in ten of a task end with a full stop, a result or the like, one that does
not was probably cut.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Text
from postgrad.data.prose import is_code, taught, without_code
from postgrad.data.rows import Piece, Row, Rows

MOST_CHARACTERS = 400
"""Of the end of an answer that are looked at: two long sentences."""

FEWEST_WORDS = 12
"""Shorter answers are often no sentences: names, titles, numbers."""

LEAST_ANSWERS, LEAST_SHARE = 50, 0.9
"""Where fewer answers end with a full stop, that is not how answers end here. Both are ours."""

ENDED = re.compile(
    r"""(?x)
    (?: [.!?…。！？؟।:;)\]}»”’"'`*_~>|]          # a sentence, a quotation, Markdown, a table
      | [\d%°€$£]                                 # a result
      | \w{2,}://\S+ | \S+@\S+ | \S+\.\w{2,4}     # an address
    )\Z
    """
)
WAITING = re.compile(
    r"(?i)\b(?:the|an?|of|to|and|or|but|for|with|in|on|at|by|from|into|that|which|who|whose|is"
    r"|are|was|were|be|been|has|have|will|would|can|could|should|may|if|when|because|than|as|their"
    r"|its|your|our|his|my|such|these|those|very|more)\Z"
)
"""A last word behind which more must come, however answers end."""


class Unfinished:
    """Answers in prose that end in the middle of a sentence."""

    name = "unfinished"
    title = "answers that break off"
    optional = False
    kinds = (
        Kind(
            "unfinished_answer",
            "look",
            "answers that end in the middle of a sentence",
            "The model learns to stop there.",
            "Finish the sentence, or cut the answer after the one before.",
            source="Raffel et al., C4, arXiv:1910.10683, 2.2 (lines end in punctuation)",
        ),
    )

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> _Ends | None:
        """How the answers of a row end."""
        if isinstance(row.record, Text):
            return None  # long texts are cut into rows
        ends = _Ends()
        for piece in taught(pieces):
            if not piece.path.endswith("content") or piece.text.count(" ") < FEWEST_WORDS - 1:
                continue
            ends.num_judged += 1
            if _is_ended(piece.text):
                ends.num_ended += 1
            elif not is_code(without_code(piece.text)):
                end = " ".join(piece.text[-60:].split())
                hit = Hit("unfinished_answer", row.index, f"“…{end}” is its end.", piece.path)
                (ends.waiting if WAITING.search(end) else ends.open).append(hit)
        return ends if ends.num_judged else None

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit for each turn that breaks off; each system prompt is a task with its own ends."""
        tasks: defaultdict[str, _Ends] = defaultdict(_Ends)
        for index, found in rows.seen(self.at_row):
            yield from found.waiting
            tasks[rows[index].system].add(found)
        for ends in tasks.values():
            if ends.num_judged >= LEAST_ANSWERS and ends.num_ended >= LEAST_SHARE * ends.num_judged:
                yield from ends.open


def _is_ended(text: str) -> bool:
    # the pattern has no white space in it, so that the last word is enough
    last = text[-MOST_CHARACTERS:].rsplit(None, 1)[-1:]
    return any(map(ENDED.search, last))


@dataclass(slots=True)
class _Ends:
    """How answers end: of a row, of a task."""

    num_judged: int = 0
    num_ended: int = 0
    waiting: list[Hit] = field(default_factory=list[Hit])
    open: list[Hit] = field(default_factory=list[Hit])

    def add(self, more: _Ends) -> None:
        """Those that wait for a word are told already."""
        self.num_judged += more.num_judged
        self.num_ended += more.num_ended
        self.open += more.open
