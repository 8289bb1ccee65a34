"""What rules ask: each text is read once in a step, and rules that ask nothing stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from postgrad import plugins
from postgrad.core.interfaces import StepContext
from postgrad.core.job import DataSection
from postgrad.errors import JobError
from postgrad.steps.small_models import SmallModels, remembered

CONTEXT = StepContext(Path(), lambda event: None, lambda: False, Path())


def test_each_text_is_read_once_and_answers_come_in_order() -> None:
    asked: list[list[str]] = []

    def read(texts: Sequence[str]) -> list[str]:
        asked.append(list(texts))
        return [text.upper() for text in texts]

    again = remembered(read)
    assert again(["a", "b", "a"]) == ["A", "B", "A"]
    assert again(["b", "c"]) == ["B", "C"]
    assert again([]) == []
    assert asked == [["a", "b"], ["c"]]


def test_a_rule_that_asks_nothing_stays_as_it_is() -> None:
    rule = plugins.load("rules", "labels")()
    assert SmallModels(CONTEXT, DataSection(train="")).bound(rule) is rule


def test_an_unknown_model_is_refused_before_anything_runs() -> None:
    models = SmallModels(CONTEXT, DataSection(train="", embedder="minilmm"))
    with pytest.raises(JobError, match="embedder") as caught:
        models.bound(plugins.load("rules", "semantic_duplicates")())
    assert "minilm" in caught.value.fix
