"""Every kind of data and method trains, and what is wrong is told before anything is spent."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

import postgrad
from desk import Desk, chat, questions, write_chats
from postgrad import verbs
from postgrad.core.run import RunFolder
from postgrad.errors import DataError, JobError, RunError, SetupError


def test_csv(train_here, tmp_path: Path) -> None:
    data = tmp_path / "colours.csv"
    with data.open("w", newline="") as file:
        csv.writer(file).writerows([("prompt", "completion"), *questions(60)])
    report = train_here(data, "run").report
    assert report.dataset.format == "prompt_completion"
    assert report.verdict == "better"


def test_alpaca(train_here, tmp_path: Path) -> None:
    rows = [{"instruction": "Name it.", "input": q, "output": a} for q, a in questions(60)]
    data = tmp_path / "alpaca.json"
    data.write_text(json.dumps(rows))
    report = train_here(data, "run", training__max_length=60).report
    assert report.dataset.format == "alpaca"
    assert report.primary.metric == "label_match"


def test_text(train_here, tmp_path: Path) -> None:
    data = tmp_path / "texts.jsonl"
    texts = [f"Once {q} was {a}." for q, a in questions(60)]
    data.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    run = train_here(data, "run")
    report = run.report
    assert report.primary.metric == "bits_per_byte"
    assert report.verdict == "better"
    assert report.primary.tuned < report.primary.base
    assert {s.key: s.value for s in report.settings}["objective.name"] == "next_token"
    assert {example.reference for example in report.examples} <= set(texts)
    assert [example.change for example in report.examples] == ["up"] * report.primary.n
    assert report.examples[0].reference in (run.folder / "report.html").read_text()
    assert postgrad.evaluate(run.folder).report.primary == report.primary


def test_full(train_here, tmp_path: Path, base: Path) -> None:
    """The weights are a model by themselves: transformers loads them, and so do we."""
    data = write_chats(tmp_path / "colours.jsonl")
    run = train_here(data, "run", method__name="full")
    assert run.report.verdict == "better"
    weights = RunFolder(run.folder).weights
    tokenizer = AutoTokenizer.from_pretrained(weights)
    model = AutoModelForCausalLM.from_pretrained(weights)
    assert run.report.training.trainable_parameters == model.num_parameters()
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "blue 77"}], add_generation_prompt=True, return_tensors="pt"
    )
    written = model.generate(**prompt, max_new_tokens=8, do_sample=False)
    answer = tokenizer.decode(written[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    assert answer == "cold"
    again = postgrad.evaluate(run.folder).report
    assert again.primary == run.report.primary
    assert again.training == run.report.training
    (run.folder / "report.json").unlink()
    anew = postgrad.evaluate(run.folder).report
    assert anew.training.trainable_parameters == model.num_parameters()
    # and a specialist can be the base of the next one
    second = train_here(data, "second", base__model=str(weights), base__chat_template=None)
    assert second.report.primary.base == run.report.primary.tuned


def test_own_files_and_a_limit(train_here, tmp_path: Path) -> None:
    data = write_chats(tmp_path / "train.jsonl", 40)
    for name, start in (("valid", 100), ("test", 200)):
        rows = [chat(f"{q.split()[0]} {start + i}", a) for i, (q, a) in enumerate(questions(9))]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = {f"data.{name}": str(tmp_path / f"{name}.jsonl") for name in ("valid", "test")}
    run = train_here(data, "run", **files, evaluation__limit=7)
    assert run.report.dataset.rows == {"train": 40, "valid": 9, "test": 9, "rejected": 0}
    assert run.report.primary.n == 7
    assert len((run.folder / "answers" / "tuned.jsonl").read_text().splitlines()) == 7


def test_signs_that_split_lines(train_here, tmp_path: Path) -> None:
    """U+2028 and its like end a line for Python, but not in JSON."""
    data = tmp_path / "odd.jsonl"
    rows = [chat(f"{q}\u2028 \x85 \x0b?", f"{a}\u2029!") for q, a in questions(40)]
    data.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    run = RunFolder(train_here(data, "run").folder)
    assert "\u2028" in run.answers("base").read_text()
    run.report_json.unlink()
    assert postgrad.resume(run.path).report.primary.n == 8
    assert verbs.system_message(run.path) is None


def test_no_validation_rows(train_here, tmp_path: Path) -> None:
    data = write_chats(tmp_path / "colours.jsonl")
    run = train_here(data, "run", data__valid_share=0, training__checkpoint_seconds=1e9)
    assert run.report.training.best_valid_loss is None
    again = postgrad.evaluate(run.folder).report
    assert again.training == run.report.training
    (run.folder / "report.json").unlink()
    anew = postgrad.evaluate(run.folder).report
    assert anew.training.steps == run.report.training.steps


def test_relative_paths_in_a_job_file(train_here, tmp_path: Path, base: Path, monkeypatch) -> None:
    """They are as seen from the file, wherever the command is given."""
    place = tmp_path / "project"
    place.mkdir()
    write_chats(place / "colours.jsonl")
    (place / "models").mkdir()
    (place / "models" / "mine").symlink_to(base)
    (place / "job.yaml").write_text("data:\n  train: colours.jsonl\nbase:\n  model: models/mine\n")
    monkeypatch.chdir(tmp_path)
    job = verbs.load_job("project/job.yaml")
    assert job.data.train == str(place / "colours.jsonl")
    assert Path(job.base.model) == base
    run = train_here("project/job.yaml", "run", base__model=job.base.model)
    assert run.report.dataset.file == str(place / "colours.jsonl")


def test_relative_paths_elsewhere(tmp_path: Path, base: Path, monkeypatch) -> None:
    """In a call they are as seen from the current folder, and the run keeps them whole."""
    monkeypatch.chdir(tmp_path)
    for source in ("rows.jsonl", {"data": {"train": "rows.jsonl"}}):
        changes = {"base.model": "./tiny", "data.test": "~/test.jsonl"}
        job = verbs.load_job(source, changes)
        assert job.data.train == str(tmp_path / "rows.jsonl")
        assert job.base.model == str(tmp_path / "tiny")
        assert job.data.test == str(Path.home() / "test.jsonl")
    assert verbs.load_job("x", {"base.model": "hf:a/b"}).base.model == "hf:a/b"
    assert verbs.load_job("x").base.model == "smollm2-135m"


def test_what_blocks_training_can_be_allowed(train_here, tmp_path: Path) -> None:
    data = write_chats(tmp_path / "colours.jsonl")
    with data.open("a") as file:
        file.write(json.dumps(chat("red 800", "warm, to DE89 3704 0044 0532 0130 00")) + "\n")
    with pytest.raises(
        DataError, match=r"personal_iban: 1 row \(colours.jsonl line 61\)"
    ) as caught:
        train_here(data, "run")
    assert caught.value.code == "blocking_findings"
    assert "--set data.allow=personal_iban" in caught.value.fix
    assert f"postgrad data clean {data} -o" in caught.value.fix
    with pytest.raises(DataError) as caught:  # another finding is allowed
        train_here(data, "run", data__allow=["personal_card"])
    assert "colours-clean.jsonl --only personal_iban\n" in caught.value.fix
    with pytest.raises(JobError, match="no finding named 'personal_ibna'") as slip:
        train_here(data, "run", data__allow=["personal_ibna"])
    assert slip.value.code == "unknown_finding"
    assert slip.value.fix == "Did you mean personal_iban?"
    assert not (tmp_path / "run").exists()
    run = train_here(data, "run", data__allow=["personal_iban"], training__epochs=1)
    findings = [found.code for found in run.report.dataset.findings]
    assert "personal_iban" in findings


def test_what_is_wrong_leaves_nothing_behind(train_here, tmp_path: Path) -> None:
    write_chats(tmp_path / "colours.jsonl")
    with pytest.raises(DataError, match="There is no file") as caught:
        train_here(tmp_path / "colors.jsonl", "run")
    assert "colours.jsonl" in caught.value.fix
    with pytest.raises(DataError, match="9 usable rows"):
        train_here(write_chats(tmp_path / "few.jsonl", 9), "run")
    with pytest.raises(JobError, match="no metric named"):
        train_here(tmp_path / "colours.jsonl", "run", evaluation__primary="accurracy")
    with pytest.raises(JobError, match=r"Unknown key 'trainng\.epochs'"):
        train_here(tmp_path / "colours.jsonl", "run", trainng__epochs=3)
    with pytest.raises(JobError, match=r"training\.seed can't be -1"):
        train_here(tmp_path / "colours.jsonl", "run", training__seed=-1)
    assert not (tmp_path / "run").exists()


def test_a_folder_with_something_in_it_is_refused(train_here, tmp_path: Path) -> None:
    """`--out .` beside data/train.jsonl would write over the user's own file."""
    (tmp_path / "data").mkdir()
    data = write_chats(tmp_path / "data" / "train.jsonl")
    before = data.read_bytes()
    with pytest.raises(RunError, match="is not an empty folder"):
        train_here(data, ".")
    assert data.read_bytes() == before
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is not an empty folder"):
        train_here(data, "file")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that nobody can write")
