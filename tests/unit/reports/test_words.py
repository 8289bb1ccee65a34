"""Numbers, moments and names in words; readings of a comparison; cards."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postgrad.core.report import Report
from postgrad.reports import chart, examples, reading, words


def spaced(text: str) -> str:
    return text.replace(words.NBSP, " ")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (59.6, "1 min"),
        (750, "12 min 30 s"),
        (3600, "1 h"),
        (3_725, "1 h 2 min"),
        (400_000, "111 h 6 min"),
        (math.nan, "–"),
    ],
)
def test_duration(seconds: float, expected: str) -> None:
    assert spaced(words.duration(seconds)) == expected


@pytest.mark.parametrize(
    ("num_bytes", "expected"),
    [(0, "0 bytes"), (12_300, "12 kB"), (999_600, "1 MB"), (1_412_000_000, "1.4 GB")],
)
def test_size(num_bytes: float, expected: str) -> None:
    assert spaced(words.size(num_bytes)) == expected


@pytest.mark.parametrize(
    ("p", "sign", "often"),
    [
        (0.0, "p < 0.0001", "less than once in 10,000 tries"),
        (0.0004, "p = 0.0004", "about 4 times in 10,000 tries"),
        (0.012, "p = 0.012", "about 12 times in 1,000 tries"),
        (0.048, "p = 0.048", "about 5 times in 100 tries"),
        (0.31, "p = 0.31", "about 3 times in 10 tries"),
        (1.0, "p = 1.00", "nearly always"),
    ],
)
def test_p_value(p: float, sign: str, often: str) -> None:
    assert spaced(words.p_value(p)) == sign
    assert words.odds(p) == often


@given(st.floats(0, 1))
def test_odds_has_an_answer_for_every_p_value(p: float) -> None:
    assert words.odds(p)


@given(st.floats(allow_nan=True, allow_infinity=True, width=32))
def test_every_number_can_be_written(value: float) -> None:
    for write in (words.number, words.percent, words.small, words.plain, words.size):
        text = write(value)
        assert "nan" not in text
        assert "inf" not in text


def test_a_minus_needs_a_number() -> None:
    assert words.number(-0.04, 1) == "0.0"
    assert words.number(-0.06, 1) == "−0.1"


@pytest.mark.parametrize(
    ("key", "content", "expected"),
    [
        ("a", None, "not set"),
        ("a", True, "yes"),
        ("seed", 2024, "2024"),
        ("tokens", 123_456, "123,456"),
        ("training.learning_rate", 2e-5, "2e-05"),
        ("memory_bytes", 8_200_000_000, "8.2 GB"),
        ("checkpoint_seconds", 60.0, "1 min"),
        ("modules", ["q", "v"], "q, v"),
        ("modules", [], "none"),
        ("deep", [{"a": 1}], '[{"a": 1}]'),
    ],
)
def test_value(key: str, content: Any, expected: str) -> None:
    assert spaced(words.value(key, content)) == expected


def test_flatten() -> None:
    found = words.flatten({"a": {"b": 1, "c_bytes": 2000}, "d": "x"})
    assert found == [("a.b", "1"), ("a.c_bytes", f"2{words.NBSP}kB"), ("d", "x")]


def test_a_machine_is_told_in_names() -> None:
    environment = {"gpu": None, "device": "cpu", "cpu": "x", "versions": {"torch": "2.13"}}
    assert words.machine(environment) == [("Device", "cpu"), ("CPU", "x"), ("torch", "2.13")]


def test_a_line_never_ends_before_a_unit() -> None:
    told = "57 % of 12 are right (95 % interval 3 to 9, p < 0.001; stop < 3)"
    bound = words.bound(told)
    assert spaced(bound) == told
    assert [part for part in bound.split(" ") if words.NBSP in part] == [
        f"57{words.NBSP}%",
        f"(95{words.NBSP}%",
        f"p{words.NBSP}<{words.NBSP}0.001;",
    ]


def test_dates() -> None:
    assert words.date("2026-03-02T00:30:00+02:00") == "1 March 2026, 22:30 UTC"
    assert words.date("2026-03-02T00:30:00") == "2 March 2026, 00:30 UTC"
    assert words.date("yesterday") == "yesterday"


def test_units_and_leanings(make_report: Any) -> None:
    better, text = make_report("better").primary, make_report("text").primary
    points = better.model_copy(update={"base": 12.0, "tuned": 38.25, "delta": 26.25})
    assert spaced(reading.difference(points, 26.25)) == "+26.2 points"
    assert reading.short_score(points, 38.25) == "38.2"
    assert spaced(reading.score(text, 1.0213)) == "1.021 bits per byte"
    assert reading.leaning(text) == "gain"
    assert reading.leaning(make_report("worse").primary) == "loss"
    assert reading.leaning(make_report("no_proof").primary) == "open"
    assert reading.signed(better, 0.0) == "0.0"


def test_what_differs_is_marked_in_its_place(report: Report) -> None:
    example = report.examples[0].model_copy(
        update={
            "reference": '{"a": [{"n": 2}, {"n": 1}], "b": "x"}',
            "base": '{"b": "x", "a": [{"n": 2}, {"n": 1}]}',
            "tuned": '{"a": [{"n": 1}, {"n": 1}], "b": "x", "c": null}',
        }
    )
    card = examples.cards(report.model_copy(update={"examples": [example]}))[0]
    _, base, tuned = card.blocks
    assert not any(line.differs for line in base.lines)
    assert [line.text for line in tuned.lines if line.differs] == ['"n": 1', '"c": null']
    assert base.text == '{\n  "b": "x",\n  "a": [\n    {\n      "n": 2\n    },\n    {\n' + (
        '      "n": 1\n    }\n  ]\n}'
    )


def test_json_too_deep_to_read_is_text(report: Report) -> None:
    deep = "[" * 100_000
    example = report.examples[0].model_copy(update={"tuned": deep + "]" * 100_000})
    card = examples.cards(report.model_copy(update={"examples": [example]}))[0]
    assert not card.blocks[2].is_json
    assert not card.is_open


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        ([], ""),
        (["a\nb"], ""),
        (["s\na", "s\nb"], "s"),
        (["s\nt\na", "s\nt\nb", "s\nu"], "s"),
        (["s\n", "s\nb"], ""),
        (["same", "same"], ""),
    ],
)
def test_shared_opening(prompts: list[str], expected: str) -> None:
    assert examples.shared_opening(prompts) == expected


@given(st.lists(st.text("ab\n ", max_size=12), min_size=2, max_size=4))
def test_a_shared_opening_begins_every_prompt(prompts: list[str]) -> None:
    opening = examples.shared_opening(prompts)
    for prompt in prompts:
        assert prompt.strip().startswith(opening)
        assert not opening or prompt.strip() != opening


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
@example(0.0, 5e-324)
def test_an_axis_holds_its_values(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    found = chart.axis(low, high)
    room = 1e-5 * (found.high - found.low)
    assert found.low <= low + room
    assert found.high >= high - room
    assert 2 <= len(found.ticks) <= 12
    assert 0 <= found.at(low) <= found.at(high) <= 1
