"""Skills: can the tuned model say right words that were out of the base's reach?

The right answers of the test are read by both models, token by token. A word of content was out of
reach if three or more others were likelier, and is reached if it is now the first choice. So what
was newly learned is told from what was only put differently:

    gained = share of content tokens that were out of reach and are now the first choice
    lost   = share of content tokens that were the first choice and are now out of reach

The classes are those of Lin et al. 2023 (arXiv:2312.01552, section 2.1), there used on what the
tuned model says, here on what it should say. Each token is read with the right answer before it
(teacher forcing), so that one wrong word does not spoil the rest.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Chat
from postgrad.core.report import Comparison, Figure, Outcome, ProbeReport, Table
from postgrad.evals import metrics
from postgrad.evals.compare import compare_values
from postgrad.evals.judging import Pair, paired
from postgrad.evals.metrics import Metric
from postgrad.evals.shares import percent, share, share_of_rows
from postgrad.evals.token_readings import (
    FEWEST_ITEMS,
    Reach,
    Token,
    ask,
    detail,
    drawn,
    form_of,
    num_characters,
    tokens,
)

MOST_WORDS = 15
"""What fits a page."""

RIGHT = "right"
"""Measure of a reading: whether the model's own answer in the exam was right."""

CONTENT = Metric("content_first", "Content that is the first choice", True, True)
SURFACE = Metric("surface_first", "Surface that is the first choice", True, True)

REACHES: dict[Reach, str] = {
    "first": "first choice",
    "near": "second or third",
    "far": "out of reach",
}

CRITICISM = (
    "Out of reach means: three or more other tokens were likelier after this question. Asked "
    "otherwise, the base might have known it: this is about the question as your test puts it."
)

Moved = tuple[Token, Token]
"""The same token as the base held it and as the tuned model does."""


class Skills:
    """Right answers, read by both models."""

    name = "skills"
    title = "New skills, or new surface"
    section = "change"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """How likely each token of the right answers is; the same rows for both models. The exam
        has read them, so that quick reads as many as full."""
        if sitting.answers:  # a resumed run may have to read them again, all as the exam did
            sitting.answerer.bits_per_byte([record for _, record in sitting.tested])
        unhurried = dataclasses.replace(sitting, is_quick=False)
        rows = drawn(sitting.tested, lambda row: num_characters(row[1]), unhurried)
        found = ask(sitting.answerer, [record for _, record in rows], sitting.on_done)
        scores = _right(sitting)
        readings: list[Reading] = []
        for (name, record), predictions in zip(rows, found, strict=True):
            values = {RIGHT: scores[name]} if name in scores else {}
            asked = record.prompt if isinstance(record, Chat) else ()
            users = [message.content for message in asked if message.role == "user"]
            prompt = users[-1] if users else ""
            readings.append(Reading(name, "", values, prompt, "", detail(predictions)))
        return readings

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """Shares gained and lost, and how many fixed answers needed something new."""
        pairs = [
            pair
            for pair in paired(base, tuned)
            if pair[0].detail["pieces"] and pair[0].detail["pieces"] == pair[1].detail["pieces"]
        ]
        moved = _moved(pairs, criteria)
        content = [each for each in moved if each[0].kind == "content"]
        figures = _figures(pairs, content, criteria)
        surface = [each for each in moved if each[0].kind != "content"]
        comparisons = [
            compared
            for metric, group in ((CONTENT, content), (SURFACE, surface))
            if (compared := _compared(metric, group, criteria))
        ]
        notes = [CRITICISM]
        enough = len(pairs) >= FEWEST_ITEMS and bool(content)
        report = ProbeReport(
            name=self.name,
            section="change",
            title=self.title,
            outcome=_outcome(content, criteria) if enough else "cannot_tell",
            text=_text(figures, content, len(pairs))
            if enough
            else f"{len(pairs)} right answers could be read; it takes at least {FEWEST_ITEMS}.",
            comparisons=comparisons,
            figures=figures,
            tables=_tables(content),
            notes=notes,
        )
        return Judgement(report, {})


def _right(sitting: Sitting) -> dict[str, float]:
    """Whether each answer of the exam was right, by the first metric that knows right and wrong."""
    wanted = (sitting.task.primary, *sitting.task.secondary)
    for name in wanted:
        found = {each.id: each.scores[name] for each in sitting.answers if name in each.scores}
        if found and metrics.metric(name).right_or_wrong:
            return found
    return {}


