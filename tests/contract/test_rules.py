"""Every cleaning rule, by its row in the table."""

from __future__ import annotations

import itertools
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from postgrad import plugins
from postgrad.core.findings import SEVERITIES
from postgrad.core.interfaces import AskingRule, LookingRule, Rule
from postgrad.core.records import Chat, Message, Preference, Text
from postgrad.data.rows import Row, Rows, Size

NAMES = plugins.names("rules")
PAGES = Path(__file__).parents[2] / "docs" / "cleaning"

ORDINARY = (
    Chat((Message("user", "Where is the bus stop?"), Message("assistant", "Behind the church."))),
    Chat((Message("user", "Who wrote Emma?"), Message("assistant", "Jane Austen did, in 1815."))),
    Text("The harbour freezes in January, and the ferry waits for the ice breaker."),
    Preference(
        (Message("user", "Name a fruit that is yellow."),),
        Message("assistant", "A ripe banana is."),
        Message("assistant", "No."),
    ),
)


def rows_of_records() -> Rows:
    return Rows(
        [
            Row(index, "train", "rows.jsonl", index + 1, record, None, Size(20, 10))
            for index, record in enumerate(ORDINARY)
        ]
    )


READERS = {
    "embedders": lambda texts: [np.ones(2, np.float32) / np.sqrt(2) for _ in texts],
    "recognisers": lambda texts: [[(0, 1)] for _ in texts],
}
"""Stand-ins for the small models that rules ask."""


@pytest.fixture(params=NAMES)
def rule(request: pytest.FixtureRequest) -> Rule:
    found = plugins.load("rules", request.param)()
    return found.asking(READERS[found.asks]) if isinstance(found, AskingRule) else found


def test_what_it_looks_for_at_each_row_can_be_sent_to_another_process(rule: Rule) -> None:
    if isinstance(rule, LookingRule):
        assert pickle.loads(pickle.dumps(rule.at_row)) is rule.at_row


def test_names_itself(rule: Rule) -> None:
    assert plugins.TABLES["rules"].get(rule.name, "").endswith(f":{type(rule).__name__}")
    assert rule.title
    assert rule.kinds


def test_kinds_say_why_and_where_from(rule: Rule) -> None:
    for kind in rule.kinds:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", kind.code)
        assert kind.severity in SEVERITIES
        for text in (kind.title, kind.why, kind.source):
            assert text.strip()
        assert kind.fix or kind.cleaned


def test_has_a_page_that_names_its_codes_and_its_source(rule: Rule) -> None:
    page = (PAGES / f"{rule.name}.md").read_text(encoding="utf-8")
    assert re.search(r"^Sources?: \S", page, re.MULTILINE)
    for kind in rule.kinds:
        assert f"`{kind.code}`" in page


def test_no_rows_no_hits(rule: Rule) -> None:
    assert list(rule.find(Rows([]))) == []


def test_takes_every_shape_of_record(rule: Rule) -> None:
    if rule.name == "toxicity":
        pytest.importorskip("safetype", reason="the extra [toxicity] is not installed")
    rows = rows_of_records()
    codes = {kind.code for kind in rule.kinds}
    for hit in rule.find(rows):
        assert hit.code in codes
        assert 0 <= hit.row < len(rows)
        assert hit.what


def test_codes_are_of_one_rule_only() -> None:
    every = [kind.code for name in NAMES for kind in plugins.load("rules", name)().kinds]
    assert [code for code, same in itertools.groupby(sorted(every)) if len(list(same)) > 1] == []
