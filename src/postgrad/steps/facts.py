"""Facts: how many of the rows teach something that the base model does not know.

Fine-tuning on facts that are new to a model is slow, and what it does learn of them makes it
invent more elsewhere (Gekhman et al., "Does Fine-Tuning LLMs on New Knowledge Encourage
Hallucinations?", arXiv:2405.05904). There a fact is known if at least one of 16 sampled answers has
it. Here the base reads each row of a sample, and a fact is known if its words had a probability of
at least 1/16: one in 16 answers would have them.

A fact is a name or a number in a taught answer that is not in the prompt, and that few other
answers have: what every answer has is form, and form is what fine-tuning teaches well.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Record
from postgrad.data.render import Sequence as TokenSequence
from postgrad.data.rows import Row, Rows
from postgrad.engine.model import LanguageModel
from postgrad.steps.prepare import Renderer
from postgrad.steps.progress import Progress
from postgrad.training.sampler import row_at

SAMPLE_ROWS = 64
"""Rows that are looked at: some ten seconds for a model of 135 million parameters on two cores."""

KNOWN_LOSS = math.log(16)
"""In nats: less probable than 1/16 is unknown (see above)."""

COMMON_SHARE = 0.02
"""Words in more of the answers than this are form, not facts: one row in fifty."""

Fact = tuple[str, float]
"""A name or a number of an answer, and its loss in nats."""

_FACT = re.compile(r"\w*\d[\w.,:]*\w|\d|[^\W\d_]*[A-Z]\w+")
_SENTENCE_END = re.compile(r"(?:^|[.!?:;\n\"'(\[{-])\s*$")


@dataclass(frozen=True)
class UnknownFacts:
    """Rows most of whose facts the base model does not know. Bound to a base, so in no table."""

    renderer: Renderer
    model: LanguageModel
    seed: int = 0
    progress: Progress | None = None

    name = "unknown_facts"
    title = "facts that the base does not know"
    optional = False
    kinds = (
        Kind(
            "unknown_facts",
            "look",
            "sampled rows that teach facts which the base model does not know",
            "New facts are learned slowly and make a model invent more; a model that is given the "
            "facts in its prompt (retrieval) may serve better.",
            "Retrieval may serve better: put what the answer needs into the prompt; or see whether "
            "these are facts at all.",
            source="Gekhman et al., arXiv:2405.05904",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """A hit for each sampled row with more unknown facts than known ones."""
        train = [row for row in rows.readable if row.split == "train"]
        common = _common_words([row.answer for row in train])
        count = min(SAMPLE_ROWS, len(train))
        if self.progress:
            self.progress.begin(self.title, count, "sampled rows")
        for position in range(count):
            if self.progress:
                self.progress.told(position)
            row = train[row_at(position, len(train), self.seed)]
            yield from self._look(row, common, count)

    def share(self, answers: Sequence[tuple[Record, str]]) -> float | None:
        """The share of sampled rows with more unknown facts than known ones; None without rows.

        Args:
            answers: training rows, each with its answer as it is written.
        """
        if not answers:
            return None
        common = _common_words([answer for _, answer in answers])
        count = min(SAMPLE_ROWS, len(answers))
        sampled = [answers[row_at(n, len(answers), self.seed)][0] for n in range(count)]
        looked_at = (self._known_and_not(record, common) for record in sampled)
        return sum(2 * len(unknown) > len(facts) for facts, unknown in looked_at) / count

    def _known_and_not(
        self, record: Record, common: frozenset[str]
    ) -> tuple[list[Fact], list[Fact]]:
        """All facts that a row teaches, and those of them that the base does not know."""
        facts = [
            fact
            for sequence in self.renderer.sequences(record)
            for fact in self._facts(sequence, common)
        ]
        return facts, [(word, loss) for word, loss in facts if loss > KNOWN_LOSS]

    def _look(self, row: Row, common: frozenset[str], count: int) -> Iterator[Hit]:
        assert row.record is not None
        facts, unknown = self._known_and_not(row.record, common)
        if 2 * len(unknown) > len(facts):
            word, loss = max(unknown, key=lambda each: each[1])
            yield Hit(
                "unknown_facts",
                row.index,
                f"The base gives {word!r} a probability of {math.exp(-loss):.1g} "
                f"({len(unknown)} of the row's {len(facts)} facts; {count} rows were sampled).",
            )

    def _facts(self, sequence: TokenSequence, common: frozenset[str]) -> Iterator[Fact]:
        """The facts that a sequence teaches, each with its loss in nats."""
        decode = self.renderer.base.template.tokenizer.decode
        tokens, taught = sequence.tokens, sequence.taught
        prompt = _words(decode(list(tokens[: taught[0]]), skip_special_tokens=True))
        pieces = [decode([tokens[index]], skip_special_tokens=True) for index in taught]
        losses = self.model.token_losses(sequence)
        ends = [0]
        for piece in pieces:
            ends.append(ends[-1] + len(piece))
        text = "".join(pieces)
        for match in _FACT.finditer(text):
            word = match.group()
            opens = _SENTENCE_END.search(text[: match.start()]) and not any(map(str.isdigit, word))
            if opens or word.casefold() in prompt or word.casefold() in common:
                continue
            # the tokens that the word is made of, and those that it shares with its neighbours
            first, end = bisect_right(ends, match.start()) - 1, bisect_left(ends, match.end())
            yield word, sum(losses[first:end])


def _common_words(answers: Sequence[str]) -> frozenset[str]:
    counts = Counter(word for answer in answers for word in _words(answer))
    most = max(1.0, COMMON_SHARE * len(answers))
    return frozenset(word for word, count in counts.items() if count > most)


def _words(text: str) -> set[str]:
    return {match.casefold() for match in _FACT.findall(text)}
