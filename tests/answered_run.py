"""A finished run without a model: a folder with a job, both models' answers and a report. For tests
of what is made of answers; and a judge that a test plays itself, behind a URL of this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from postgrad.core.job import Job
from postgrad.core.job_file import write_job
from postgrad.core.records import Chat, Message
from postgrad.core.report import BaseSummary, DatasetSummary, Report, TrainingSummary
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer, Task
from postgrad.data.dataset import Dataset, freeze
from postgrad.data.files import Example
from postgrad.evals import verdict
from postgrad.evals.compare import compare, score_answers
from postgrad.reports import write_report

Row = tuple[str, str, str, str]
"""Question, wanted answer, the base's answer, the tuned model's."""

TASK = Task("prose", "exact_match", ("token_f1",), "The answers are one-line texts.")


def answered_run(folder: Path, rows: list[Row], **changes: object) -> RunFolder:
    """Write the run."""
    values = {"data.train": "rows.jsonl", "backend.name": "here", "evaluation.resamples": 200}
    values |= {key.replace("__", "."): value for key, value in changes.items()}
    job = Job.build({"data": {"train": ""}}).replace(values)
    run = RunFolder(folder)
    (folder / "answers").mkdir(parents=True)
    run.job.write_text(write_job(job, {}))
    run.events.write_text("")
    freeze(_dataset(rows), run)
    sides: dict[str, list[Answer]] = {}
    for place, who in ((2, "base"), (3, "tuned")):
        given = [
            Answer(f"rows.jsonl:{number}", asked(row[0]), row[1], row[place], "stop")
            for number, row in enumerate(rows, start=1)
        ]
        sides[who] = score_answers(given, TASK)
        lines = [json.dumps(each.as_dict()) + "\n" for each in sides[who]]
        run.answers(who).write_text("".join(lines))
    primary, secondary = compare(sides["base"], sides["tuned"], TASK, resamples=200, seed=0)
    decided = verdict.decide(primary, 0.05)
    ship, reasons = verdict.ship(decided, {})
    report = Report(
        verdict=decided,
        headline=verdict.headline(decided, primary, TASK),
        ship=ship,
        reasons=reasons,
        primary=primary,
        secondary=secondary,
        gates={},
        task={"kind": TASK.kind, "primary": TASK.primary, "why": TASK.why},
        training=TrainingSummary(
            steps=1,
            epochs=1,
            tokens=1,
            supervised_tokens=1,
            tokens_per_second=1,
            seconds=1,
            peak_memory_bytes=1,
            final_train_loss=1,
            best_valid_loss=None,
            best_step=1,
            trainable_parameters=1,
            stopped="all epochs were done",
        ),
        curves={},
        base=BaseSummary(model="tiny", sha256="", parameters=1),
        dataset=DatasetSummary(
            file="rows.jsonl",
            format="openai_chat",
            sha256="",
            rows={"test": len(rows)},
            tokens={},
            supervised_tokens={},
        ),
        examples=[],
        settings=[],
        environment={},
        reproduce=[],
        job_sha256="",
        created="2026-01-01T00:00:00Z",
    )
    write_report(report, run)
    return run


def _dataset(rows: list[Row]) -> Dataset:
    """The questions as test rows; nothing else is looked at."""
    test: list[Example] = []
    for number, row in enumerate(rows, start=1):
        turns = [*asked(row[0]), {"role": "assistant", "content": row[1]}]
        record = Chat(tuple(Message(turn["role"], turn["content"]) for turn in turns))
        test.append(Example(f"rows.jsonl:{number}", number, record))
    return Dataset((), (), tuple(test), (), "openai_chat", "", "rows.jsonl", ())


def asked(question: str) -> tuple[Mapping[str, Any], ...]:
    return ({"role": "system", "content": "Be kind."}, {"role": "user", "content": question})


def rows(count: int, base: str = "bad", tuned: str = "good") -> list[Row]:
    """Questions whose tuned answers are better, or worse, or the same; never exactly right."""
    return [(f"Question {i}?", f"wanted {i}", f"{base} {i}", f"{tuned} {i}") for i in range(count)]


Answers = Callable[[str, str], Any]
"""From A and B to a reply's text, or to a status, or to (status, headers, body)."""


class Played:
    """A judge that a test plays: what it was sent, and what it says."""

    def __init__(self, says: Answers) -> None:
        self.says = says
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        self.url = ""
        self.sleeps = 0.0

    def reply(self, body: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, Any, bytes]:
        """Status, further headers and body of the reply to a request."""
        self.requests.append(body)
        self.headers.append(headers)
        time.sleep(self.sleeps)
        text = body["messages"][1]["content"]
        a, b = (text.partition(f"[answer {name} ")[2].split("\n")[1] for name in "AB")
        said = self.says(a, b)
        if isinstance(said, tuple):
            return said
        if isinstance(said, int):
            return said, {}, b'{"error": {"message": "no, with Bearer secret-key"}}'
        held = {"model": "played-1", "choices": [{"message": {"content": said}}]}
        return 200, {}, json.dumps(held).encode()


@contextmanager
def played(says: Answers) -> Iterator[Played]:
    """A judge behind a URL for as long as the block runs."""
    it = Played(says)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, content = it.reply(body, dict(self.headers))
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # whoever asked did not wait

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        server.server_close()


def better(a: str, b: str) -> str:
    """An unbiased judge: good is better than bad, whatever its place."""
    if ("good" in a) == ("good" in b):
        return "Both are the same.\nVERDICT: TIE"
    return f"One is good.\nVERDICT: {'A' if 'good' in a else 'B'}"
