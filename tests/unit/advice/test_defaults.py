"""Every open value of a job gets one, and says where it came from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.advice import defaults
from postgrad.core.job import Job, known_keys
from postgrad.core.task import Task

FACTS = defaults.Facts(
    format="openai_chat",
    objective="instruction",
    num_train_rows=300,
    longest_row_tokens=120,
    longest_answer_tokens=20,
    hidden_size=576,
    context_tokens=8192,
    device="cpu",
    num_cores=2,
    task=Task("label", "label_match", (), "The references are labels."),
)
MAY_STAY_NULL = {
    "backend.prices",
    "base.chat_template",
    "data.valid",
    "data.test",
    "evaluation.limit",
    "evaluation.probes",
    "judge.url",
    "judge.model",
    "judge.key_env",
    "judge.criteria",
    "judge.limit",
}


def values(job: Job) -> dict[str, object]:
    dumped = job.model_dump()
    return {key: dumped[key.partition(".")[0]][key.partition(".")[2]] for key in known_keys()}


def test_every_null_is_filled_and_named() -> None:
    job = Job.build({"data": {"train": "rows.jsonl"}})
    complete, sources = defaults.complete(job, FACTS)
    before, after = values(job), values(complete)
    assert {key for key, value in after.items() if value is None} == MAY_STAY_NULL
    assert set(sources) == {key for key in before if before[key] is None} - MAY_STAY_NULL
    assert all(sources.values())
    unchanged = {key: value for key, value in before.items() if value is not None}
    assert {key: after[key] for key in unchanged} == unchanged
    assert defaults.complete(complete, FACTS) == (complete, {})


def test_what_the_user_set_stays() -> None:
    given = {"training": {"epochs": 0.5, "learning_rate": 1e-5, "batch_size": 3, "max_length": 64}}
    job = Job.build({"data": {"train": "rows.jsonl"}, **given})
    complete, sources = defaults.complete(job, FACTS)
    assert complete.training.epochs == 0.5
    assert complete.training.learning_rate == 1e-5
    assert not {key for key in sources if key.startswith("training.")}


@given(st.integers(1, 100_000))
def test_epochs_follow_openais_rule(rows: int) -> None:
    count, why = defaults.epochs(rows)
    assert 1 <= count <= 25
    assert why
    if 34 <= rows <= 8333:
        assert count == 3
    if rows < 34:
        assert count == min(25, 100 // rows)
    if rows > 8333:
        assert count == max(1, 25_000 // rows)


def test_rates() -> None:
    full, _ = defaults.rate("full", 2000)
    lora, why = defaults.rate("lora", 2000)
    assert (full, lora) == (5e-5, 5e-4)
    assert "2000" in why
    sizes = [32, 576, 2048, 8192]
    rates = [defaults.rate("lora", size)[0] for size in sizes]
    assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("longest", "context", "expected", "said"),
    [
        (120, 8192, 120, "nothing is cut"),
        (3, 8192, 8, "nothing is cut"),
        (5000, 8192, 2048, "the default limit"),
        (5000, 1024, 1024, "the base model's context"),
    ],
)
def test_longest_row(longest: int, context: int, expected: int, said: str) -> None:
    facts = replace(FACTS, longest_row_tokens=longest, context_tokens=context)
    complete, sources = defaults.complete(Job.build({"data": {"train": "x"}}), facts)
    assert complete.training.max_length == expected
    assert said in sources["training.max_length"]


def test_answers_have_room() -> None:
    job = Job.build({"data": {"train": "x"}})
    for longest, expected in ((1, 2), (20, 26), (10_000, 512)):
        facts = replace(FACTS, longest_answer_tokens=longest)
        assert defaults.complete(job, facts)[0].evaluation.max_new_tokens == expected
