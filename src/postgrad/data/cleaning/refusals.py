"""Refusals and self-descriptions of another model in the taught answers.

Answers that were collected from a chat model bring its manners along: "As an AI language model, I
can't ...". A specialist that learns them refuses what it was made for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from postgrad.core.findings import Hit, Kind
from postgrad.data.prose import excerpt, taught
from postgrad.data.rows import Piece, Row, Rows

SPEAKS_AS_MODEL = re.compile(
    r"\bas an? (?:large |artificial |ai |a\.i\. )*(?:language model|ai\b|ai assistant"
    r"|artificial intelligence|chatbot|virtual assistant)"
    r"|\b(?:i am|i['’]m) (?:just |only )?an? (?:large |ai )*(?:language model|ai\b)"
    r"|\bmy (?:knowledge|training)(?: data)? cut-?off|\b(?:trained|developed|created) by openai"
    r"|\bi (?:do not|don['’]t) have (?:personal|real-time) (?:opinions|feelings|experiences|data)",
    re.I,
)
REFUSES = re.compile(
    r"\A\W*(?:(?:i['’]?m|i am) (?:really |very |so )?sorry|sorry|i apologi[sz]e|unfortunately)"
    r"[,.]?(?: but)? (?:i|we) (?:can(?:no|['’])t|can not|am (?:not able|unable)"
    r"|['’]m (?:not able|unable))"
    r" (?:to )?(?:assist|help|provide|fulfil\w*|comply|answer|generate|create|do that|engage)"
    r"|\A\W*i (?:can(?:no|['’])t|can not|won['’]t) (?:assist|help|comply|fulfil\w*|engage)",
    re.I,
)
SIGNS = ("as a", "model", "cutoff", "cut-off", "openai", "sorry", "apolog", "unfortunately",
         "i can", "i won", "have personal", "have real-time", "i'm a", "i am a")  # fmt: skip


class Refusals:
    """Taught answers that refuse, or speak as another model."""

    name = "refusals"
    title = "refusals of another model"
    optional = False
    kinds = (
        Kind(
            "refusal",
            "hurts",
            "answers that refuse, or speak as some language model",
            "The specialist learns to refuse what it was made for.",
            "Write the answer that you want; keep refusals only where you would refuse.",
            source="Vicuna's and WizardLM-Uncensored's data cleaning; Röttger et al., "
            "XSTest, arXiv:2308.01263 (exaggerated safety)",
        ),
    )

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> list[Hit]:
        """One hit for each taught turn that refuses."""
        hits: list[Hit] = []
        for piece in taught(pieces):
            lower = piece.text.lower()
            if any(map(lower.__contains__, SIGNS)):
                found = SPEAKS_AS_MODEL.search(piece.text) or REFUSES.search(piece.text)
                if found:
                    what = f"“{excerpt(piece.text, *found.span())}”"
                    hits.append(Hit("refusal", row.index, what, piece.path))
        return hits

    def find(self, rows: Rows) -> Iterator[Hit]:
        """The turns that refuse of all rows."""
        return rows.hits(self.at_row)
