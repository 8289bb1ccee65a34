"""Drift: how far have the model's odds for the next token moved from the base's?

    KL = sum over tokens t of p0(t) log(p0(t) / p(t)),    p0 the base's odds, p the tuned model's

at each place of a text, in nats. Along the base's own answers to the new task this divergence is
the best single predictor of forgetting that is known, better than how far the weights moved
("RL's Razor", arXiv:2509.04259). Along ordinary texts it shows what else moved with it.

Only the base's 64 likeliest tokens are told apart; all others count as one. Merging outcomes never
raises a divergence, so the figure is a lower bound, and a close one: these tokens carry nearly all
of the odds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from postgrad.core.generation import Prediction
from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.core.report import ProbeReport, Table
from postgrad.data import general
from postgrad.errors import RowError
from postgrad.evals.judging import paired
from postgrad.evals.statistics import Floats

NUM_TOP = 64

DIGITS = 4
"""Of a stored log-probability. All 64 together are then known to 0.0001, which is also the least
that the rest is taken to have."""
LEAST_REST = 10.0**-DIGITS

EVERY_GENRE, EVERY_GENRE_QUICK = 2, 6
"""The first text of each second genre, or of each sixth: about 1,300 and 500 tokens."""

MOST_CHARACTERS, MOST_CHARACTERS_QUICK = 6_000, 2_000
"""Of the user's own prompts with answers: about 1,500 and 500 tokens, which is what the general
texts have."""

OPENING_CHARACTERS = 600
"""Of a long text of the user: enough to see its odds move, and many texts rather than one."""

AT_ONCE = 12
"""Texts between two signs of progress."""

OWN, ORDINARY = "your test", "ordinary texts"

NOTES = (
    "Moving along your own prompts is what learning is; the more the odds move there, the more is "
    "usually forgotten elsewhere (arXiv:2509.04259).",
    "A lower bound, and a close one: the base's 64 likeliest tokens are told apart, the others "
    "count as one.",
)
QUICK_NOTE = "Asked quickly, along a third of the texts."


class Drift:
    """The divergence of the tuned model's odds from the base's."""

    name = "drift"
    title = "How far its odds moved"
    section = "forgetting"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """Of the base, its likeliest tokens at each place; of the tuned model, the divergence
        there."""
        if sitting.who == "base":
            items, ask = [*_own(sitting), *_ordinary(sitting)], _odds
        else:
            items, ask = list(sitting.first), _moved
        found: list[Reading] = []
        for start in range(0, len(items), AT_ONCE):
            part = items[start : start + AT_ONCE]
            found += ask(sitting, part)
            sitting.on_done(start + len(part), len(items))
        return found

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """The mean divergence of either kind of text, described."""
        found: dict[str, list[Reading]] = {}
        for _, after in paired(base, tuned):
            found.setdefault(after.group, []).append(after)
        report = ProbeReport(
            name=self.name,
            section="forgetting",
            title=self.title,
            outcome="described",
            text=" ".join(_sentence(group, readings) for group, readings in found.items()),
            tables=[_table(found)],
            notes=[*NOTES, *([QUICK_NOTE] if criteria.is_quick else [])],
        )
        return Judgement(report, {})


def divergence(base: Floats, tuned: Floats) -> Floats:
    """KL(base || tuned) at each place in nats, all tokens that are not told apart being one.

    Args:
        base: log-probabilities of the tokens that are told apart, shape (places, tokens).
        tuned: of the same tokens.
    """
    rest_base, rest_tuned = (
        np.maximum(1 - np.exp(side).sum(1), LEAST_REST) for side in (base, tuned)
    )
    told = (np.exp(base) * (base - tuned)).sum(1)
    return np.maximum(0.0, told + rest_base * np.log(rest_base / rest_tuned))


def _own(sitting: Sitting) -> list[Reading]:
    """The user's test prompts with what the base answered, or the openings of the user's texts;
    as readings without anything read yet."""
    left = MOST_CHARACTERS_QUICK if sitting.is_quick else MOST_CHARACTERS
    said = {answer.id: answer.answer for answer in sitting.answers}
    found: list[Reading] = []
    for name, record in sitting.tested:
        answer = said.get(name, "")
        if isinstance(record, Chat):
            left -= sum(len(turn.content) for turn in record.prompt) + len(answer)
        elif isinstance(record, Text):
            left -= min(len(record.text), OPENING_CHARACTERS)
        if left < 0 and found:
            break
        found.append(Reading(f"{OWN}: {name}", OWN, {}, answer=answer))
    return found


def _ordinary(sitting: Sitting) -> list[Reading]:
    firsts = {text.genre: text for text in reversed(general.texts())}.values()
    step = EVERY_GENRE_QUICK if sitting.is_quick else EVERY_GENRE
    return [Reading(f"{ORDINARY}: {text.id}", ORDINARY, {}) for text in list(firsts)[::-1][::step]]


def _odds(sitting: Sitting, items: Sequence[Reading]) -> list[Reading]:
    """The items with the base's likeliest tokens at each place; without those whose answer the
    template can't express."""
    records = [_record(sitting, item) for item in items]
    try:
        found = sitting.answerer.predictions(records, num_top=NUM_TOP)
    except RowError:
        if len(items) == 1:
            return []
        return [reading for item in items for reading in _odds(sitting, [item])]
    return [
        replace(
            item,
            detail={
                "ids": [list(place.top) for place in places],
                "logs": [_rounded(place.top.values()) for place in places],
            },
        )
        for item, places in zip(items, found, strict=True)
    ]


