"""Small models: what optional rules ask, opened when the first rule asks, kept for the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from postgrad import plugins
from postgrad.core.interfaces import AskingRule, Rule, StepContext
from postgrad.core.job import DataSection

Found = TypeVar("Found")
Read = Callable[[Sequence[str]], Sequence[Found]]


class SmallModels:
    """The small models of a step: what one of them has read is not read again, in later rounds of
    cleaning say."""

    def __init__(self, context: StepContext, settings: DataSection) -> None:
        self._context = context
        self._names = {"embedders": settings.embedder, "recognisers": settings.recogniser}
        self._open: dict[str, Read[Any]] = {}

    def bound(self, rule: Rule) -> Rule:
        """The rule, able to ask if it has to.

        Raises:
            JobError: there is no model of the name that the job gives.
            SetupError: a package that the model needs is missing.
        """
        if not isinstance(rule, AskingRule):
            return rule
        if rule.asks not in self._open:
            model = plugins.load(rule.asks, self._names[rule.asks])()
            self._open[rule.asks] = remembered(lambda texts: model.read(texts, self._context))
        return rule.asking(self._open[rule.asks])


def remembered(read: Read[Found]) -> Read[Found]:
    """The same function, which reads each text only once."""
    known: dict[str, Found] = {}

    def asked(texts: Sequence[str]) -> Sequence[Found]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, read(new), strict=True))
        return [known[text] for text in texts]

    return asked
