"""A suite that needs no harness, and can be stopped between two questions."""

from __future__ import annotations

from typing import ClassVar

from postgrad.core.interfaces import SuiteSitting
from postgrad.core.probe import Reading
from postgrad.core.suite import Measure, SuiteRequest, SuiteResult
from postgrad.errors import Interrupted

TEXTS = [f"red {number}" for number in range(6)]


class Told:
    name = "told"
    title = "Told"
    stops: ClassVar[bool] = False
    """Whether it is stopped in the middle."""

    def open(self, request: SuiteRequest) -> Told:
        return self

    def ask(self, sitting: SuiteSitting) -> list[SuiteResult]:
        answers = sitting.answerer.complete(TEXTS[:4], max_new_tokens=2)
        if self.stops:
            raise Interrupted("Stopped.")
        answers += sitting.answerer.complete(TEXTS[4:], max_new_tokens=2)
        readings = tuple(
            Reading(text, text, {"long": float(answer.num_tokens > 1)}, text, answer.text)
            for text, answer in zip(TEXTS, answers, strict=True)
        )
        return [SuiteResult("told", "all", "told 1", {}, (Measure("long", "long"),), readings)]
