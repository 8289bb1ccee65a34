"""Rows that say what another row says, in other words, as no comparison of words finds them.

In training they count like repeated rows. In the test they do worse: a rewritten question lets a
model score well on what it has learned by heart, and word comparisons miss it (Yang et al.,
"Rethinking Benchmark and Contamination for Language Models with Rephrased Samples",
arXiv:2311.04850). That two rows are near in meaning is a judgement of a small model, so a person
looks before anything is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from postgrad.core.findings import Hit, Kind
from postgrad.data.meaning import around_shared_runs, differ_in_a_slot, near, shortened
from postgrad.data.rows import Row, Rows
from postgrad.data.similar import are_alike, words_of

LEAST_QUESTION, LEAST_ANSWER = 0.6, 0.7
"""Cosines from which two questions, and two answers, say the same, if both do. SemDeDup
(arXiv:2303.09540, 4) leaves the threshold to the data: with these, 7 of 1,200 rows of four real
sets are false alarms, and three in five of the planted paraphrases are found; with 0.1 less for the
answers it is 36 and four in five (benchmarks/data/paraphrases.py)."""

LEAST_ALONE = 0.85
"""Of two questions whose answers say nothing about them: labels, or a row that leaks. From here on
the pairs of BANKING77 mean the same intent in nearly all cases."""

SAMPLE_ANSWERS, MOST_ALIKE = 100, 0.05
"""Answers of one form, JSON say, are all near to each other: if more than one in twenty pairs of a
sample are, nearness of answers says nothing."""

FEWEST_ANSWERS = 7
"""Among six, one near pair is more than one in twenty already: so few have no form to speak of."""

MOST_WORDS = 80
"""Of a text that is read first: its beginning and its end, about 110 tokens, which a small model
reads in one piece. Questions that are near are then read whole."""

Pair = tuple[Row, Row, float]


@dataclass(frozen=True)
class SemanticDuplicates:
    """Rows that are near in meaning to an earlier row of the file, or to a held-out row."""

    read: Callable[[Sequence[str]], Sequence[Any]] | None = None
    """Vectors of texts, from a model that a step has opened."""

    name = "semantic_duplicates"
    title = "the same in other words"
    optional = True
    asks = "embedders"
    kinds = (
        Kind(
            "semantic_duplicate",
            "look",
            "the same question and answer as an earlier row, in other words",
            "Paraphrases are learned like repetitions, and on both sides of the split the test "
            "measures memory.",
            "See whether they say the same. Paraphrases that you wrote on purpose belong into one "
            "part of the data.",
            cleaned=True,
            source="SemDeDup, Abbas et al., arXiv:2303.09540",
        ),
        Kind(
            "leak_semantic",
            "look",
            "questions that are in the held-out rows in other words",
            "The model has seen what it is tested on, so the test measures memory and not skill.",
            "See whether they ask the same; if so, leave the row out of the training file.",
            cleaned=True,
            source="Yang et al., arXiv:2311.04850",
        ),
    )

    def asking(self, read: Callable[[Sequence[str]], Sequence[Any]]) -> SemanticDuplicates:
        """The rule with a model to ask."""
        return SemanticDuplicates(read)

    def find(self, rows: Rows) -> Iterator[Hit]:
        """First what is there twice, then what leaks; a row may be both."""
        if not rows.readable:
            return
        assert self.read is not None, "a step binds the rule to a model"
        texts = _Texts(rows, self.read)
        files = dict.fromkeys(row.file for row in rows.readable)
        for file in files:
            yield from _duplicates(texts, [row for row in rows.readable if row.file == file])
        held_out = [row for row in rows.readable if row.split != "train"]
        trained = [row for row in rows.readable if row.split == "train"]
        # within a file such rows are told above, or have other answers and leak nothing
        if len(files) > 1 and held_out and trained:
            yield from _leaks(texts, trained, held_out)


def _duplicates(texts: _Texts, group: Sequence[Row]) -> Iterator[Hit]:
    least = LEAST_QUESTION if texts.answers_tell else LEAST_ALONE
    vectors_ND = texts.questions(group)
    found = near(vectors_ND, vectors_ND, least, earlier=True)
    pairs = [(group[later], group[earlier], cosine) for later, earlier, cosine in found]
    pairs = texts.that_answer_the_same(texts.that_are_worded_otherwise(pairs))
    dropped: set[int] = set()
    for row, kept, cosine in texts.that_ask_the_same(pairs, least):
        if row.index not in dropped and kept.index not in dropped:
            dropped.add(row.index)
            what = f"Says what {kept.file} line {kept.line} says (cosine {cosine:.2f}): "
            yield Hit("semantic_duplicate", row.index, what + texts.quoted(kept), drop=True)


def _leaks(texts: _Texts, trained: Sequence[Row], held_out: Sequence[Row]) -> Iterator[Hit]:
    found = near(texts.questions(trained), texts.questions(held_out), LEAST_ALONE)
    between = ((trained[one], held_out[other], cosine) for one, other, cosine in found)
    pairs = [pair for pair in between if pair[0].file != pair[1].file]
    pairs = texts.that_ask_the_same(texts.that_are_worded_otherwise(pairs), LEAST_ALONE)
    told: set[int] = set()
    for row, source, cosine in pairs:
        if row.index not in told:
            told.add(row.index)
            where = f"{source.file} line {source.line} ({source.split})"
            what = f"Asks what {where} asks (cosine {cosine:.2f}): {texts.quoted(source)}"
            yield Hit("leak_semantic", row.index, what, drop=True)


class _Texts:
    """What is compared of the rows: questions and answers, as words and as vectors."""

    def __init__(self, rows: Rows, read: Callable[[Sequence[str]], Sequence[Any]]) -> None:
        self._rows, self._read = rows, read
        self._questions = {row.index: _said(rows.prompts[row.index]) for row in rows.readable}

    def questions(self, group: Sequence[Row]) -> np.ndarray:
        return self._vectors([shortened(self._question(row), MOST_WORDS) for row in group])

    def quoted(self, row: Row) -> str:
        return f"“{shortened(self._question(row), 24)}”."

    @cached_property
    def answers_tell(self) -> bool:
        """Whether answers that are near tell that the questions are the same: not labels, and
        not all of one form."""
        rows = self._rows.readable
        step = max(1, len(rows) // SAMPLE_ANSWERS)
        answers = list({self._answer(row): None for row in rows[::step]})
        if self._rows.answer_kind == "label" or len(answers) < 2:
            return False
        if len(answers) < FEWEST_ANSWERS:
            return True
        vectors_ND = self._vectors(answers)
        cosines = (vectors_ND @ vectors_ND.T)[np.triu_indices(len(answers), 1)]
        return float(np.mean(cosines >= LEAST_ANSWER)) <= MOST_ALIKE

    def that_are_worded_otherwise(self, pairs: Iterable[Pair]) -> list[Pair]:
        """The pairs whose questions have other words, so that no rule about words tells of them."""

        def is_one(row: Row, other: Row) -> bool:
            words, others = words_of(self._question(row)), words_of(self._question(other))
            return not (are_alike(words, others) or differ_in_a_slot(words, others))

        return [pair for pair in pairs if is_one(*pair[:2])]

    def that_answer_the_same(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs with the same answer, or with answers that are near where that tells."""
        texts = [(self._answer(row), self._answer(other)) for row, other, _ in pairs]
        if self.answers_tell:
            near_ones = self._cosines(texts) >= LEAST_ANSWER
        else:
            near_ones = np.array([one == two for one, two in texts], bool)
        return [pair for pair, is_near in zip(pairs, near_ones, strict=True) if is_near]

    def that_ask_the_same(self, pairs: Sequence[Pair], least: float) -> list[Pair]:
        """The pairs whose questions are near when all of them is read, and also without the runs
        of words that both have."""
        questions = [(self._question(row), self._question(other)) for row, other, _ in pairs]
        around = [around_shared_runs(words_of(one), words_of(two)) for one, two in questions]
        rests = [rest or pair for rest, pair in zip(around, questions, strict=True)]
        cosines = np.minimum(
            self._cosines(questions) - least, self._cosines(rests) - LEAST_QUESTION
        )
        whole = np.array([all(rest) for rest in rests], bool)
        keep = (whole & (cosines >= 0)).tolist()
        return [pair for pair, is_near in zip(pairs, keep, strict=True) if is_near]

    def _question(self, row: Row) -> str:
        return self._questions[row.index]

    def _answer(self, row: Row) -> str:
        return shortened(self._rows.answers[row.index], MOST_WORDS)

    def _vectors(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack(self._read(texts))

    def _cosines(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """Of the two texts of each pair; they are read in one go."""
        if not pairs:
            return np.zeros(0)
        vectors_PD = self._vectors([text for pair in pairs for text in pair])
        return (vectors_PD[::2] * vectors_PD[1::2]).sum(1)


def _said(prompt: str) -> str:
    """The turns of a normalised prompt (`split.prompt_key`) without who says them."""
    turns = prompt.split("\x1e")
    return "\n".join(" ".join(turn.split("\x1f")[1:]) if "\x1f" in turn else turn for turn in turns)
