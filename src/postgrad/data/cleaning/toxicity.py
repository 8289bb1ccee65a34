"""Insults, slurs and foul language, in what is asked and in what the model learns to say.

A fine-tuned model picks up the tone of its rows, and a few harmful ones undo the manners of its
base (Qi et al., arXiv:2310.03693). The words come from a kept list, not from a classifier:
classifiers of toxicity take the name of a group for hate against it, and dialect for offence (Dixon
et al., "Measuring and Mitigating Unintended Bias in Text Classification", 2018; Sap et al., "The
Risk of Racial Bias in Hate Speech Detection", 2019). A list knows no irony and no quotation, so
nothing is left out before a person has looked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from postgrad import plugins
from postgrad.core.findings import Hit, Kind
from postgrad.data.rows import Rows

CATEGORIES = ("profanity", "hate", "harassment")
"""Of the list's, all but sexual: half of those words are medicine's and statistics' too ("sex")."""

LANGUAGES = ("en", "es", "fr", "de", "pt", "hi", "hi-latn")
"""All that the list has; their words are told apart by their letters."""

SHOWN = 60
"""Characters around a word: enough to judge it by, and it fits on a line."""


class Toxicity:
    """Rows with foul, hateful or threatening words, on the side that is taught or on the other."""

    name = "toxicity"
    title = "insults and foul language"
    optional = True
    kinds = (
        Kind(
            "toxic_answer",
            "look",
            "insults or foul language that the model learns to say",
            "A model speaks as its rows do, and few of them are enough.",
            "Read them; leave out what your model should not say.",
            cleaned=True,
            source="Qi et al., arXiv:2310.03693; the list of the package safetype",
        ),
        Kind(
            "toxic_prompt",
            "look",
            "insults or foul language in what is asked",
            "Users do write so, and a calm answer is worth learning; a prompt that was written to "
            "provoke is not.",
            "Read the answers: they should stay calm.",
            source="the list of the package safetype",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """A hit for each row and side, with the gravest word.

        Raises:
            SetupError: the package with the list is missing.
        """
        if not rows.readable:
            return
        safetype = plugins.package("safetype", self.name)
        engine: Any = safetype.create_moderation_engine(
            mode="warn", languages=LANGUAGES, categories=CATEGORIES
        )
        seen: dict[str, str] = {}
        for row in rows.readable:
            told: set[str] = set()
            for piece in row.pieces():
                code = "toxic_answer" if piece.taught else "toxic_prompt"
                if code in told:
                    continue
                what = seen.get(piece.text)
                if what is None:
                    what = seen[piece.text] = _worst(piece.text, engine)
                if what:
                    told.add(code)
                    yield Hit(code, row.index, what, piece.path, drop=piece.taught)


def _worst(text: str, engine: Any) -> str:
    """The gravest match of a text with what stands around it; "" if there is none."""
    matches = engine.moderate(text).matches
    if not matches:
        return ""
    grades = ("low", "medium", "high", "critical")
    match = max(matches, key=lambda each: grades.index(each.severity))
    room = max(0, SHOWN - (match.end - match.start)) // 2
    before, after = text[max(0, match.start - room) : match.start], text[match.end :][:room]
    around = " ".join(f"{before}{text[match.start : match.end]}{after}".split())
    return f"{match.category.capitalize()}: “{around}”"