def _moved(pairs: Sequence[Pair], criteria: Criteria) -> list[Moved]:
    before, after = ([pair[side] for pair in pairs] for side in (0, 1))
    form = form_of(before, labels=criteria.task.kind == "label")
    return list(zip(tokens(before, form), tokens(after, form), strict=True))


def _gained(each: Moved) -> bool:
    return each[0].reach == "far" and each[1].reach == "first"


def _lost(each: Moved) -> bool:
    return each[0].reach == "first" and each[1].reach == "far"


def _figures(pairs: Sequence[Pair], content: Sequence[Moved], criteria: Criteria) -> list[Figure]:
    answers = [each[0].answer for each in content]
    fixed = {
        before.id
        for before, after in pairs
        if before.values.get(RIGHT) == 0 and after.values.get(RIGHT) == 1
    }
    new = {each[0].answer for each in content if each[0].reach == "far"} & fixed
    found = [
        share(
            "gained",
            "Gained: out of the base\u2019s reach, now the first choice",
            [_gained(each) for each in content],
            answers,
            criteria,
        ),
        share(
            "lost",
            "Lost: the base\u2019s first choice, now out of reach",
            [_lost(each) for each in content],
            answers,
            criteria,
        ),
        share_of_rows(
            "fixed_beyond_reach",
            "Of the fixed answers, those with content that was out of reach",
            len(new),
            len(fixed),
        ),
    ]
    return [figure for figure in found if figure]


def _compared(metric: Metric, group: Sequence[Moved], criteria: Criteria) -> Comparison | None:
    if not group:
        return None
    base, tuned = (
        np.array([each[side].reach == "first" for each in group], dtype=np.float64)
        for side in (0, 1)
    )
    return compare_values(
        metric,
        base,
        tuned,
        resamples=criteria.resamples,
        seed=criteria.seed,
        clusters=[each[0].answer for each in group],
    )


def _outcome(content: Sequence[Moved], criteria: Criteria) -> Outcome:
    """Changed if more was gained than lost, or the other way, beyond chance."""
    gained, lost = (
        np.array([hit(each) for each in content], dtype=np.float64) for hit in (_gained, _lost)
    )
    net = compare_values(
        dataclasses.replace(CONTENT, name="net"),
        lost,
        gained,
        resamples=criteria.resamples,
        seed=criteria.seed,
        clusters=[each[0].answer for each in content],
    )
    low, high = net.ci95
    return "not_shown" if low <= 0 <= high else "changed"


def _text(figures: Sequence[Figure], content: Sequence[Moved], num_rows: int) -> str:
    by_name = {figure.name: figure for figure in figures}
    far = sum(before.reach == "far" for before, _ in content)
    text = (
        f"Of the {len(content):,} tokens of content in {num_rows} right answers, {far:,} were out "
        f"of the base's reach; {percent(by_name['gained'].value)} of all are now the tuned "
        f"model's first choice and were out of reach before, and for "
        f"{percent(by_name['lost'].value)} it is the other way round"
    )
    fixed = by_name.get("fixed_beyond_reach")
    if fixed is None:
        return text + "."
    count = round(fixed.value * fixed.n)
    return text + (
        f"; {count} of {fixed.n} answers that were fixed needed a word that had been out of reach."
    )


def _tables(content: Sequence[Moved]) -> list[Table]:
    count = Counter((before.reach, after.reach) for before, after in content)
    total = len(content)
    rows = [
        [words.capitalize(), *(_cell(count[old, new], total) for new in REACHES)]
        for old, words in REACHES.items()
    ]
    tables = [
        Table(
            title="Tokens of content in the right answers: by the base, and by the tuned model",
            columns=["By the base", *(f"Now {words}" for words in REACHES.values())],
            rows=rows,
        )
    ]
    learned = Counter(before.word for before, after in content if _gained((before, after)))
    if learned:
        times = Counter(before.word for before, _ in content)
        tables.append(
            Table(
                title="Words that came into reach most often",
                columns=["Word", "Tokens gained", "Tokens in all"],
                rows=[
                    [word, str(number), str(times[word])]
                    for word, number in learned.most_common(MOST_WORDS)
                ],
                folded=True,
            )
        )
    return tables


def _cell(count: int, total: int) -> str:
    return f"{count:,} ({percent(count / total)})" if total else "0"
