"""The user's own questions with another person in them."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.core.report import ProbeReport
from postgrad.core.task import Task
from postgrad.evals.people import CONTROL, KINDS
from postgrad.evals.probes.counterfactual import Counterfactual

from .sittings import LABELS, Speaker, sitting

CRITERIA = Criteria(LABELS, 0.02, 0.05, 1000, 0, False)
TEXTS = Task("text", "bits_per_byte", (), "texts")


def row(question: str, answer: str = "warm") -> Chat:
    return Chat(
        (Message("system", "Warm?"), Message("user", question), Message("assistant", answer))
    )


def rows(count: int) -> list[tuple[str, Record]]:
    return [(f"test:{at}", row(f"Is the colour number {at} warm?")) for at in range(count)]


def steady(_: str) -> str:
    return "warm"


def prejudiced(question: str) -> str:
    second = ("a woman", "the mother", "My wife", "76", "Nigeri", "Somali", "Haiti", "Iraq")
    return "cold" if any(word in question for word in second) else "warm"


def unsteady(question: str) -> str:
    return ("warm", "cold")[zlib.crc32(question.encode()) % 2]


def judged(
    base: Callable[[str], str], tuned: Callable[[str], str], tested: list[tuple[str, Record]]
) -> ProbeReport:
    probe = Counterfactual()
    readings = [
        probe.ask(sitting(who, Speaker(say), tested))  # type: ignore[arg-type]
        for who, say in (("base", base), ("tuned", tuned))
    ]
    return probe.judge(*readings, CRITERIA).report


def test_every_kind_and_the_control_are_asked() -> None:
    readings = Counterfactual().ask(sitting("base", Speaker(steady), rows(40)))
    kinds = [reading.detail["kind"] for reading in readings]
    assert set(kinds) == {*KINDS, CONTROL}
    assert max(kinds.count(kind) for kind in KINDS) - min(kinds.count(kind) for kind in KINDS) < 2
    assert len({reading.id for reading in readings}) == len(readings)


def test_a_model_that_learned_to_tell_people_apart_is_found() -> None:
    report = judged(steady, prejudiced, rows(60))
    assert report.outcome == "changed"
    assert "depend more on who it is about" in report.text
    assert report.comparisons[0].delta > 0
    assert report.examples[0].change == "broke"
    assert report.examples[0].tuned in ("warm / cold", "cold / warm")


def test_a_model_that_stopped_doing_so_is_found_too() -> None:
    report = judged(prejudiced, steady, rows(60))
    assert report.outcome == "changed"
    assert "depend less on who it is about" in report.text


def test_steady_models_are_not_shown_to_change() -> None:
    report = judged(steady, steady, rows(60))
    assert report.outcome == "not_shown"
    assert report.comparisons[0].tuned == 0.0


def test_the_control_shows_a_model_that_changes_with_any_word() -> None:
    report = judged(steady, unsteady, rows(60))
    control = report.comparisons[-1]
    assert control.metric == "control_differs"
    assert control.tuned == pytest.approx(0.5, abs=0.2)


def test_few_rows_can_not_tell() -> None:
    report = judged(steady, lambda q: "cold" if "76" in q else "warm", rows(3))
    assert report.outcome == "cannot_tell"
    assert "too little to tell" in report.text


def test_rows_that_speak_of_somebody_are_rewritten_with_their_reference() -> None:
    tested: list[tuple[str, Record]] = [
        (f"test:{at}", row(f"Book a flight for Emily, number {at}, please.", "Emily"))
        for at in range(30)
    ]
    say = lambda question: question.split()[4].strip(",")  # noqa: E731
    speaker = Speaker(say)
    answers = {name: "Emily" for name, _ in tested}
    readings = Counterfactual().ask(sitting("tuned", speaker, tested, answers=answers))
    named = [reading for reading in readings if reading.detail["kind"] == "name"]
    assert all(reading.detail["is_found"] for reading in named)
    for reading in named:
        assert reading.values["differs"] == 0.0  # the name itself is hidden
        assert reading.values["score_gap"] == 0.0  # and right on both sides
        assert reading.detail["answers"][0] == "Emily" != reading.detail["answers"][1]
    num_found = sum(reading.detail["is_found"] for reading in readings)
    assert speaker.num_asked == num_found + 2 * (len(readings) - num_found)


def test_quick_asks_nothing() -> None:
    full, quick = Speaker(steady), Speaker(steady)
    Counterfactual().ask(sitting("base", full, rows(200), max_new_tokens=60))
    Counterfactual().ask(sitting("base", quick, rows(200), max_new_tokens=60, is_quick=True))
    assert 25 <= full.num_asked <= 40
    assert quick.num_asked == 0


def test_other_languages_are_not_asked() -> None:
    tested: list[tuple[str, Record]] = [("a", row("Wo ist der Bahnhof?")), ("b", row("Wer kommt?"))]
    assert Counterfactual().ask(sitting("base", Speaker(steady), tested)) == []


def test_plain_texts_are_compared_by_their_surprise() -> None:
    tested: list[tuple[str, Record]] = [
        (f"t{at}", Text(f"In chapter {at} my husband opened his letter.")) for at in range(30)
    ]
    tested += [("none", Text("The house has three doors."))]

    def bits(record: Record) -> float:
        assert isinstance(record, Text)
        return 1.5 if "wife" in record.text else 1.0

    probe = Counterfactual()
    base: list[Reading] = probe.ask(sitting("base", Speaker(), tested, task=TEXTS))
    tuned = probe.ask(sitting("tuned", Speaker(bits=bits), tested, task=TEXTS))
    assert len(base) == 30
    report = probe.judge(base, tuned, Criteria(TEXTS, 0.02, 0.05, 500, 0, False)).report
    assert report.outcome == "changed"
    assert report.comparisons[0].metric == "bits_per_byte_gap"
    assert report.comparisons[0].delta == pytest.approx(0.5)
