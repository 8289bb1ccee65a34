"""What training again has shown, in the three places where a person reads it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from html_page import Page
from postgrad.core.report import Report
from postgrad.reports import learning, reading, render_html
from postgrad.reports.markdown import render_markdown


@pytest.fixture
def retrained(make_report: Any) -> Report:
    return make_report("retrained")


def test_the_page_has_curve_and_seeds(retrained: Report) -> None:
    html = render_html(retrained)
    text = Page(html).text.replace("\u00a0", " ")
    assert "Would more data help?" in text
    assert "More data would help. Twice the data would lower" in text
    assert "6,400 (foreseen) 200.0 % 0.395 0.371 to 0.420" in text
    assert "Back-test: from at most 1,600 rows the curve foresees 0.440" in text
    assert "measured 0.432, an error of +1.9 %" in text
    assert "still falling" in text
    assert "&lt;was&gt;" in html
    assert "seed 0this checkpoint" in text.replace(" this checkpoint", "this checkpoint")
    assert "This recipe" in text
    picture = html[html.index('class="plot learning"') :]
    picture = picture[: picture.index("</figure>")]
    assert picture.count('class="dot tuned"') == 6
    assert picture.count('class="dot base"') == 2
    assert picture.count('class="whisker"') == 2


def test_every_place_of_the_picture_is_in_it(retrained: Report) -> None:
    assert retrained.learning_curve is not None
    drawn = str(learning.curve_chart(retrained.learning_curve))
    shares = [float(found) for found in re.findall(r'(?:c|x|y)[xy12]?="(-?[\d.]+)%"', drawn)]
    assert len(shares) > 30
    assert all(0 <= share <= 100 for share in shares)


def test_markdown_has_both(retrained: Report) -> None:
    text = render_markdown(retrained)
    assert "## Would more data help?" in text
    assert "| 3,200 | 100.0 % | 0.432 |" in text
    assert ", over 3 seeds | 1.4 % | 55.0 %" in text
    assert "Holm-adjusted" in text


def test_a_run_alone_is_no_picture(retrained: Report) -> None:
    curve = retrained.learning_curve
    assert curve is not None
    alone = curve.model_copy(update={"points": curve.points[:1], "law": None, "forecasts": []})
    assert learning.curve_chart(alone) is None
    render_html(retrained.model_copy(update={"learning_curve": alone}))


def test_it_is_said_what_a_verdict_is_about(make_report: Any, retrained: Report) -> None:
    assert reading.holds_for(make_report("better")).startswith("This checkpoint: these weights")
    assert "texts of this kind" in reading.holds_for(make_report("text"))
    assert "3 trainings with different seeds" in reading.holds_for(retrained)
    few = retrained.recipe.model_copy(  # type: ignore[union-attr]
        update={"about": "this checkpoint", "comparison": None, "verdict": None}
    )
    two = retrained.model_copy(update={"recipe": few})
    assert reading.holds_for(two).startswith("This checkpoint. ")
    assert "Too few trainings to speak of the recipe" in Page(render_html(two)).text


def test_groups_of_rows_are_told(make_report: Any) -> None:
    report = make_report("better")
    grouped = report.primary.model_copy(update={"clusters": 41})
    told = dict(reading.sentences(report.model_copy(update={"primary": grouped})))
    assert "they are 41\u00a0groups" in told["Measured on"]
    assert "groups" not in dict(reading.sentences(report))["Measured on"]
