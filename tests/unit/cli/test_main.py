"""What a command says and how it ends when something is wrong: for people, and for programs."""

from __future__ import annotations

import json
import sys

import click
import pytest
from click.shell_completion import BashComplete

from postgrad import verbs
from postgrad.cli.main import cli, main
from postgrad.errors import InternalError, Interrupted, JobError, SetupError


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["postgrad", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (JobError("No.", why="Because.", fix="Do."), 1, "invalid_job"),
        (SetupError("No disk.", code="disk"), 1, "disk"),
        (Interrupted("Stopped; saved.", fix="Go on with: x"), 1, "interrupted"),
        (KeyboardInterrupt(), 1, "stopped"),
        (click.Abort(), 1, "stopped"),
        (InternalError("Ours."), 2, "internal_error"),
        (ZeroDivisionError("by zero"), 2, "unexpected"),
    ],
)
def test_every_error_has_its_exit_code_and_is_json_for_programs(
    error: BaseException,
    code: int,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(verbs, "report", fail)
    assert ended(monkeypatch, "report", "run") == code
    shown = capsys.readouterr()
    assert shown.out == ""
    for text in filter(None, str(error).split("\n")):
        assert text in shown.err
    assert ("Traceback" in shown.err) == (name == "unexpected")

    assert ended(monkeypatch, "report", "run", "--json") == code
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["code"] == name
    assert set(told) == {"type", "code", "what", "why", "fix"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bogus",), "No such command 'bogus'"),
        (("tran",), "Did you mean 'train'?"),
        (("report", "run", "--opne"), "--open"),
        (("train",), "Missing argument 'FILE|JOB|RUN'"),
        (("train", "x", "--set"), "requires an argument"),
    ],
)
def test_a_slip_of_the_keyboard(
    arguments: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended(monkeypatch, *arguments) == 1
    assert said in capsys.readouterr().err
    first, *rest = arguments
    assert ended(monkeypatch, first, "--json", *rest) == 1
    told = json.loads(capsys.readouterr().out)["error"]
    assert said in told["what"]
    assert told["code"] == "usage"
    assert told["fix"].endswith("--help")


def test_the_list_of_commands_is_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal of 80 columns no line ends in the middle of its sentence."""
    monkeypatch.setenv("COLUMNS", "80")
    assert ended(monkeypatch, "--help") == 0
    shown = capsys.readouterr().out
    assert shown.index("demo") < shown.index("train") < shown.index("doctor")
    assert "..." not in shown.replace("[ARGS]...", "")


@pytest.mark.parametrize(
    ("typed", "begun", "offered"),
    [
        ([], "re", ["review", "report"]),
        (["data"], "c", ["check", "clean", "collect"]),
        (["train"], "--re", ["--resume"]),
        (["data", "restore"], "--o", ["--output"]),
    ],
)
def test_the_shell_completes_commands_and_options(
    typed: list[str], begun: str, offered: list[str]
) -> None:
    shell = BashComplete(cli, {}, "postgrad", "_POSTGRAD_COMPLETE")
    assert [item.value for item in shell.get_completions(typed, begun)] == offered
