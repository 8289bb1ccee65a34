"""Suites: tasks that other people made, and what a model made of them.

Asked for as `SUITE:TASK[,TASK][,option=value]`, with one line for each item and each model, so that
base and tuned can be compared item by item, which the harnesses themselves don't do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from postgrad.core.probe import Reading
from postgrad.errors import JobError

_OPTION = re.compile(r"([a-z_]\w*)=(.*)")


@dataclass(frozen=True, slots=True)
class SuiteRequest:
    """Tasks of one suite, as the user asked for them.

    Attributes:
        suite: its name in the table of suites.
        tasks: names that the harness knows, or files.
        options: by name.
    """

    suite: str
    tasks: tuple[str, ...]
    options: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> SuiteRequest:
        """What `SUITE:TASK[,TASK][,option=value]` asks for.

        Raises:
            JobError: no suite or no task is named.
        """
        suite, _, rest = text.partition(":")
        tasks: list[str] = []
        options: dict[str, Any] = {}
        for part in filter(None, (part.strip() for part in rest.split(","))):
            if found := _OPTION.fullmatch(part):
                options[found[1]] = _value(found[2])
            else:
                tasks.append(part)
        if not suite or not tasks:
            raise JobError(
                f"--suite {text} names no task.",
                why="A suite is asked as SUITE:TASK[,TASK][,option=value].",
                fix="For example: --suite lm-eval:my_task.yaml,limit=200",
                code="invalid_suite",
            )
        return cls(suite.strip().replace("-", "_"), tuple(dict.fromkeys(tasks)), options)

    def with_whole_paths(self) -> SuiteRequest:
        """The same, with files by their whole path: a worker may stand in another folder."""
        return replace(self, tasks=tuple(map(_whole_path, self.tasks)))

    def as_dict(self) -> dict[str, Any]:
        return {"suite": self.suite, "tasks": list(self.tasks), "options": dict(self.options)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> SuiteRequest:
        return cls(value["suite"], tuple(value["tasks"]), value["options"])


@dataclass(frozen=True, slots=True)
class Measure:
    """A score that each item of a task has."""

    name: str
    title: str
    higher_is_better: bool = True
    unit: str = ""
    """What it is counted in, where it is no share of 1."""


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What one model made of one task (or of a group of tasks) of a suite.

    Attributes:
        suite: name in the table of suites.
        task: as the harness names it.
        harness: with its version.
        settings: how it was asked, for people to read; the same for both models.
        measures: the scores of its items, the one that counts first.
        readings: one for each item; `group` names what the harness says belongs together, and
            `detail` has the part of a group ("part"), and the chance of guessing it ("chance").
        clustered: whether the harness says which items belong together.
        notes: what must be known to read it right.
    """

    suite: str
    task: str
    harness: str
    settings: Mapping[str, Any]
    measures: tuple[Measure, ...]
    readings: tuple[Reading, ...]
    clustered: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """SUITE.TASK, with signs that fit a file name."""
        return f"{self.suite}.{re.sub(r'[^A-Za-z0-9_.-]+', '_', self.task)}"

    def head(self) -> dict[str, Any]:
        """All but the readings."""
        return {
            "suite": self.suite,
            "task": self.task,
            "harness": self.harness,
            "settings": dict(self.settings),
            "measures": [
                {
                    "name": measure.name,
                    "title": measure.title,
                    "higher_is_better": measure.higher_is_better,
                    "unit": measure.unit,
                }
                for measure in self.measures
            ],
            "clustered": self.clustered,
            "notes": list(self.notes),
        }

    @classmethod
    def from_head(cls, head: Mapping[str, Any], readings: tuple[Reading, ...]) -> SuiteResult:
        """A result from its stored parts."""
        measures = tuple(Measure(**measure) for measure in head["measures"])
        rest: dict[str, Any] = {**head, "measures": measures, "notes": tuple(head["notes"])}
        return cls(**rest, readings=readings)


def _whole_path(task: str) -> str:
    """A file by its whole path, also one with `@name` behind it; any other name as it is."""
    file, at, name = task.partition("@")
    path = Path(file).expanduser()
    return f"{path.resolve()}{at}{name}" if path.is_file() else task


def _value(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text
