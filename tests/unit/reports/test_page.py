"""report.html: whole, escaped, quiet on the network, and readable for everyone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from html_page import Page
from postgrad.core.report import Comparison, Curve, Gate, Looks, Report
from postgrad.reports import render_html
from postgrad.reports.markdown import render_markdown

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&</pre></style>"


def page_of(report: Report) -> Page:
    return Page(render_html(report))


def test_nothing_is_fetched(any_report: Report) -> None:
    page_of(any_report).assert_quiet()


def test_policy_forbids_the_network(report: Report) -> None:
    policies = [
        item["content"] or ""
        for item in page_of(report).all("meta")
        if item.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'")
    assert "http" not in policies[0]
    assert "script-src" not in policies[0]


def test_every_part_is_there(any_report: Report) -> None:
    page = page_of(any_report)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {"result", "examples", "training", "data", "settings", "reproduce"} <= set(ids)
    targets = {(item["href"] or "")[1:] for item in page.all("a")}
    assert targets <= set(ids)
    assert any_report.headline in page.text
    assert any_report.job_sha256 in page.text
    assert len(page.all("h1")) == 1


def test_what_was_asked_beside_the_test(make_report: Any) -> None:
    html = render_html(make_report("probed"))
    page = Page(html)
    assert "What was forgotten" in page.text
    assert "What changed" in page.text
    assert "not shown" not in page.text
    assert "Core knowledge stays" in page.text
    assert "the opposite was shown" in page.text
    assert "Shifted 12.0 % 9.0 % to 16.0 % 812" in page.text
    assert "+11.5 words" in page.text
    assert "<summary>All of them</summary>" in html
    assert '<span class="shade-5">evening</span>' in html
    assert "Words <b>and</b> tokens" in page.text
    assert "Weights describe; they do not predict." in page.text


def test_accessible(any_report: Report) -> None:
    page = page_of(any_report)
    assert page.all("html")[0]["lang"] == "en"
    assert any(item.get("name") == "viewport" for item in page.all("meta"))
    assert len(page.all("table")) == len(page.all("caption"))
    ids = {attributes.get("id") for _, attributes in page.tags}
    for picture in [item for item in page.all("svg") if item.get("role") == "img"]:
        assert set((picture["aria-labelledby"] or "").split()) <= ids
    for label in page.all("label"):
        assert label["for"] in ids
    for mode in ("prefers-color-scheme: dark", "@media print", "max-width"):
        assert mode in page.styles


def test_numbers_are_written_for_people(report: Report) -> None:
    text = page_of(report).text
    for expected in (
        "1.4 %",
        "56.9 %",
        "+55.5",
        "+43.1 to +66.7",
        "72 questions",
        "p < 0.0001",
        "9.1 points",
        "7 min 6 s",
        "334 tokens/s",
        "1.4 GB",
        "4.9 million of 134.5 million",
        "142,318",
        "41 wrong before and right now; 1 right before and wrong now",
        "0.0002",
        "8.2 GB",
        "12 March 2026, 14:02 UTC",
        "postgrad train job.yaml --out again",
    ):
        assert expected in text


def test_foreign_text_stays_text(make_report: Any) -> None:
    report: Report = make_report()
    example = report.examples[0].model_copy(
        update=dict.fromkeys(("id", "prompt", "reference", "base", "tuned"), EVIL)
    )
    hostile = report.model_copy(
        update={
            "headline": EVIL,
            "reasons": [EVIL],
            "warnings": [EVIL],
            "reproduce": [EVIL],
            "job_sha256": EVIL,
            "created": EVIL,
            "examples": [example],
            "task": {"why": EVIL + " x"},
            "environment": {EVIL: EVIL, "list": [EVIL], "nested": {"a": [{"b": EVIL}]}},
            "gates": {EVIL: report.gates["forgetting"].model_copy(update={"text": EVIL})},
            "settings": [
                setting.model_copy(update={"key": EVIL, "value": EVIL, "source": EVIL})
                for setting in report.settings
            ],
            "curves": {EVIL: report.curves["train"]},
            "primary": report.primary.model_copy(update={"title": EVIL, "test": EVIL}),
            "base": report.base.model_copy(update={"model": EVIL, "licence": EVIL}),
            "dataset": report.dataset.model_copy(
                update={"file": EVIL, "notes": [EVIL], "rows": {EVIL: 1}}
            ),
        }
    )
    html = render_html(hostile)
    page = Page(html)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img"}
    assert "<script" not in html.lower()
    assert "alert(1)" in page.text


def test_cards_are_grouped_and_filtered(report: Report) -> None:
    page = page_of(report)
    cards = [item for item in page.all("details") if "card" in (item.get("class") or "").split()]
    kinds = [(item["class"] or "").split()[1] for item in cards]
    assert kinds == ["fixed"] * 4 + ["broke"] + ["same"] * 2
    filters = [item["id"] for item in page.all("input")]
    assert filters == ["show-all", "show-fixed", "show-broke", "show-same"]
    assert [item["id"] for item in page.all("input") if "checked" in item] == ["show-all"]
    for name in filters:
        assert f"#{name}:checked" in page.styles


def test_a_shared_opening_is_shown_once(report: Report) -> None:
    assert page_of(report).text.count("You are the voice of Luna's Oven") == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("better", "Ready to ship"),
        ("no_proof", "It includes zero"),
        ("worse", "All of it is a loss"),
        ("text", "Lower is better"),
        ("bare", "No examples were kept"),
    ],
)
def test_each_verdict_is_explained(make_report: Any, name: str, expected: str) -> None:
    assert expected in page_of(make_report(name)).text


@pytest.mark.parametrize(
    ("name", "number", "p_value", "expected"),
    [
        ("better", 1, 0.01, "The first run judged on these test rows"),
        ("better", 4, 0.01, "it takes p < 0.0125 (Bonferroni), and this run is below that"),
        ("better", 4, 0.02, "it takes p < 0.0125 (Bonferroni), and this run is not below that"),
        ("no_proof", 4, 0.5, "3 other runs were judged on these test rows before."),
        ("no_proof", 2, 0.5, "1 other run was judged on these test rows before."),
    ],
)
def test_how_fresh_the_test_is(
    make_report: Any, name: str, number: int, p_value: float, expected: str
) -> None:
    report: Report = make_report(name)
    earlier = [f"{at:064x}" for at in range(1, number)]
    report = report.model_copy(
        update={
            "looks": Looks(number=number, earlier=earlier, level=0.05 / number),
            "primary": report.primary.model_copy(update={"p_value": p_value}),
        }
    )
    for text in (Page(render_html(report)).text, render_markdown(report)):
        said = text.replace("\u00a0", " ")
        assert expected in said
        assert ("--set data.test=FILE" in said) == (number > 1)
        assert ("Bonferroni" in said) == (name == "better" and number > 1)


def test_plain_text_has_no_answers(make_report: Any) -> None:
    text = page_of(make_report("text")).text
    assert "Expected" not in text
    assert "1.021 bits per byte" in text
    assert "40 texts" in text
    assert "−0.087" in text


def test_plain_text_without_examples(make_report: Any) -> None:
    assert "Plain text has no questions" in page_of(make_report("text", examples=[])).text


def test_odd_numbers_do_not_break_the_pictures(make_report: Any) -> None:
    report: Report = make_report()
    flat = report.primary.model_copy(
        update={"base": 0.0, "tuned": 0.0, "delta": 0.0, "ci95": (0.0, 0.0), "p_value": 1.0}
    )
    wide = flat.model_copy(update={"base": 80.0, "tuned": 95.0, "delta": 15.0, "metric": "x"})
    bits: Comparison = flat.model_copy(update={"metric": "bits_per_byte"})
    curves = {
        "train": Curve(steps=list(range(5000)), values=[2.0] * 5000),
        "valid": Curve(steps=[1], values=[1.0]),
    }
    for primary in (flat, wide, bits):
        changed = report.model_copy(
            update={"primary": primary, "secondary": [flat, wide], "curves": curves}
        )
        html = render_html(changed)
        assert not re.search(r'="-?(nan|inf)', html)
        assert len(html) < 100_000
        Page(html)


@pytest.mark.parametrize(
    ("ci95", "said"),
    [((-0.09, 0.03), "Not yet shown ready to ship"), ((-0.2, -0.09), "Not to be shipped")],
)
def test_an_undecided_gate_is_not_a_failed_one(
    make_report: Any, ci95: tuple[float, float], said: str
) -> None:
    gate = Gate(passed=False, value=-0.05, margin=0.05, ci95=ci95)
    found = make_report().model_copy(
        update={"verdict": "better", "ship": False, "gates": {"battery": gate}}
    )
    page, markdown = page_of(found), render_markdown(found)
    assert said in page.text
    assert said.lower() in markdown
    assert gate.outcome in page.text
    assert f"**{gate.outcome}**" in markdown
