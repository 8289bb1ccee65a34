"""Tasks of Inspect through our answerer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from postgrad.core.generation import Generated
from postgrad.core.interfaces import SuiteSitting
from postgrad.core.records import Chat
from postgrad.core.suite import SuiteRequest, SuiteResult
from postgrad.errors import Interrupted, JobError, SetupError
from postgrad.evals.suites.inspect import Inspect

pytest.importorskip(
    "inspect_ai", reason="inspect-ai is not installed: pip install 'postgrad[suites]'"
)

TASKS = '''
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import accuracy, includes, scorer, stderr, Score, Target
from inspect_ai.solver import generate, system_message, use_tools
from inspect_ai.tool import tool

ROWS = [Sample(input=f"red {i}", target="warm", id=i, metadata={"page": i // 2}) for i in range(6)]

@scorer(metrics={"long": [accuracy(), stderr(cluster="page")], "short": [accuracy()]})
def lengths():
    async def score(state, target):
        size = len(state.output.completion)
        return Score(value={"long": size / 10, "short": int(size < 9)})
    return score

@task
def colours(): return Task(dataset=ROWS, solver=generate(), scorer=includes())

@task
def sizes():
    return Task(dataset=ROWS, solver=[system_message("Be brief."), generate()], scorer=lengths())

@task
def drawn():
    config = GenerateConfig(temperature=0.7, max_tokens=3, stop_seqs=["r"])
    return Task(dataset=ROWS, solver=generate(), scorer=includes(), config=config)

@tool
def adder():
    async def execute(x: int):
        """Add one.

        Args:
            x: a number.
        """
        return x + 1
    return execute

@task
def tools(): return Task(dataset=ROWS, solver=[use_tools(adder()), generate()], scorer=includes())

@task
def lost():
    open("no such file")
'''


class Speaker:
    """Says warm of even numbers."""

    chats = True

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.systems: set[str] = set()
        self.most: set[int] = set()

    def answer(self, prompts: Sequence[Chat], *, max_new_tokens: int) -> list[Generated]:
        self.batches.append(len(prompts))
        self.most.add(max_new_tokens)
        self.systems |= {chat.prompt[0].content for chat in prompts}
        return [
            Generated(
                "warm" if int(chat.prompt[-1].content[-1]) % 2 == 0 else "cold, says I", "stop", 1
            )
            for chat in prompts
        ]


def ask(folder: Path, name: str, speaker: Any = None, on_done: Any = None) -> SuiteResult:
    (folder / "tasks.py").write_text(TASKS)
    opened = Inspect().open(SuiteRequest.parse(f"inspect:{folder}/tasks.py@{name}"))
    sitting = SuiteSitting("base", speaker or Speaker(), folder, on_done or (lambda *it: None))
    [result] = opened.ask(sitting)
    return result


def test_samples_are_answered_together_and_read_one_by_one(tmp_path: Path) -> None:
    speaker = Speaker()
    result = ask(tmp_path, "colours,limit=5", speaker)
    assert [reading.values for reading in result.readings] == [
        {"includes": float(at % 2 == 0)} for at in range(5)
    ]
    assert speaker.batches == [5]
    assert (result.task, result.clustered, result.readings[0].prompt) == ("colours", False, "red 0")
    assert result.settings["items"] == "the first 5"


def test_a_score_of_parts_and_clusters(tmp_path: Path) -> None:
    speaker = Speaker()
    result = ask(tmp_path, "sizes", speaker)
    assert [measure.name for measure in result.measures] == ["lengths.long", "lengths.short"]
    assert result.readings[1].values == {"lengths.long": 1.2, "lengths.short": 0.0}
    assert [reading.group for reading in result.readings] == list("001122")
    assert result.clustered
    assert speaker.systems == {"Be brief."}


def test_both_models_are_asked_greedily(tmp_path: Path) -> None:
    speaker = Speaker()
    result = ask(tmp_path, "drawn", speaker)
    assert any("asked greedily" in note for note in result.notes)
    assert speaker.most == {3}
    assert result.readings[0].answer == "wa", "the task's own end of an answer"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nothing", "bad_suite_task"),
        ("tools", "suite_needs"),
        ("lost", "suite_data"),
        ("colours,limit=no", "suite_option"),
    ],
)
def test_what_can_not_be_asked_is_said(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises((JobError, SetupError)) as found:
        ask(tmp_path, name)
    assert found.value.code == code
    assert found.value.fix


def test_a_file_by_itself_is_all_its_tasks(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(TASKS.partition("@tool")[0])
    opened = Inspect().open(SuiteRequest.parse(f"inspect:{tmp_path}/tasks.py,limit=2"))
    results = opened.ask(SuiteSitting("base", Speaker(), tmp_path, lambda *it: None))
    assert {result.task for result in results} == {"colours", "sizes", "drawn"}


def test_a_stop_is_no_fault_of_a_sample(tmp_path: Path) -> None:
    def stop(*_: int) -> None:
        raise Interrupted("Stopped.", code="stopped")

    with pytest.raises(Interrupted):
        ask(tmp_path, "colours", on_done=stop)


def test_a_missing_file_is_said_before_a_model_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="There is no file"):
        Inspect().open(SuiteRequest.parse(f"inspect:{tmp_path}/none.py@task"))
