"""A finished run: all that DESIGN.md section 4 promises is in its folder, and it can be used."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import peft
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from desk import Finished
from postgrad.core.events import Event
from postgrad.core.job import Job
from postgrad.core.job_file import parse_job, read_sources
from postgrad.core.report import Report
from postgrad.core.run import RunFolder
from postgrad.core.task import Task
from postgrad.engine.layout import Packed
from postgrad.engine.model import LanguageModel
from postgrad.evals.compare import compare, score_answers
from postgrad.evals.stored_answers import load_answers
from postgrad.methods.lora import Lora

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"


@pytest.fixture
def run(finished: Finished) -> RunFolder:
    return RunFolder(finished.folder)


@pytest.fixture
def report(run: RunFolder) -> Report:
    return Report.model_validate_json(run.report_json.read_text())


def test_the_folder_is_complete(run: RunFolder) -> None:
    names = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    for name in (
        "job.yaml",
        "environment.json",
        "events.jsonl",
        "data/train.jsonl",
        "data/valid.jsonl",
        "data/test.jsonl",
        "data/rejected.jsonl",
        "data/report.json",
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "answers/base.jsonl",
        "answers/tuned.jsonl",
        "report.json",
        "report.md",
        "report.html",
    ):
        assert name in names
    steps = sorted(path.name for path in run.checkpoints.iterdir())
    for step in steps:
        assert f"checkpoints/{step}/manifest.json" in names
        assert f"checkpoints/{step}/optimizer.safetensors" in names
        assert f"checkpoints/{step}/adapter/adapter_model.safetensors" in names
    assert 2 <= len(steps) <= 3
    leftovers = [name for name in names if "unfinished" in name or ".tmp" in name]
    assert not leftovers
    assert not [name for name in names if name.endswith((".pkl", ".bin", ".pt"))]


def test_the_report_is_by_its_schema(run: RunFolder, report: Report) -> None:
    jsonschema.validate(json.loads(run.report_json.read_text()), json.loads(SCHEMA.read_text()))
    assert report.verdict == "better"
    assert report.primary.metric == "label_match"
    assert report.primary.n == report.dataset.rows["test"] == 12
    assert report.training.steps == len(report.curves["train"].steps)
    assert report.training.epochs == 6
    assert report.training.stopped == "all epochs were done"
    assert not report.warnings
    sources = {setting.key: setting.source for setting in report.settings}
    assert sources["training.learning_rate"] == "yours"
    assert sources["training.clip_norm"] == "default"
    assert "nothing is cut" in sources["training.max_length"]


def test_the_job_file_is_complete(run: RunFolder, report: Report) -> None:
    text = run.job.read_text()
    job = Job.build(parse_job(text))
    assert Path(job.data.train).is_absolute()
    assert job.training.batch_size == 4
    assert job.objective.name == "instruction"
    derived = read_sources(text)
    settings = {setting.key: setting.source for setting in report.settings}
    assert derived == {k: v for k, v in settings.items() if v not in ("yours", "default")}


def test_the_events_tell_the_story(run: RunFolder) -> None:
    events = [Event.parse(line) for line in run.events.read_text().split("\n")[:-1]]
    stages = [event["name"] for event in events if event.kind == "stage"]
    assert stages == [
        "prepare",
        "load",
        "ask_base",
        "probe_base",
        "train",
        "ask_tuned",
        "probe_tuned",
        "probe_base",
        "report",
    ]
    steps = [event["step"] for event in events if event.kind == "step"]
    assert steps == list(range(1, len(steps) + 1))
    assert events[-1].kind == "result"
    assert {"plan", "sample", "validation", "checkpoint", "verdict"} <= {e.kind for e in events}


def test_the_command_to_reproduce_it_runs(finished: Finished, report: Report) -> None:
    [command] = report.reproduce
    _, *arguments = shlex.split(command)
    plan = ["plan", *arguments[1:], "--json"]
    again = json.loads(finished.desk.call(*plan))["job"]
    assert arguments[0] == "train"
    assert Job.build(parse_job(again)) == Job.build(
        parse_job((finished.folder / "job.yaml").read_text())
    )


def test_answers_can_be_scored_again(run: RunFolder, report: Report) -> None:
    secondary = tuple(metric.metric for metric in report.secondary if "rate" not in metric.metric)
    task = Task(report.task["kind"], report.task["primary"], secondary, "")
    sides = []
    for who in ("base", "tuned"):
        answers = load_answers(run, who)
        bare = [
            replace(answer, scores={"bits_per_byte": answer.scores["bits_per_byte"]})
            for answer in answers
        ]
        assert score_answers(bare, task) == answers
        sides.append(score_answers(bare, task))
    primary, _ = compare(*sides, task, resamples=200, seed=0)
    assert primary == report.primary


def test_the_adapter_loads_in_peft_with_identical_logits(
    finished: Finished, run: RunFolder
) -> None:
    named = json.loads((run.adapter / "adapter_config.json").read_text())
    base = named["base_model_name_or_path"]
    assert base == str(finished.desk.base)
    plain = AutoModelForCausalLM.from_pretrained(base)
    theirs = peft.PeftModel.from_pretrained(plain, run.adapter).eval()

    fast = LanguageModel(AutoModelForCausalLM.from_pretrained(base, attn_implementation="eager"))
    Lora().load(fast.model, run.adapter)
    tokens = torch.tensor(AutoTokenizer.from_pretrained(base)("red 7 green 11")["input_ids"])
    with torch.no_grad():
        wanted = theirs(input_ids=tokens[None]).logits[0]
        with theirs.disable_adapter():
            untuned = theirs(input_ids=tokens[None]).logits[0]
        hidden = fast.hidden(tokens, torch.arange(len(tokens)), Packed((len(tokens),)))
        ours = fast.head.logits(hidden)
    torch.testing.assert_close(ours, wanted, rtol=1e-5, atol=1e-5)
    assert (wanted - untuned).abs().max() > 0.1, "the adapter does nothing: the test is too weak"


def test_strict_is_content_with_a_better_model(finished: Finished) -> None:
    assert "BETTER" in finished.printed
    assert "Report: run/report.html" in finished.printed
    assert "postgrad chat run" in finished.printed


def test_report_shows_it_again(finished: Finished, run: RunFolder) -> None:
    page = run.report_html
    before = page.read_text()
    page.unlink()
    printed = finished.desk.call("report", "run")
    assert "BETTER" in printed
    assert page.read_text() == before
    shown = json.loads(finished.desk.call("report", "run", "--json"))
    assert shown == json.loads(run.report_json.read_text())


def test_eval_gives_the_same_answers(finished: Finished, report: Report, tmp_path: Path) -> None:
    copy = RunFolder(Path(shutil.copytree(finished.folder, tmp_path / "copy")))
    before = {who: copy.answers(who).read_bytes() for who in ("base", "tuned")}
    shown = json.loads(finished.desk.call("eval", copy.path, "--json", "--strict"))
    assert {who: copy.answers(who).read_bytes() for who in ("base", "tuned")} == before
    again = Report.model_validate(shown["report"])
    assert again.primary == report.primary
    assert again.training == report.training
    assert again.settings == report.settings
    assert again.looks == report.looks, "the same model again is no further look at the test"
    assert again.gates == report.gates


def test_chat_answers_and_ends_on_an_empty_line(finished: Finished) -> None:
    printed = finished.desk.call("chat", "run", typed="red 1\nblue 2\n\nnever asked\n")
    assert "you> warm\nyou> " in printed
    assert printed.count("you>") == 3


def test_chat_answers_programs_in_json(finished: Finished) -> None:
    process = finished.desk.start("chat", "run", "--json")
    out, _ = process.communicate("orange 101\n\nred 3\n", timeout=120)
    assert process.returncode == 0
    assert [json.loads(line) for line in out.splitlines()] == [{"answer": "warm"}]


def test_an_existing_run_is_never_overwritten(finished: Finished, run: RunFolder) -> None:
    before = run.events.read_bytes()
    said = finished.desk.call("train", "colours.jsonl", "--out", "run", code=1)
    assert "run already holds a run." in said
    assert "postgrad train run --resume" in said
    assert run.events.read_bytes() == before


def test_a_run_is_no_data_file(finished: Finished) -> None:
    said = finished.desk.call("train", "run", code=1)
    assert "postgrad train run --resume" in said
    assert "postgrad train run/job.yaml" in said


def test_resume_of_a_finished_run_gives_its_report(finished: Finished, run: RunFolder) -> None:
    before = run.events.read_bytes()
    shown = json.loads(finished.desk.call("train", "run", "--resume", "--json"))
    assert shown["report"] == json.loads(run.report_json.read_text())
    assert run.events.read_bytes() == before


def test_settings_can_not_change_in_a_run(finished: Finished) -> None:
    said = finished.desk.call(
        "train", "run", "--resume", "--set", "training.seed=3", "--json", code=1
    )
    assert json.loads(said)["error"]["what"] == "A run that goes on keeps its settings."
