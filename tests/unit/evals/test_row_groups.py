"""Test rows in groups that a person can name."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from postgrad.evals.row_groups import FEWEST_IN_GROUP, REST, Row, groupings

INTENTS = ("order", "question", "complaint")


def json_rows(count: int = 30) -> list[Row]:
    return [
        Row(
            f"I want {'very ' * (number % 9)}much number {number}",
            json.dumps({"intent": INTENTS[number % 3], "text": f"free text {number}", "n": number}),
        )
        for number in range(count)
    ]


def test_labels() -> None:
    rows = [Row(f"row {number}", ("warm", "Warm.", "cold")[number % 3]) for number in range(30)]
    first = groupings(rows, "label")[0]
    assert first.title == "the right label"
    assert [first.groups[number] for number in range(3)] == ["warm", "warm", "cold"]


def test_json_by_the_field_that_repeats() -> None:
    found = {grouping.title: grouping for grouping in groupings(json_rows(), "json")}
    assert "\u201cintent\u201d of the right answer" in found
    assert set(found["\u201cintent\u201d of the right answer"].groups) == set(INTENTS)
    assert not [title for title in found if "text" in title or "\u201cn\u201d" in title]
    assert "the length of the question" in found


def test_prose_by_how_the_question_begins() -> None:
    prompts = ["What is ", "How many ", "Why does "]
    rows = [Row(prompts[n % 3] + f"thing {n} do?", f"Because {n}") for n in range(30)]
    first = groupings(rows, "prose")[0]
    assert set(first.groups) == {"what is \u2026", "how many \u2026", "why does \u2026"}


def test_small_groups_are_the_rest() -> None:
    rows = [Row("one", "a")] * 10 + [Row("two", "b")] * (FEWEST_IN_GROUP - 1)
    [label] = [g for g in groupings(rows, "label") if g.title == "the right label"]
    assert label.groups[0] == "a"
    assert label.groups[-1] == REST


def test_rows_of_one_kind_are_not_grouped() -> None:
    assert groupings([Row("the same", "yes")] * 20, "label") == []


@given(
    st.lists(st.builds(Row, st.text(max_size=20), st.text(max_size=20)), min_size=1, max_size=25),
    st.sampled_from(["label", "json", "prose", "text"]),
)
def test_every_row_has_a_group(rows: list[Row], kind: str) -> None:
    for grouping in groupings(rows, kind):  # type: ignore[arg-type]
        assert len(grouping.groups) == len(rows)
        assert len(set(grouping.groups)) > 1
        assert all(
            grouping.groups.count(name) >= FEWEST_IN_GROUP for name in {*grouping.groups} - {REST}
        )
