"""Tasks of lm-eval through our answerer: what it would say itself, and what is said of a task that
can't be asked."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from postgrad.core.interfaces import SuiteSitting
from postgrad.core.suite import SuiteRequest, SuiteResult
from postgrad.errors import JobError, SetupError
from postgrad.evals.suites.lm_eval import LmEval, _language_model
from suite_models import CONTEXT_TOKENS, answerer, llama, tokenizer

pytest.importorskip("lm_eval", reason="lm-eval is not installed: pip install 'postgrad[suites]'")

WORDS = ["the sky", " is", " blue", " green", "\n", "grass ", "a", "§", " loud"]

CHOICES = """
task: mini
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{q}}"
doc_to_choice: "{{choices}}"
doc_to_target: answer
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
  - {metric: f1}
metadata: {version: 1.0, cluster: passage}
"""
WRITTEN = """
task: written
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{q}}"
doc_to_target: "{{choices[answer]}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 6, do_sample: SAMPLE}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
metadata: {version: 1.0}
"""
ROLLING = """
task: rolling
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{q}}"
metric_list: [{metric: bits_per_byte}, {metric: word_perplexity}]
metadata: {version: 1.0}
"""


@pytest.fixture(autouse=True)
def beside(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows beside the descriptions, and datasets' own cache out of the user's sight."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path_factory.mktemp("hf")))
    rows = [
        {"q": "the sky is", "choices": ["blue", "loud"], "answer": 0, "passage": 1},
        {"q": "the grass is", "choices": ["loud", "green"], "answer": 1, "passage": 1},
        {"q": "the sky, again, is", "choices": ["a", "blue"], "answer": 1, "passage": 2},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def ask(file: Path, text: str, *, options: str = "", seed: int = 0) -> SuiteResult:
    file.write_text(text)
    opened = LmEval().open(SuiteRequest.parse(f"lm-eval:{file}{options}"))
    done: list[tuple[int, int]] = []
    sitting = SuiteSitting("base", answerer(seed), file.parent, lambda *it: done.append(it))
    [result] = opened.ask(sitting)
    assert done[-1][0] == done[-1][1]
    return result


def instances(kind: str, asked: list[tuple[Any, ...]]) -> list[Any]:
    from lm_eval.api.instance import Instance

    return [Instance(kind, {}, each, 0) for each in asked]


@pytest.fixture(scope="module")
def both() -> tuple[Any, Any]:
    """Our model of lm-eval, and lm-eval's own of the same weights."""
    from lm_eval.models.huggingface import HFLM

    ours = SuiteSitting("base", answerer(chats=False), Path(), lambda done, total: None)
    theirs = HFLM(
        pretrained=llama(),
        tokenizer=tokenizer(),
        backend="causal",
        batch_size=1,
        max_length=CONTEXT_TOKENS,
    )
    return _language_model(ours), theirs


def test_likelihoods_are_those_of_lm_eval(both: tuple[Any, Any]) -> None:
    draw = random.Random(0)

    def text(most: int) -> str:
        return "".join(draw.choices(WORDS, k=draw.randrange(1, most)))

    pairs = [(text(6), text(4)) for _ in range(30)]
    pairs += [("", "the sky is"), ("the sky is ", "blue"), ("a" * 60, " is blue")]
    ours, theirs = (model.loglikelihood(instances("loglikelihood", pairs)) for model in both)
    for pair, here, there in zip(pairs, ours, theirs, strict=True):
        assert here[0] == pytest.approx(there[0], abs=1e-3), pair
        assert here[1] == there[1], pair


def test_whole_texts_have_the_likelihood_of_lm_eval(both: tuple[Any, Any]) -> None:
    texts = [("the sky is blue",), ("a",), ("§ the grass\n",)]
    ours, theirs = (
        model.loglikelihood_rolling(instances("loglikelihood_rolling", texts)) for model in both
    )
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_texts_are_those_of_lm_eval(both: tuple[Any, Any]) -> None:
    asked = [
        (text, {"until": until, "max_gen_toks": most, "do_sample": False})
        for text, until, most in [
            ("the sky is", ["e"], 12),
            ("the grass", ["never"], 7),
            ("the grass", "a", 12),
            ("a" * 80, ["\n"], 12),
        ]
    ]
    ours, theirs = (model.generate_until(instances("generate_until", asked)) for model in both)
    assert ours == theirs


def test_items_of_a_file_are_read_one_by_one(tmp_path: Path) -> None:
    result = ask(tmp_path / "mini.yaml", CHOICES)
    assert (result.task, result.clustered, len(result.readings)) == ("mini", True, 3)
    assert [measure.name for measure in result.measures] == ["acc", "acc_norm"]
    assert any("f1" in note for note in result.notes), "what is left out is said"
    assert result.readings[0].detail["chance"] == 0.5
    assert result.readings[0].group == result.readings[1].group != result.readings[2].group
    for reading in result.readings:
        right = reading.detail["doc"]["choices"][reading.detail["doc"]["answer"]]
        assert reading.values["acc"] == float(reading.answer == right)
        assert "<|im_start|>" in reading.prompt, "a model with a chat template is asked with it"
    assert result.settings["chat template"].startswith("yes")


def test_options_are_kept_to(tmp_path: Path) -> None:
    result = ask(tmp_path / "mini.yaml", CHOICES, options=",limit=2,chat_template=false")
    assert len(result.readings) == 2
    assert "<|im_start|>" not in result.readings[0].prompt
    assert result.settings["items"] == "the first 2 of each task"


def test_written_answers_and_whole_texts(tmp_path: Path) -> None:
    written = ask(tmp_path / "written.yaml", WRITTEN.replace("SAMPLE", "false"))
    assert written.readings[0].answer
    assert "\n" not in written.readings[0].answer
    rolling = ask(tmp_path / "rolling.yaml", ROLLING, options=",chat_template=false")
    assert [(it.name, it.higher_is_better) for it in rolling.measures] == [("bits_per_byte", False)]
    assert all(reading.values["bits_per_byte"] > 0 for reading in rolling.readings)


def test_the_same_model_gives_the_same_again(tmp_path: Path) -> None:
    there, back = (ask(tmp_path / "mini.yaml", CHOICES) for _ in range(2))
    assert there == back


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("no_such.yaml", None, "unknown_suite_task"),
        ("mini.yaml,limit=0", CHOICES, "suite_option"),
        ("mini.yaml,shots=0", CHOICES, "suite_option"),
        ("mini.yaml", CHOICES.replace("rows.jsonl", "lost.jsonl"), "suite_data"),
        ("mini.yaml", CHOICES.replace("multiple_choice", "guess"), "bad_suite_task"),
    ],
)
def test_what_can_not_be_asked_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str | None, code: str
) -> None:
    from lm_eval import tasks

    manager = tasks.TaskManager  # lm-eval's own thousands of tasks are not at stake
    monkeypatch.setattr(tasks, "TaskManager", lambda **given: manager(include_defaults=False))
    if text is not None:
        (tmp_path / "mini.yaml").write_text(text)
    with pytest.raises((JobError, SetupError)) as found:
        LmEval().open(SuiteRequest.parse(f"lm-eval:{tmp_path}/{name}"))
    assert found.value.code == code
    assert found.value.fix


def test_drawn_answers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="draws its answers"):
        ask(tmp_path / "written.yaml", WRITTEN.replace("SAMPLE", "true"))