def test_a_place_that_can_not_be_written(desk: Desk) -> None:
    said = desk.call("train", "colours.jsonl", "--out", "/proc/run", code=1)
    assert "/proc/run can't be written" in said
    with pytest.raises(SetupError):
        postgrad.train(desk.folder / "colours.jsonl", out="/proc/run")


# --- through the command line ---


def test_a_plan_is_a_job_that_trains(desk: Desk) -> None:
    """plan -o writes the complete file; trained, it is not better after one step: --strict."""
    options = desk.train_options(training__epochs=0.05)
    plan = json.loads(desk.call("plan", "colours.jsonl", *options, "-o", "job.yaml", "--json"))
    assert plan["estimate"]["steps"] == 1
    text = (desk.folder / "job.yaml").read_text()
    assert text == plan["job"]
    assert "null" not in text.split("evaluation:")[0].split("training:")[1]
    printed = desk.call("train", "job.yaml", "--strict", "--json", code=3)
    found = json.loads(printed)  # nothing but JSON on the screen
    assert found["run"] == "runs/colours-1"
    assert found["report"]["verdict"] == "no_proof"
    assert (desk.folder / "runs" / "colours-1" / "report.html").exists()


def test_what_is_cut_or_left_out_is_said_before_training(desk: Desk) -> None:
    data = desk.folder / "colours.jsonl"
    with data.open("a") as file:
        file.write("no JSON\n" + json.dumps(chat("red 700", "warm " * 30)) + "\n")
    write_chats(desk.folder / "test.jsonl", 2)
    options = desk.train_options(training__max_length=40, data__test="test.jsonl")
    said = desk.call("plan", "colours.jsonl", *options)
    assert "colours.jsonl: 1 row rejected (1 invalid_json)." in said
    assert "colours.jsonl: 2 rows left out, because what they ask is in test too." in said
    assert "Cut to the length limit: 1\xa0training row;" in said
    assert "--set training.max_length=" in said


