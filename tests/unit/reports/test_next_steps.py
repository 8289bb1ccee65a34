"""What to try next: each rule speaks on its evidence and is silent without it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from html_page import Page
from postgrad import plugins
from postgrad.advice.suggestions import MOST, ranked, suggest
from postgrad.core.job import Job, known_keys
from postgrad.core.report import (
    ChangedSetting,
    Comparison,
    Curve,
    Figure,
    FindingSummary,
    Gate,
    LearningCurve,
    Parent,
    Place,
    ProbeReport,
    Report,
)
from postgrad.core.suggestion import GRADES, Change, Evidence, Grade, Suggestion
from postgrad.reports import render_html, render_markdown

Make = Callable[..., Report]
PAGE = Path(__file__).parents[3] / "docs" / "next.md"
NAMES = plugins.names("suggestions")


def asked(name: str, report: Report, **lines: Any) -> Suggestion | None:
    return plugins.load("suggestions", name)().suggest(Evidence(report, lines))


def fired(name: str, report: Report, **lines: Any) -> Suggestion:
    found = asked(name, report, **lines)
    assert found is not None
    return found


def setting(report: Report, **values: Any) -> Report:
    """With settings changed: `data__general_share=0.2`."""
    wanted = {key.replace("__", "."): value for key, value in values.items()}
    kept = [it for it in report.settings if it.key not in wanted]
    first = report.settings[0]
    more = [
        first.model_copy(update={"key": key, "value": value, "source": "yours"})
        for key, value in wanted.items()
    ]
    return report.model_copy(update={"settings": [*kept, *more]})


def measured(report: Report, **changes: Any) -> Report:
    return report.model_copy(update={"primary": report.primary.model_copy(update=changes)})


def trained(report: Report, **changes: Any) -> Report:
    return report.model_copy(update={"training": report.training.model_copy(update=changes)})


def of_data(report: Report, **changes: Any) -> Report:
    return report.model_copy(update={"dataset": report.dataset.model_copy(update=changes)})


def finding(code: str, **changes: Any) -> FindingSummary:
    values: dict[str, Any] = {
        "code": code,
        "severity": "hurts",
        "title": "the same question, another answer",
        "count": 3,
        "share_of_trained_tokens": 0.04,
        "example": Place(file="rows.jsonl", line=7, path="", what="Another answer in line 9."),
        "cleaned": True,
    }
    return FindingSummary(**{**values, **changes})


def probe(name: str, outcome: str, *comparisons: Comparison, **changes: Any) -> ProbeReport:
    values: dict[str, Any] = {
        "name": name,
        "section": "memory",
        "title": name,
        "outcome": outcome,
        "text": f"What {name} found.",
        "comparisons": list(comparisons),
    }
    return ProbeReport(**{**values, **changes})


def compared(report: Report, base: float, tuned: float, low: float, high: float) -> Comparison:
    changes = {"base": base, "tuned": tuned, "delta": tuned - base, "ci95": (low, high)}
    return report.primary.model_copy(update=changes)


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_speaks_well_or_not_at_all(name: str, any_report: Report) -> None:
    """The contract of the table: plain sentences, keys of a job, and a job that can be built."""
    found = asked(name, any_report)
    if found is None:
        return
    assert found.name == name
    assert found.title
    assert "\n" not in found.title + found.evidence
    assert found.evidence.endswith(".")
    assert found.expect.endswith(".")
    assert {change.key for change in found.changes} <= set(known_keys())
    Job.build({"data": {"train": "x"}}).replace({each.key: each.new for each in found.changes})
    assert not found.command or found.changes


@pytest.mark.parametrize("name", plugins.TABLES["suggestions"])
def test_every_rule_has_a_row_on_the_page(name: str) -> None:
    assert f"\n| `{name}` |" in PAGE.read_text("utf-8")


def test_nothing_is_suggested_from_nothing(make_report: Make) -> None:
    assert suggest(make_report("bare")) == []


def test_enough(make_report: Make) -> None:
    report = make_report()
    assert asked("enough", report) is None  # 57 % right: there is room
    done = measured(report, tuned=0.98, delta=0.97)
    found = fired("enough", done)
    assert found.ends
    assert "98 %" in found.evidence
    assert "9.1 points" in found.evidence
    assert asked("enough", done.model_copy(update={"ship": False})) is None
    blind = measured(report, tuned=0.5, minimum_detectable_effect=0.8)
    assert asked("enough", blind) is None  # a test that sees nothing says nothing
    able = measured(make_report("no_proof"), base=0.95, tuned=0.96)
    assert "base model does it already" in fired("enough", able).title


def test_more_test_rows(make_report: Make) -> None:
    report = measured(make_report("no_proof"), delta=0.12)
    found = fired("more_test_rows", report)
    assert "12 points" in found.evidence
    assert "27 points" in found.evidence
    assert "about 122 rows" in found.expect  # 24 rows x (0.27 / 0.12) squared
    assert not found.changes
    limited = fired("more_test_rows", setting(report, evaluation__limit=24))
    assert limited.changes == (Change("evaluation.limit", 24, None),)
    assert asked("more_test_rows", make_report("better")) is None
    assert asked("more_test_rows", measured(report, delta=-0.1)) is None
    assert asked("more_test_rows", measured(report, delta=0.01)) is None  # hopeless


def test_mend_data(make_report: Make) -> None:
    report = make_report()
    assert asked("mend_data", report) is None
    look = finding("odd_row", severity="look")
    assert asked("mend_data", of_data(report, findings=[look])) is None
    hurt = of_data(report, findings=[finding("contradiction"), look, finding("unknown_tool")])
    found = fired("mend_data", hurt, contradiction={"rows.jsonl": [7, 9, 12]})
    assert "rows.jsonl lines 7, 9, 12" in found.evidence
    assert "unknown_tool" in found.evidence
    assert found.command == "postgrad data clean rows.jsonl -o rows-clean.jsonl"
    assert found.changes == (Change("data.train", "rows.jsonl", "rows-clean.jsonl"),)
    assert found.grade == "seen"
    few = of_data(report, findings=[finding("contradiction", share_of_trained_tokens=0.001)])
    assert fired("mend_data", few).grade == "possible"
    assert "first in rows.jsonl line 7" in fired("mend_data", few).evidence


def test_defects_that_no_program_mends_are_work_for_a_person(make_report: Make) -> None:
    report = of_data(make_report(), findings=[finding("unknown_tool", cleaned=False)])
    found = fired("mend_data", report)
    assert not found.changes
    assert not found.command
    assert "postgrad data check rows.jsonl" in found.do


def test_a_defect_of_the_test_file_is_mended_there(make_report: Make) -> None:
    report = setting(make_report(), data__test="held out.csv", data__format="alpaca")
    there = Place(file="held out.csv", line=1, path="", what="")
    found = fired("mend_data", of_data(report, findings=[finding("leak_exact", example=there)]))
    assert found.changes == (Change("data.test", "held out.csv", "held out-clean.jsonl"),)
    assert found.command.endswith("'held out-clean.jsonl' --set data.format=alpaca")


def test_less_forgetting(make_report: Make) -> None:
    report = setting(make_report("probed"), data__general_share=0.0)
    found = fired("less_forgetting", report)
    assert found.changes == (Change("data.general_share", 0.0, 0.2),)
    assert found.grade == "shown"
    assert found.evidence == report.probes[0].text
    again = fired("less_forgetting", setting(report, data__general_share=0.2))
    assert again.changes == (Change("training.learning_rate", 0.0002, 0.0001),)
    unsure = report.probes[0].comparisons[0].model_copy(update={"ci95": (-0.01, 0.03)})
    open_ = report.probes[0].model_copy(update={"comparisons": [unsure]})
    maybe = report.model_copy(update={"probes": [open_]})
    assert fired("less_forgetting", maybe).grade == "possible"
    quick = fired("less_forgetting", setting(maybe, evaluation__effort="quick"))
    assert quick.changes == (Change("evaluation.effort", "quick", "full"),)
    passed = report.probes[0].model_copy(update={"outcome": "passed"})
    assert asked("less_forgetting", report.model_copy(update={"probes": [passed]})) is None


def test_lower_rate(make_report: Make) -> None:
    found = fired("lower_rate", make_report("worse"))
    assert found.changes == (Change("training.learning_rate", 0.0002, 0.000067),)
    assert "12.5 points" in found.evidence
    assert found.grade == "shown"
    assert asked("lower_rate", make_report("better")) is None
    broken = make_report(warnings=["Step 3 had no finite loss and was dropped; rows: a:1."])
    assert fired("lower_rate", broken).grade == "seen"


def test_more_epochs(make_report: Make) -> None:
    curves = {"valid": Curve(steps=[36, 72, 108], values=[1.2, 0.8, 0.6])}
    report = make_report(curves=curves)
    assert asked("more_epochs", report) is None  # patience ended it
    done = trained(report, stopped="all epochs were done", best_step=108)
    found = fired("more_epochs", done)
    assert found.changes == (Change("training.epochs", 8.0, 16.0),)
    assert "0.600 at the last step, 108, after 0.800 at step 72" in found.evidence
    flat = {"valid": Curve(steps=[36, 72, 108], values=[1.2, 0.605, 0.6])}
    assert asked("more_epochs", done.model_copy(update={"curves": flat})) is None
    assert asked("more_epochs", trained(done, best_step=72)) is None
    assert asked("more_epochs", setting(done, training__epochs=25)) is None


def test_fewer_epochs(make_report: Make) -> None:
    curves = {
        "train": Curve(steps=[1, 36, 72, 108], values=[3.0, 0.9, 0.3, 0.1]),
        "valid": Curve(steps=[36, 72, 108], values=[0.7, 0.4411, 0.62]),
    }
    report = make_report(curves=curves)
    found = fired("fewer_epochs", report)
    assert found.changes == (Change("training.epochs", 8.0, 2.3),)  # 3.43 x 72 / 108
    assert "rose by 40.6 %" in found.evidence
    early = fired("fewer_epochs", trained(report, best_step=18))
    assert early.changes == (Change("training.learning_rate", 0.0002, 0.0001),)
    for name, value in (("valid", 0.4445), ("train", 0.44)):
        curve = curves[name]
        other = curve.model_copy(update={"values": [*curve.values[:-1], value]})
        calm = report.model_copy(update={"curves": {**curves, name: other}})
        assert asked("fewer_epochs", calm) is None


def test_higher_rank(make_report: Make) -> None:
    report = make_report()
    assert asked("higher_rank", report) is None
    many = of_data(report, supervised_tokens={"train": 30_000_000})
    found = fired("higher_rank", many)  # 4.88 million weights of 2 bits: 3.07 times too few
    assert found.changes == (Change("method.rank", 16, 64),)
    assert asked("higher_rank", setting(many, method__name="full")) is None


def test_longer_answers_and_longer_rows(make_report: Make) -> None:
    failed = Gate(passed=False, value=-0.3, margin=0.05, ci95=(-0.4, -0.2), text="Cut.")
    report = setting(make_report(gates={"stop_rate": failed}), evaluation__max_new_tokens=60)
    assert asked("longer_answers", report) is None  # a training row was cut: that comes first
    assert fired("longer_rows", report).changes == (Change("training.max_length", 256, 512),)
    whole = of_data(report, cut_rows=0, cut_supervised_tokens=0)
    found = fired("longer_answers", whole)
    assert found.changes == (Change("evaluation.max_new_tokens", 60, 120),)
    assert found.grade == "shown"
    assert asked("longer_rows", whole) is None
    assert asked("longer_rows", make_report()) is None  # one row in 252 lost 12 tokens
    assert asked("longer_answers", of_data(make_report(), cut_rows=0)) is None


@pytest.mark.parametrize(
    ("source", "new"),
    [
        ("the default limit; the longest row has 3071 tokens", 3071),
        ("the base model's context; the longest row has 3071 tokens", None),
    ],
)
def test_the_length_that_is_wanted_is_known(make_report: Make, source: str, new: Any) -> None:
    report = of_data(make_report(), cut_rows=30, cut_supervised_tokens=4000)
    settings = [
        it.model_copy(update={"source": source}) if it.key == "training.max_length" else it
        for it in report.settings
    ]
    found = fired("longer_rows", report.model_copy(update={"settings": settings}))
    assert [change.new for change in found.changes] == ([new] if new else [])
    assert bool(found.do) == (new is None)


def test_simpler_way(make_report: Make) -> None:
    report = make_report()
    title = "JSON exactly right: answer of the most similar question, and tuned"

    def climbed(*values: float, outcome: str = "not_shown", **changes: Any) -> Report:
        it = compared(report, *values).model_copy(update={"title": title, **changes})
        return report.model_copy(update={"probes": [probe("ladder", outcome, it)]})

    found = fired("simpler_way", climbed(0.9, 0.5, -0.6, -0.2))
    assert found.title.endswith(": answer of the most similar question")
    assert found.grade == "shown"
    assert "90 %" in found.evidence
    assert fired("simpler_way", climbed(0.5, 0.5, -0.2, 0.2)).grade == "seen"
    unproven = fired("simpler_way", climbed(0.4, 0.5, -0.1, 0.3))
    assert unproven.grade == "possible"
    assert unproven.title.startswith("Weigh")
    assert "more test rows" in unproven.do
    on_few = fired("simpler_way", climbed(0.4, 0.5, -0.1, 0.3, n=report.primary.n // 2))
    assert "postgrad compare" in on_few.do
    assert asked("simpler_way", climbed(0.4, 0.5, 0.05, 0.15, outcome="changed")) is None
    assert asked("simpler_way", report) is None


def test_less_by_heart(make_report: Make) -> None:
    report = setting(make_report(), method__name="full")

    def told(low: float) -> Report:
        figure = Figure(name="auc", title="AUC", value=low + 0.1, ci95=(low, low + 0.2), n=80)
        found = probe("membership", "changed", figures=[figure])
        return report.model_copy(update={"probes": [found]})

    found = fired("less_by_heart", told(0.7))
    assert found.changes == (Change("method.name", "full", "lora"),)
    assert asked("less_by_heart", told(0.52)) is None
    planted = probe("canaries", "changed", compared(report, 0.5, 0.99, 0.3, 0.6))
    lora = setting(report.model_copy(update={"probes": [planted]}), method__name="lora")
    assert fired("less_by_heart", lora).changes == (Change("training.epochs", 8.0, 4.0),)
    assert asked("less_by_heart", report) is None


def test_private_values(make_report: Make) -> None:
    report = make_report(probes=[probe("verbatim", "changed")])
    found = fired("private_values", report)
    assert found.command == "postgrad data clean rows.jsonl -o rows-clean.jsonl"
    assert asked("private_values", make_report(probes=[probe("verbatim", "not_shown")])) is None


def test_stronger_base(make_report: Make) -> None:
    report = measured(make_report("no_proof"), base=0.0, tuned=0.02)
    found = fired("stronger_base", report)
    assert "2 %" in found.evidence
    assert not found.changes
    climbed = report.model_copy(
        update={"probes": [probe("ladder", "not_shown", compared(report, 0.4, 0.02, -0.5, -0.2))]}
    )
    assert asked("stronger_base", climbed) is None  # the base can do it with examples
    assert asked("stronger_base", measured(report, n=12)) is None
    assert asked("stronger_base", make_report()) is None


def test_more_rows(make_report: Make) -> None:
    few = finding("few_rows", severity="look")
    report = of_data(make_report("no_proof"), findings=[few])
    found = fired("more_rows", report)
    assert found.evidence == few.example.what
    assert asked("more_rows", of_data(make_report(), findings=[few])) is None  # ready to ship
    assert asked("more_rows", make_report("no_proof")) is None
    assert found.grade == "possible"


def test_more_rows_where_the_learning_curve_falls(make_report: Make) -> None:
    def curve(outcome: Any, slope: float | None = None) -> LearningCurve:
        text = "Twice the data would do."
        return LearningCurve(outcome=outcome, text=text, points=[], per_doubling=slope)

    found = fired("more_rows", make_report(learning_curve=curve("more_helps")))
    assert found.evidence == "Twice the data would do."
    assert found.grade == "shown"
    few = [finding("few_rows", severity="look")]
    report = of_data(make_report("no_proof", learning_curve=curve("no_more")), findings=few)
    assert asked("more_rows", report) is None  # the curve knows better than a rule of thumb
    unsure = report.model_copy(update={"learning_curve": curve("cannot_tell")})
    assert fired("more_rows", unsure).grade == "possible"
    steep = make_report(learning_curve=curve("cannot_tell", -0.2))
    assert fired("more_rows", steep).grade == "seen"
    assert asked("more_rows", make_report(learning_curve=curve("cannot_tell", -0.02))) is None
    assert asked("more_rows", make_report(learning_curve=curve("no_more", -0.2))) is None


changes = st.lists(st.sampled_from(["a.a", "b.b", "c.c"]), max_size=2, unique=True)
suggestions = st.builds(
    lambda number, grade, keys, ends: Suggestion(
        f"rule {number}", "", "", grade, "", tuple(Change(key, 0, 1) for key in keys), ends=ends
    ),
    st.integers(),
    st.sampled_from(GRADES),
    changes,
    st.booleans(),
)


@given(st.lists(suggestions, max_size=8))
def test_the_best_founded_come_first_and_none_contradict(found: list[Suggestion]) -> None:
    kept = ranked(found)
    assert len(kept) <= MOST
    order = [GRADES.index(each.grade) for each in kept]
    assert order == sorted(order)
    keys = list(itertools.chain(*([change.key for change in each.changes] for each in kept)))
    assert len(keys) == len(set(keys))
    assert bool(kept) == bool(found)
    if any(each.ends for each in found):
        assert all(each.ends or each.grade == "shown" for each in kept)


def test_what_is_shown_goes_before_what_is_possible() -> None:
    def made(name: str, grade: Grade) -> Suggestion:
        return Suggestion(name, "", "", grade, "")

    found = [made("a", "possible"), made("b", "seen"), made("c", "shown"), made("d", "seen")]
    assert [each.name for each in ranked(found)] == ["c", "b", "d"]


def test_the_pages_say_what_to_try_and_where_it_came_from(make_report: Make) -> None:
    parent = Parent(
        name="pizzeria-1",
        folder="runs/pizzeria-1",
        job_sha256="abc",
        data_sha256="other",
        why="Because <b>of</b> this.",
        changed=[ChangedSetting(key="training.epochs", old=3, new=6)],
    )
    report = setting(make_report("probed", parent=parent), data__general_share=0.0)
    html = render_html(report)
    text, markdown = Page(html).text, render_markdown(report)
    for shown in (text, markdown):
        assert "What to try next" in shown
        assert "shown by a test" in shown
        assert "pizzeria-1" in shown
    assert "data.general_share: 0 -> 0.2" in text
    assert "training.epochs: 3 -> 6" in text
    assert "The data is not the same." in text
    assert "<b>of</b>" not in html
    assert (
        "Nothing in this run points to a next step." in Page(render_html(make_report("bare"))).text
    )
