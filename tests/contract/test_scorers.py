"""What every scorer of the table promises; a new row is picked up by itself."""

from __future__ import annotations

import inspect
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad import plugins
from postgrad.core.interfaces import Scorer

NAMES = plugins.names("scorers")
REFERENCES = ("Yes", "SELECT name FROM t", '{"intent": "order", "items": [1, 2]}', "")
ANSWERS = (
    "",
    "Yes.",
    "{",
    "[" * 5000,
    '{"intent": NaN}',
    "1" * 5000,
    "\ud800",
    "\x00",
    "ｆｕｌｌ",
    "🍕",
)

pytestmark = pytest.mark.parametrize("name", NAMES)


def scorer(name: str) -> Scorer:
    return plugins.load("scorers", name)()


def test_describes_itself(name: str) -> None:
    it = scorer(name)
    assert it.name == name
    assert it.title
    assert isinstance(it.higher_is_better, bool)
    assert isinstance(it.right_or_wrong, bool)


def test_module_opens_with_its_definition_and_source(name: str) -> None:
    module = inspect.getmodule(plugins.load("scorers", name))
    assert module is not None
    assert "Source:" in (module.__doc__ or "")


def test_imports_no_other_scorer(name: str) -> None:
    module = sys.modules[plugins.load("scorers", name).__module__]
    package = module.__name__.rpartition(".")[0]
    others = {f"{package}.{other}" for other in NAMES if other != name}
    imported = {getattr(thing, "__module__", None) for thing in vars(module).values()}
    assert not imported & others


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("answer", ANSWERS)
def test_any_answer_gets_a_share(name: str, answer: str, reference: str) -> None:
    score = scorer(name).score(answer, reference)
    assert score is None or 0 <= score <= 1
    if scorer(name).right_or_wrong:
        assert score in (None, 0, 1)


@pytest.mark.parametrize("reference", REFERENCES)
def test_applies_by_the_reference_alone(name: str, reference: str) -> None:
    """Or base and tuned would be marked on different rows."""
    it = scorer(name)
    applies = {it.score(answer, reference) is None for answer in ANSWERS}
    assert len(applies) == 1


@settings(max_examples=40, deadline=None)
@given(data=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_the_reference_itself_is_right(name: str, data: object) -> None:
    """As text and as JSON, whatever it holds."""
    it = scorer(name)
    reference = json.dumps({"value": data}, ensure_ascii=False)
    assert it.score(reference, reference) == (1 if it.higher_is_better else 0)