def _moved(sitting: Sitting, items: Sequence[Reading]) -> list[Reading]:
    """The divergence from the base's odds at each place, and whether the first choice stayed."""
    records = [_record(sitting, item) for item in items]
    watch = [item.detail["ids"] for item in items]
    found = sitting.answerer.predictions(records, num_top=1, watch=watch)
    return [_compared(item, places) for item, places in zip(items, found, strict=True)]


def _compared(item: Reading, places: Sequence[Prediction]) -> Reading:
    ids: list[list[int]] = item.detail["ids"]
    tuned = np.array([_rounded(place.watched) for place in places])
    moved = divergence(np.array(item.detail["logs"]), tuned)
    stayed = [float(next(iter(it.top)) == top[0]) for it, top in zip(places, ids, strict=True)]
    values = {"divergence": float(moved.mean()), "same_choice": float(np.mean(stayed))}
    detail = {"divergence": [round(float(it), DIGITS) for it in moved], "same_choice": stayed}
    return replace(item, values=values, detail=detail)


def _record(sitting: Sitting, item: Reading) -> Record:
    name = item.id.removeprefix(f"{item.group}: ")
    if item.group == ORDINARY:
        return Text(next(text.text for text in general.texts() if text.id == name))
    record = dict(sitting.tested)[name]
    if isinstance(record, Text):
        return Text(record.text[:OPENING_CHARACTERS])
    assert isinstance(record, Chat)
    return Chat((*record.prompt, Message("assistant", item.answer)), record.tools)


def _rounded(logs: Iterable[float]) -> list[float]:
    return [round(log, DIGITS) for log in logs]


def _sentence(group: str, readings: Sequence[Reading]) -> str:
    moved, stayed = _places(readings)
    where = "Along the base's answers to your prompts" if group == OWN else "Along ordinary texts"
    return (
        f"{where} the odds moved by {moved.mean():.3f} nats a token, and the likeliest token "
        f"stayed the same at {_percent(stayed.mean())} of the places."
    )


def _table(found: Mapping[str, Sequence[Reading]]) -> Table:
    rows: list[list[str]] = []
    for group, readings in found.items():
        moved, stayed = _places(readings)
        rows.append(
            [
                group,
                str(len(readings)),
                f"{len(moved):,}",
                f"{moved.mean():.3f}",
                f"{np.quantile(moved, 0.95):.3f}",
                _percent(stayed.mean()),
            ]
        )
    columns = ["Along", "Texts", "Tokens", "Mean, nats", "95 of 100 below", "Same first choice"]
    return Table(title="KL divergence from the base", columns=columns, rows=rows)


def _places(readings: Sequence[Reading]) -> tuple[Floats, Floats]:
    """Divergence and stayed-the-same of every place of some readings."""
    moved, stayed = (
        np.array([value for it in readings for value in it.detail[name]], dtype=np.float64)
        for name in ("divergence", "same_choice")
    )
    return moved, stayed


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
