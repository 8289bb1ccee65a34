"""What every probe of the table promises; a new row is picked up by itself."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest
import torch

from families import tiny_model
from postgrad import plugins
from postgrad.core.interfaces import Criteria, Judgement, Probe, Sitting
from postgrad.core.probe import ProbeSection, Reading, Who
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.core.report import Outcome
from postgrad.core.task import Answer, Task
from postgrad.data.render import Template
from postgrad.engine.answerer import LocalAnswerer
from postgrad.engine.model import LanguageModel

NAMES = plugins.names("probes")
PAGES = Path(__file__).parents[2] / "docs" / "probes"
LABELS = Task("label", "label_match", ("macro_f1", "bits_per_byte"), "labels", ("warm", "cold"))
TEXTS = Task("text", "bits_per_byte", (), "texts")
COLOURS = ("red", "blue", "orange", "green")


def chats(name: str, count: int) -> list[tuple[str, Record]]:
    return [
        (
            f"{name}.jsonl:{number + 1}",
            Chat(
                (
                    Message("user", f"Is {COLOURS[number % 4]} {name} {number} warm?"),
                    Message("assistant", ("warm", "cold")[number % 2]),
                )
            ),
        )
        for number in range(count)
    ]


def texts(name: str, count: int) -> list[tuple[str, Record]]:
    return [
        (f"{name}.txt:{number + 1}", Text(f"The {name} of the house has {number} doors."))
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def models(template: Template) -> dict[Who, LocalAnswerer]:
    """Two tiny models that differ in their weights."""
    torch.set_num_threads(1)
    found: dict[Who, LocalAnswerer] = {}
    for who, seed in (("base", 0), ("tuned", 1)):
        torch.manual_seed(seed)
        model = tiny_model("llama")
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.05 * seed * torch.randn_like(parameter))
        found[who] = LocalAnswerer(LanguageModel(model), template, 256)
    return found


def sitting(
    who: Who,
    answerer: LocalAnswerer,
    task: Task,
    first: Sequence[Reading],
    *,
    num_rows: int = 24,
    is_quick: bool = True,
) -> Sitting:
    make = texts if task.kind == "text" else chats
    tested = make("test", num_rows)
    said = answerer.answer([r for _, r in tested if isinstance(r, Chat)], max_new_tokens=4)
    answers = [
        Answer(
            name,
            ({"role": "user", "content": record.prompt[-1].content},),
            "warm",
            a.text,
            a.finish,
        )
        for (name, record), a in zip(tested, said, strict=False)
        if isinstance(record, Chat)
    ]
    return Sitting(
        who=who,
        answerer=answerer,
        task=task,
        tested=tested,
        trained=make("train", num_rows),
        answers=answers,
        first=first,
        max_new_tokens=4,
        is_quick=is_quick,
        seed=0,
        on_done=lambda done, total: None,
    )


def both(
    probe: Probe, models: dict[Who, LocalAnswerer], task: Task, num_rows: int = 24
) -> dict[Who, list[Reading]]:
    """The readings of both models, asked in the probe's order."""
    order: tuple[Who, Who] = ("tuned", "base") if probe.looks_back else ("base", "tuned")
    readings: dict[Who, list[Reading]] = {}
    for who in order:
        first = next(iter(readings.values()), [])
        found = probe.ask(sitting(who, models[who], task, first, num_rows=num_rows))
        readings[who] = [Reading.from_dict(json.loads(json.dumps(r.as_dict()))) for r in found]
    return readings


def criteria(task: Task) -> Criteria:
    return Criteria(task, 0.02, 0.05, 200, 0, True)


@pytest.fixture(params=NAMES)
def probe(request: pytest.FixtureRequest) -> Probe:
    return plugins.load("probes", request.param)()


def test_names_itself(probe: Probe) -> None:
    assert plugins.TABLES["probes"][probe.name].endswith(f":{type(probe).__name__}")
    assert probe.title
    assert probe.section in get_args(ProbeSection)
    assert isinstance(probe.optional, bool)
    assert isinstance(probe.looks_back, bool)
    assert inspect.getdoc(inspect.getmodule(type(probe)))


def test_has_a_page_that_names_it(probe: Probe) -> None:
    assert f"`{probe.name}`" in (PAGES / f"{probe.name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("task", [LABELS, TEXTS], ids=["labels", "texts"])
def test_asks_and_judges(probe: Probe, models: dict[Who, LocalAnswerer], task: Task) -> None:
    """Readings that survive JSON, of the same items; a report with a sentence; finite numbers."""
    readings = both(probe, models, task)
    assert {each.id for each in readings["base"]} == {each.id for each in readings["tuned"]}
    if not readings["base"]:
        return
    found = probe.judge(readings["base"], readings["tuned"], criteria(task))
    check(probe, found)


def check(probe: Probe, found: Judgement) -> None:
    report = found.report
    assert report.name == probe.name
    assert report.section == probe.section
    assert report.outcome in get_args(Outcome)
    assert report.text.endswith(".")
    assert report.gate is None or report.gate in found.gates
    assert (report.outcome in ("passed", "failed", "undecided")) == (report.gate is not None)
    for name, gate in found.gates.items():
        assert name
        assert gate.text
    for table in report.tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
    text = report.model_dump_json()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_the_same_model_is_never_worse_or_changed(
    probe: Probe, models: dict[Who, LocalAnswerer]
) -> None:
    """Base against base: nothing may be claimed to have changed."""
    readings = both(probe, {"base": models["base"], "tuned": models["base"]}, LABELS)
    if not readings["base"]:
        return
    found = probe.judge(readings["base"], readings["tuned"], criteria(LABELS))
    assert found.report.outcome != "changed"


def test_too_few_rows_are_no_error(probe: Probe, models: dict[Who, LocalAnswerer]) -> None:
    readings = both(probe, models, LABELS, num_rows=1)
    if readings["base"]:
        check(probe, probe.judge(readings["base"], readings["tuned"], criteria(LABELS)))
