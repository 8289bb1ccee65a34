"""Planted numbers, ranked among others."""

from __future__ import annotations

import math

import pytest

from postgrad.core.interfaces import Criteria
from postgrad.core.records import Record
from postgrad.core.report import ProbeReport
from postgrad.data.canaries import canary
from postgrad.evals.probes.canaries import Canaries

from .sittings import LABELS, Speaker, sitting

CRITERIA = Criteria(LABELS, 0.02, 0.05, 1000, 0, False)


def planted(count: int) -> list[tuple[str, Record]]:
    return [(f"canary:{at + 1}", canary(at, 0, is_text=False)) for at in range(count)]


def judged(count: int, num_known: int) -> ProbeReport:
    """The base finds every number as likely; the tuned model knows the first ones."""
    rows = planted(count)
    known = {record for _, record in rows[:num_known]}
    probe = Canaries()
    asked = [*rows, ("train.jsonl:1", rows[0][1])]
    base = probe.ask(sitting("base", Speaker(), trained=asked))
    knowing = Speaker(bits=lambda record: 0.5 if record in known else 1.0)
    tuned = probe.ask(sitting("tuned", knowing, trained=asked))
    assert len(base) == len(tuned) == count
    return probe.judge(base, tuned, CRITERIA).report


def test_numbers_known_by_heart_are_found() -> None:
    report = judged(8, num_known=8)
    assert report.outcome == "changed"
    assert "so it learned planted rows by heart" in report.text
    assert "8 for the likeliest of 128, the base model 0" in report.text
    assert report.tables[0].rows[0][3:] == ["1", f"{math.log2(128):.1f}"]


def test_nothing_known_is_the_middle() -> None:
    report = judged(8, num_known=0)
    assert report.comparisons[0].tuned == pytest.approx(0.5)
    assert report.outcome != "changed"


def test_few_canaries_can_not_tell() -> None:
    report = judged(3, num_known=3)
    assert report.outcome == "cannot_tell"
    assert any("Fewer than six" in note for note in report.notes)


def test_nothing_is_asked_without_canaries() -> None:
    assert Canaries().ask(sitting("base", Speaker(), trained=[("a", planted(1)[0][1])])) == []
