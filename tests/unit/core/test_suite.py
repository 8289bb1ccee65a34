"""What is asked for with --suite, and what crosses into a worker and into a run folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.probe import Reading
from postgrad.core.suite import Measure, SuiteRequest, SuiteResult
from postgrad.errors import JobError

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_./-]{0,12}", fullmatch=True)
VALUES = st.one_of(st.integers(), st.booleans(), NAMES.filter(lambda it: it.lower() not in WORDS))
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


@given(st.lists(NAMES, min_size=1, unique=True), st.dictionaries(st.just("limit"), VALUES))
def test_says_what_was_asked(tasks: list[str], options: dict[str, object]) -> None:
    parts = [
        *tasks,
        *(f"{key}={json.dumps(value).strip(chr(34))}" for key, value in options.items()),
    ]
    request = SuiteRequest.parse("lm-eval:" + ",".join(parts))
    assert request == SuiteRequest("lm_eval", tuple(tasks), options)
    assert SuiteRequest.from_dict(json.loads(json.dumps(request.as_dict()))) == request


@pytest.mark.parametrize("text", ["", "lm-eval", "lm-eval:", "lm-eval:limit=3", ":piqa"])
def test_asking_for_nothing_is_refused(text: str) -> None:
    with pytest.raises(JobError, match="names no task") as found:
        SuiteRequest.parse(text)
    assert found.value.code == "invalid_suite"


def test_files_are_named_by_their_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tasks.py").write_text("")
    monkeypatch.chdir(tmp_path)
    request = SuiteRequest.parse("inspect:tasks.py,tasks.py@one,package/two").with_whole_paths()
    file = str(tmp_path.resolve() / "tasks.py")
    assert request.tasks == (file, f"{file}@one", "package/two")


def test_a_result_is_read_as_it_was_written() -> None:
    result = SuiteResult(
        suite="lm_eval",
        task="group/a b",
        harness="lm-eval 1",
        settings={"items": "all"},
        measures=(Measure("acc", "Right"), Measure("nll", "Surprise", False, "nats")),
        readings=(Reading("1", "a", {"acc": 1.0}),),
        clustered=True,
        notes=("one",),
    )
    assert SuiteResult.from_head(json.loads(json.dumps(result.head())), result.readings) == result
    assert result.name == "lm_eval.group_a_b"
