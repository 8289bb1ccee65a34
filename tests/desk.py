"""A place from which the command line is called, with data that a tiny model learns in a second."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from postgrad.cli.main import main

COLOURS = {"red": "warm", "blue": "cold", "orange": "warm", "green": "cold"}
SETTINGS = {
    "base.chat_template": "plain",
    "training.learning_rate": 0.01,
    "training.epochs": 6,
    "training.batch_size": 4,
    "training.patience": 0,
    "training.checkpoint_seconds": 0.2,
    "backend.threads": 1,
    "evaluation.resamples": 200,
    "evaluation.effort": "none",
}
"""Enough to learn the four colours, with many checkpoints; what lies beside the test is asked where
a test is about that."""


def questions(count: int) -> list[tuple[str, str]]:
    names = list(COLOURS)
    return [(f"{names[i % 4]} {i}", COLOURS[names[i % 4]]) for i in range(count)]


def write_chats(path: Path, count: int = 60) -> Path:
    path.write_text("".join(json.dumps(chat(*pair)) + "\n" for pair in questions(count)))
    return path


def chat(question: str, answer: str) -> dict[str, list[dict[str, str]]]:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": turns}


@dataclass(frozen=True)
class Desk:
    """A folder with a cache, from which the command line is called."""

    folder: Path
    base: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "POSTGRAD_CACHE": str(self.folder / "cache"), "COLUMNS": "200"}

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "postgrad", *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments: object, code: int = 0, typed: str = "") -> str:
        """Run a command to its end; what it printed on both streams."""
        process = self.start(*arguments)
        out, err = process.communicate(typed, timeout=120)
        assert process.returncode == code, f"exit code {process.returncode}\n{out}\n{err}"
        return out if not err else out + err

    def call_here(self, *arguments: object, code: int = 0) -> str:
        """`call` in this very process, where neither its start nor its end is what is tested."""
        printed = io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment),
            mock.patch.object(sys, "argv", ["postgrad", *map(str, arguments)]),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            try:
                main()
            except SystemExit as end:
                assert (end.code or 0) == code, f"exit code {end.code}\n{printed.getvalue()}"
        return printed.getvalue()

    def train_options(self, **changes: object) -> list[str]:
        values = SETTINGS | {key.replace("__", "."): value for key, value in changes.items()}
        return [
            "--base",
            str(self.base),
            *(part for key, value in values.items() for part in ("--set", f"{key}={value}")),
        ]


@dataclass(frozen=True)
class Finished:
    """A run that the command line made; not to be changed."""

    desk: Desk
    folder: Path
    printed: str
