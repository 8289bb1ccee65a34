"""The task and its metric, read from references; on real sets where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postgrad.core.task import Task
from postgrad.errors import JobError
from postgrad.evals.choose import choose_task

DATA = Path(__file__).parents[4] / "shared" / "data"
LONG = [
    "It is a condition of the skin that " + f"spreads slowly over {i} years. " * 8 for i in range(9)
]


def chosen(references: list[str], wanted: str | None = None) -> Task:
    return choose_task(references, ["question"] * len(references), wanted)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(
    ("name", "kind", "primary"),
    [
        ("nlu_snips", "json", "json_exact"),
        ("support_multidogo", "json", "json_exact"),
        ("support_banking77", "label", "label_match"),
        ("legal_overruling", "label", "label_match"),
        ("legal_unfair_tos", "label", "label_match"),
        ("medical_pubmedqa", "label", "label_match"),
        ("medical_medquad", "prose", "rouge_l"),
        ("math_gsm8k", "prose", "rouge_l"),
        ("code_mbpp", "prose", "rouge_l"),
        ("code_wikisql", "prose", "token_f1"),
    ],
)
def test_real_sets(name: str, split: str, kind: str, primary: str) -> None:
    file = DATA / name / f"{split}.jsonl"
    if not file.exists():
        pytest.skip(f"{file} is not on this machine")
    rows = [json.loads(line)["messages"] for line in file.read_text("utf-8").splitlines()]
    task = choose_task(
        [row[-1]["content"] for row in rows], [row[-2]["content"] for row in rows], None
    )
    assert (task.kind, task.primary) == (kind, primary)
    assert task.why.endswith(".")


def test_json_with_a_prose_field() -> None:
    replies = [f"Your table number {i} is ready, see you soon." for i in range(20)]
    task = chosen([json.dumps({"intent": "book", "reply": reply}) for reply in replies])
    assert (task.kind, task.primary) == ("json", "json_field_f1")
    assert task.secondary == ("json_exact", "json_valid", "bits_per_byte")
    assert "`reply`" in task.why


def test_json_with_a_long_but_repeated_field_has_no_prose() -> None:
    replies = ["Your table is ready, see you soon."] * 20
    assert chosen([json.dumps({"reply": reply}) for reply in replies]).primary == "json_exact"


def test_labels_are_listed_as_mostly_written() -> None:
    task = chosen(["No"] * 5 + ["Yes"] * 6 + ["yes", "yes."])
    assert task.labels == ("Yes", "No")
    assert task.secondary == ("macro_f1", "bits_per_byte")


def test_one_bad_row_in_a_hundred_does_not_change_the_task() -> None:
    assert chosen(['{"a": 1}'] * 99 + ["oops"]).kind == "json"
    assert "99 of 100" in chosen(['{"a": 1}'] * 99 + ["oops"]).why
    labels = ["Yes", "No"] * 50
    assert chosen([*labels, "I would rather not say anything about this here"]).kind == "label"
    assert chosen(['{"a": 1}'] * 9 + ["oops"]).kind != "json"


def test_free_answers_are_prose() -> None:
    short = [f"name {i} of the river" for i in range(10)]
    assert chosen(short).primary == "token_f1"
    assert chosen(LONG).primary == "rouge_l"
    assert chosen([f"def f{i}(x):\n    return x" for i in range(10)]).primary == "rouge_l"
    assert chosen(short).secondary == ("exact_match", "chrf", "rouge_l", "bits_per_byte")
    assert (
        chosen(["我想订一张今天晚上八点的桌子靠窗" * 3 + str(i) for i in range(5)]).primary
        == "rouge_l"
    )


@pytest.mark.parametrize("prompts", [[], ["", " "]])
def test_texts_without_a_question(prompts: list[str]) -> None:
    task = choose_task(LONG[:2], prompts, None)
    assert (task.kind, task.primary, task.secondary) == ("text", "bits_per_byte", ())
    with pytest.raises(JobError, match="rouge_l"):
        choose_task(LONG[:2], prompts, "rouge_l")


def test_the_users_choice_decides() -> None:
    task = chosen(["Yes", "No"] * 9, "macro_f1")
    assert (task.primary, task.secondary) == ("macro_f1", ("label_match", "bits_per_byte"))
    assert "evaluation.primary" in task.why
    assert chosen(LONG, "bits_per_byte").primary == "bits_per_byte"
    assert chosen(LONG, "rouge_l") == chosen(LONG)


@pytest.mark.parametrize(
    ("wanted", "code", "fix"),
    [
        ("rouge-l", "unknown_metric", "Did you mean rouge_l"),
        ("accuracy_of_everything", "unknown_metric", "exact_match"),
        ("json_exact", "unfit_metric", "rouge_l"),
        ("macro_f1", "unfit_metric", "rouge_l"),
    ],
)
def test_a_choice_that_can_not_decide(wanted: str, code: str, fix: str) -> None:
    with pytest.raises(JobError) as caught:
        chosen(LONG, wanted)
    assert caught.value.code == code
    assert fix in caught.value.fix


def test_nothing_to_test_on() -> None:
    with pytest.raises(JobError) as caught:
        chosen([])
    assert caught.value.code == "no_test_rows"


def test_a_single_row() -> None:
    assert chosen(["Yes"]).kind == "prose"
    assert chosen(['{"a": 1}']).kind == "json"
