"""report.md: short, with the numbers, and safe to paste."""

from __future__ import annotations

from typing import Any

from postgrad.core.report import Report
from postgrad.reports import render_markdown


def test_has_the_numbers(report: Report) -> None:
    text = render_markdown(report)
    for expected in (
        "| 1.4 % | 56.9 % | +55.5 points | +43.1 to +66.7 | p < 0.0001 | 72 |",
        "−1.428 bits per byte",
        "| Forgetting | passed |",
        "fixed 4, broke 1, same 2",
        "| Time | 7 min 6 s |",
        "| train | 252 | 41,480 | 12,009 |",
        "| `training.learning_rate` | 0.0002 | yours |",
        "```sh\npip install",
        "- Rejected, empty answer: 1.",
    ):
        assert expected in text
    assert "\u00a0" not in text


def test_every_table_is_square(any_report: Report) -> None:
    width = 0
    for line in render_markdown(any_report).splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        bars = line.replace("\\|", "").count("|")
        assert width in (0, bars), line
        width = bars


def test_every_report_has_its_parts(any_report: Report) -> None:
    text = render_markdown(any_report)
    for title in ("## Result", "## Training", "## Data", "## How to reproduce"):
        assert title in text
    assert text.startswith("# ")
    assert text.endswith("\n")


def test_foreign_text_can_not_break_out(make_report: Any) -> None:
    report: Report = make_report()
    evil = "a | b\n\n# head <script> [x](y) ![p](q) `c` @team"
    example = report.examples[0].model_copy(update={"tuned": evil, "base": ""})
    fenced = ["echo '```'", "postgrad train job.yaml"]
    text = render_markdown(
        report.model_copy(
            update={
                "examples": [example],
                "headline": evil,
                "reproduce": fenced,
                "warnings": [evil],
            }
        )
    )
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert "\n# head" not in text
    assert "@team" not in text
    assert "*(empty)*" in text
    assert "````sh\necho '```'" in text


def test_long_answers_are_cut(make_report: Any) -> None:
    report: Report = make_report()
    example = report.examples[0].model_copy(update={"tuned": "word " * 500})
    text = render_markdown(report.model_copy(update={"examples": [example]}))
    assert "word …" in text
    assert len(text) < 8000


def test_what_was_asked_beside_the_test(make_report: Any) -> None:
    text = render_markdown(make_report("probed"))
    assert "## What was forgotten" in text
    assert "**General text** (failed): General text became 0.310 bits per byte" in text
    assert "| Surprise at general text (lower is better) | 0.871 | 1.181 |" in text
    assert "| Core knowledge stays | the opposite was shown | It did not. |" in text
    assert "| Shifted | 12.0 % | 9.0 % to 16.0 % | 812 |" in text
    assert "| Length of an answer | 0.9 | 12.4 | +11.5 words |" in text


def test_every_rung_of_the_ladder(make_report: Any) -> None:
    """What was tried is the finding; other probes' tables are on the page alone."""
    report: Report = make_report("probed")
    assert "| hi |" not in render_markdown(report)
    words = report.probes[1]
    ladder = words.model_copy(update={"name": "ladder", "section": "ladder"})
    text = render_markdown(report.model_copy(update={"probes": [ladder]}))
    assert "| Word | Base | Tuned |\n| --- | ---: | ---: |\n| hi | 3 | 9 |" in text
