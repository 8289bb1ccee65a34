"""Rows that say nearly the same as an earlier one: edited copies, paraphrases of a word or two.

Web and support data are full of them, and they count like repeated rows: the model learns them by
heart, and a test that holds an edited copy of a trained row proves nothing. Compared are question
and answer, each by its words; two rows that differ in what stands in the slots of a template, or in
a number, are two rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import Row, Rows
from postgrad.data.similar import LEAST_SIMILARITY, are_alike, candidates, words_of

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
        prompts, answers = rows.prompts, rows.answers

        def whole(row: Row) -> str:
            # a text for continued pre-training is its own prompt
            prompt, answer = prompts[row.index], answers[row.index]
            return prompt if prompt == answer else f"{prompt}\n{answer}"

        dropped: set[int] = set()
        for places in candidates(rows.readable, whole, rows.spread):
            first, second = (rows.readable[place] for place in places)
            if {first.index, second.index} & dropped or first.file != second.file:
                continue
            same_prompt = prompts[first.index] == prompts[second.index]
            same_answer = answers[first.index] == answers[second.index]
            if same_prompt and same_answer:
                continue
            if not same_prompt and not _are_alike(prompts[first.index], prompts[second.index]):
                continue
            if same_answer or _are_alike(
                answers[first.index], answers[second.index], LEAST_ANSWER_SIMILARITY
            ):
                dropped.add(second.index)
                what = f"Nearly the same as {first.file} line {first.line}."
                yield Hit("near_duplicate", second.index, what, drop=True)


def _are_alike(one: str, other: str, least: float = LEAST_SIMILARITY) -> bool:
    return are_alike(words_of(one), words_of(other), least)