def test_mistakes_on_the_command_line(desk: Desk) -> None:
    said = desk.call("train", "colours.jsonl", "--set", "training.epoch=3", code=1)
    assert "Did you mean training.epochs?" in said
    said = desk.call("train", "colors.jsonl", *desk.train_options(), code=1)
    assert "Did you mean" in said
    assert "colours.jsonl?" in said
    said = desk.call("train", "nowhere", "--resume", code=1)
    assert "There is no such folder." in said
    assert not (desk.folder / "runs" / "colors-1").exists()
    said = desk.call("train", "job.yaml", code=1)
    assert "job.yaml can't be read" in said
    assert "Traceback" not in said


def test_data_check(desk: Desk) -> None:
    with (desk.folder / "colours.jsonl").open("a") as file:
        file.write("no JSON\n")
    options = desk.train_options()[:4]
    printed = desk.call("data", "check", "colours.jsonl", *options)
    assert "line 61: invalid_json" in printed
    assert "warm" in printed
    assert f"{shlex.join(options)} --html check.html" in printed  # as it was asked


def test_data_clean_and_restore(desk: Desk) -> None:
    data = desk.folder / "colours.jsonl"
    with data.open("a") as file:
        file.write("no JSON\n")
    original = data.read_bytes()
    printed = desk.call("data", "clean", "colours.jsonl", "-o", "clean.jsonl")
    assert "rows: 1 left out, 0 changed, 60 as they were." in printed
    assert (desk.folder / "clean.jsonl").read_bytes() == original.removesuffix(b"no JSON\n")
    data.unlink()
    assert "the same bytes" in desk.call("data", "restore", "clean.jsonl")
    assert data.read_bytes() == original
