"""Rows that say nearly the same as an earlier one: edited copies, paraphrases of a word or two.

Web and support data are full of them, and they count like repeated rows: the model learns them by
heart, and a test that holds an edited copy of a trained row proves nothing. Compared are question
and answer, each by its words; two rows that differ in what stands in the slots of a template, or in
a number, are two rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import Rows
from postgrad.data.similar import are_alike, candidates, words_of

LEAST_ANSWER_SIMILARITY = 0.5
"""Of answers of a few words one word more is a third of them."""


class NearDuplicates:
    """Rows whose question and answer are nearly those of an earlier row of the same file."""

    name = "near_duplicates"
    title = "nearly the same row again"
    optional = False
    kinds = (
        Kind(
            "near_duplicate",
            "hurts",
            "nearly the same question and answer as an earlier row",
            "Edited copies are learned by heart like copies, and leak from training into the test.",
            "The first of each is kept.",
            cleaned=True,
            source="Lee et al., arXiv:2107.06499 (MinHash, Jaccard similarity of at least 0.8)",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """Every row that is alike to an earlier one which is kept."""
        questions = {row.index: words_of(rows.prompts[row.index]) for row in rows.readable}
        answers = {row.index: words_of(rows.answers[row.index]) for row in rows.readable}
        # a text for continued pre-training is its own prompt
        whole = {
            index: words if answers[index] == words else [*words, *answers[index]]
            for index, words in questions.items()
        }
        dropped: set[int] = set()
        for first, second in sorted(candidates(whole)):
            if second in dropped or first in dropped or rows[first].file != rows[second].file:
                continue
            same = (
                rows.prompts[first] == rows.prompts[second]
                and rows.answers[first] == rows.answers[second]
            )
            if same or not are_alike(questions[first], questions[second]):
                continue
            if are_alike(answers[first], answers[second], LEAST_ANSWER_SIMILARITY):
                dropped.add(second)
                what = f"Nearly the same as {rows[first].file} line {rows[first].line}."
                yield Hit("near_duplicate", second, what, drop=True)
