"""Rows that belong together, and what the comparison makes of them."""

from __future__ import annotations

import pytest

from postgrad.core.records import Chat, Message, Text
from postgrad.core.task import Answer, Task
from postgrad.data.files import Example
from postgrad.evals.compare import compare, score_answers
from postgrad.evals.row_clusters import row_clusters

TASK = Task("label", "label_match", ("macro_f1",), "", ("a", "b"))
LONG = "my parcel with the red shoes has not come although it was sent to me three weeks ago today"


def chat(number: int, question: str) -> Example:
    record = Chat((Message("user", question), Message("assistant", "yes")))
    return Example(f"rows:{number}", number, record)


def text(number: int, source: str) -> Example:
    words = " ".join(f"word{number}x{at}" for at in range(20))
    return Example(f"rows:{number}", number, Text(words), source)


def sizes(rows: list[Example]) -> list[int]:
    names = list(row_clusters(rows).values())
    return sorted((names.count(name) for name in set(names)), reverse=True)


def test_what_asks_the_same_or_nearly_the_same_belongs_together() -> None:
    others = [chat(number, f"question {number} about {number * 7}") for number in range(3, 12)]
    rows = [chat(0, LONG), chat(1, LONG.upper()), chat(2, LONG + " please"), *others]
    names = row_clusters(rows)
    assert names["rows:0"] == names["rows:1"] == names["rows:2"]
    assert sizes(rows) == [3] + [1] * 9


def test_a_template_is_not_a_copy() -> None:
    """All rows alike: then only what asks the very same belongs together."""
    rows = [chat(number, f"{LONG} case {number % 12}") for number in range(13)]
    assert sizes(rows) == [2] + [1] * 11


def test_texts_of_one_document_belong_together_where_there_are_enough_documents() -> None:
    many = [text(number, f"book/{number % 6}.md:{number}") for number in range(12)]
    assert sizes(many) == [2] * 6
    few = [text(number, f"book/{number % 5}.md:{number}") for number in range(10)]
    assert sizes(few) == [1] * 10


def answers(texts: str) -> list[Answer]:
    made = [Answer(f"{at:02}", (), "a", given, "stop") for at, given in enumerate(texts)]
    return score_answers(made, TASK)


def test_copies_prove_nothing_more() -> None:
    """Eight of ten questions fixed is a proof of ten; the same four questions twice is none."""
    base, tuned = answers("b" * 10), answers("a" * 8 + "b" * 2)
    apart, _ = compare(base, tuned, TASK, resamples=1000, seed=0)
    twice = {f"{at:02}": str(at // 2) for at in range(10)}
    primary, secondary = compare(base, tuned, TASK, resamples=1000, seed=0, clusters=twice)
    assert apart.p_value < 0.05
    assert apart.clusters is None
    assert primary.p_value > 0.05
    assert primary.ci95[0] <= 0
    assert (primary.fixed, primary.broken, primary.clusters) == (8, 0, 5)
    assert primary.test == "paired bootstrap"
    assert all(it.clusters == 5 for it in secondary if it.metric == "macro_f1")


def test_clusters_of_one_change_nothing() -> None:
    base, tuned = answers("ab" * 10), answers("a" * 15 + "b" * 5)
    plain = compare(base, tuned, TASK, resamples=300, seed=0)
    named = compare(
        base, tuned, TASK, resamples=300, seed=0, clusters={f"{n:02}": str(n) for n in range(20)}
    )
    assert plain == named


@pytest.mark.parametrize("texts", ["aaaaaaaaaa", "aabbbbbbbb"])
def test_few_changed_clusters_hide_a_change(texts: str) -> None:
    twice = {f"{at:02}": str(at // 2) for at in range(10)}
    base = answers("bbbbbbbbbb" if texts[2] == "b" else texts)
    primary, _ = compare(base, answers(texts), TASK, resamples=300, seed=0, clusters=twice)
    assert primary.ci95[0] < 0 < primary.ci95[1]
