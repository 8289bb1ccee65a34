"""General texts: does the model still predict ordinary texts as well as the base did?

    change of a text = bits per byte by the tuned model / bits per byte by the base - 1

A model that forgets gets worse at predicting what it was once trained on, long before anybody
notices it in an answer, and every byte of every text is evidence. Relative to the base, so that
one margin fits models and texts that are easy or hard. The texts are bundled, of many genres;
genres are drawn together in the bootstrap, because one genre may be forgotten and another not.
Loss on a general corpus before and after training as the measure of forgetting: Luo et al. 2023,
arXiv:2308.08747; Bethune et al. 2025, arXiv:2502.06042.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Text
from postgrad.core.report import Gate, ProbeReport, Table
from postgrad.data import general
from postgrad.evals.judging import Pair, compared, not_worse, paired, sides
from postgrad.evals.metrics import BITS_PER_BYTE, Metric

GATE = "forgetting"

TEXTS_A_GENRE, TEXTS_A_GENRE_QUICK = 2, 1
"""The spread between genres, which both keep, decides the interval more than the number of texts in
each: of an adapter on SmolLM2-135M the interval was 0.20 points wide with all 105 texts, 0.26 with
four of each genre, 0.28 with two, 0.55 with one."""

AT_ONCE = 15
"""Texts between two signs of progress: a few seconds on two cores."""

RELATIVE = Metric("relative_bits", "Bits per byte, relative to the base", False, False)

NOTES = (
    "Measured on texts of the postgrad authors' own writing, most of them English. What is not "
    "among their genres may be forgotten unseen.",
    "As a yardstick: by the scaling law of Kaplan et al. 2020 (arXiv:2001.08361, loss ~ "
    "size^-0.076), two per cent more loss are what a model with a quarter fewer weights would "
    "have, and ten per cent what one with a third of the weights would have.",
)

QUICK_NOTE = (
    "Asked quickly, with one text of each genre: the interval is wider, and a small loss is less "
    "often ruled out. Ask all of them with: --set evaluation.effort=full"
)


class GeneralText:
    """Bits per byte on bundled texts."""

    name = "general_text"
    title = "How well it predicts ordinary texts"
    section = "forgetting"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """Bits per byte of each text, its end token left out: how a text ends is habit, not
        knowledge."""
        texts = _texts(sitting.is_quick)
        readings: list[Reading] = []
        for start in range(0, len(texts), AT_ONCE):
            part = texts[start : start + AT_ONCE]
            bits = sitting.answerer.bits_per_byte([Text(it.text) for it in part], with_end=False)
            readings += [
                Reading(it.id, it.genre, {BITS_PER_BYTE.name: value}, prompt=it.text)
                for it, value in zip(part, bits, strict=True)
            ]
            sitting.on_done(len(readings), len(texts))
        return readings

    def rests_on(self, sitting: Sitting) -> Sequence[str]:
        """Nothing: its items are bundled."""
        return ()

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """The mean relative change with its interval; a gate by non-inferiority."""
        pairs = paired(base, tuned)
        relative = [_relative(pair) for pair in pairs]
        gate = not_worse(RELATIVE, relative, criteria, margin=criteria.margin, grouped=True)
        text = _sentence(gate, len(pairs), len({before.group for before, _ in pairs}))
        found = compared(BITS_PER_BYTE, pairs, criteria, grouped=True)
        report = ProbeReport(
            name=self.name,
            section="forgetting",
            title=self.title,
            outcome=gate.outcome,
            text=text,
            gate=GATE,
            comparisons=[found] if found else [],
            tables=[_by_genre(pairs)],
            notes=[*NOTES, *([QUICK_NOTE] if criteria.is_quick else [])],
        )
        return Judgement(report, {GATE: gate.model_copy(update={"text": text})})


def _texts(is_quick: bool) -> list[general.GeneralText]:
    most = TEXTS_A_GENRE_QUICK if is_quick else TEXTS_A_GENRE
    taken: Counter[str] = Counter()
    chosen: list[general.GeneralText] = []
    for text in general.texts():
        taken[text.genre] += 1
        if taken[text.genre] <= most:
            chosen.append(text)
    return chosen


def _relative(pair: Pair) -> Pair:
    """The pair in units of the base's bits per byte."""
    before, after = (reading.values[BITS_PER_BYTE.name] for reading in pair)
    base, tuned = pair
    return (
        replace(base, values={RELATIVE.name: 1.0}),
        replace(tuned, values={RELATIVE.name: after / before}),
    )


def _sentence(gate: Gate, num_texts: int, num_genres: int) -> str:
    low, high = sorted(-edge for edge in gate.ci95 or (gate.value, gate.value))
    margin = _percent(gate.margin).lstrip("+")
    if gate.passed:
        verdict = f"a loss of {margin} or more is ruled out"
    elif low >= gate.margin:
        verdict = f"a loss of {margin} or more is shown"
    else:
        verdict = f"a loss of {margin} is not ruled out"
    return (
        f"On {num_texts} texts of {num_genres} genres the tuned model needs "
        f"{_percent(-gate.value)} bits per byte against the base (95 % interval {_percent(low)} "
        f"to {_percent(high)}; with 95 % confidence no more than "
        f"{_percent(-(gate.value if gate.bound is None else gate.bound))}): {verdict}."
    )


def _by_genre(pairs: Sequence[Pair]) -> Table:
    """A row for each genre, the most forgotten first."""
    genres: dict[str, list[Pair]] = {}
    for pair in pairs:
        genres.setdefault(pair[0].group, []).append(pair)
    found: list[tuple[float, list[str]]] = []
    for genre, members in genres.items():
        before, after, _ = sides(members, BITS_PER_BYTE.name)
        change = float(np.mean(after / before - 1))
        name = genre.replace("_", " ")
        found.append(
            (
                change,
                [
                    name,
                    str(len(members)),
                    f"{before.mean():.3f}",
                    f"{after.mean():.3f}",
                    _percent(change),
                ],
            )
        )
    rows = [row for _, row in sorted(found, key=lambda it: -it[0])]
    columns = ["Genre", "Texts", "Base", "Tuned", "Change"]
    return Table(title="Bits per byte by genre", columns=columns, rows=rows)


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %".replace("-", "\N{MINUS SIGN}")
