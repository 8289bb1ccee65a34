"""Suggestion: what to try next, and what in the run speaks for it.

A rule (`advice/next/`) looks at the evidence of one finished run and says nothing, or one thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from postgrad.core.report import Comparison, ProbeReport, Report

Grade = Literal["shown", "seen", "possible"]
"""How strong the evidence is. shown: by a test, whose interval leaves "nothing" out. seen: measured
in this run, without a test. possible: the run could not rule it out."""

GRADES: tuple[Grade, ...] = ("shown", "seen", "possible")


@dataclass(frozen=True, slots=True)
class Change:
    """A key of the job with its value in the run and the one to try; `new` None: derived anew."""

    key: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to try next.

    Attributes:
        name: of the rule.
        title: what to do, in a few words.
        evidence: what in the run speaks for it: one sentence with its numbers.
        grade: how strong that is; see Grade.
        expect: what will come of it, and what it costs.
        changes: of the job; none: the next step is no job.
        command: what has to be done before the changed job can run, as mending the data; "" if
            nothing.
        do: what a person has to do, where no command does it.
        ends: there is nothing to be gained by further training.
    """

    name: str
    title: str
    evidence: str
    grade: Grade
    expect: str
    changes: tuple[Change, ...] = ()
    command: str = ""
    do: str = ""
    ends: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The suggestion as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules look at.

    Attributes:
        report: of the run.
        lines: by code of a finding of the data doctor, its line numbers by file; empty where the
            run's folder is not at hand.
    """

    report: Report
    lines: Mapping[str, Mapping[str, list[int]]] = field(
        default_factory=dict[str, Mapping[str, list[int]]]
    )

    def setting(self, key: str) -> Any:
        """The value of a dotted key; None: not set, or not recorded."""
        return next((it.value for it in self.report.settings if it.key == key), None)

    def source(self, key: str) -> str:
        """Where that value came from."""
        return next((it.source for it in self.report.settings if it.key == key), "")

    def probe(self, name: str) -> ProbeReport | None:
        """What a probe found; None: it was not asked."""
        return next((it for it in self.report.probes if it.name == name), None)

    @property
    def gain(self) -> float:
        """Of the primary metric, above 0 where the tuned model did better."""
        it = self.report.primary
        return it.delta if it.higher_is_better else -it.delta

    @property
    def room(self) -> float | None:
        """What the primary metric could still gain; None where it has no best value."""
        it = self.report.primary
        if not it.higher_is_better or it.unit or not is_share(it):
            return None
        return 1 - it.tuned


def is_share(comparison: Comparison) -> bool:
    """Whether a metric is a share of 1: scorers give those; bits and points of plug-ins are not."""
    values = (comparison.base, comparison.tuned)
    return not comparison.metric.startswith("bits_per_byte") and max(map(abs, values)) <= 1
