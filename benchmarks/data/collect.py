"""Whether `postgrad data collect` keeps memory flat: each kind of source at two sizes.

    python benchmarks/data/collect.py [--only mailbox] [--times 8]

Writes documents, code, a mailbox and a helpdesk table into a folder of its own, once as they are
and once so many times as large, and collects each in a process of its own. Memory is the largest
resident set of the process that reads (Linux), and seconds are its processor's, which other work on
the machine changes little.
"""

from __future__ import annotations

import argparse
import csv
import json
import mailbox
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from postgrad import verbs

WORDS = (
    *("harbour", "ferry", "parcel", "invoice", "winter", "ticket", "bridge", "oven", "garden"),
    *("letter", "doctor", "engine", "window", "receipt", "station", "island", "teacher", "stone"),
    *("bicycle", "weather", "lantern", "market", "pepper", "river", "button"),
)
DOMAIN = "acme.example"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", choices=SOURCES, action="append")
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--one", nargs=2, metavar=("SOURCE", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        act(*options.one)
        return
    with tempfile.TemporaryDirectory() as scratch:
        for kind in options.only or SOURCES:
            small, large = (measure(kind, n, Path(scratch)) for n in (1, options.times))
            print(
                f"{kind:<10} {options.times} times as much takes {large / small:.2f} times the "
                "memory",
                flush=True,
            )


def measure(kind: str, times: int, scratch: Path) -> float:
    """Collect one source, print what it took; its megabytes of memory."""
    folder = scratch / f"{kind}-{times}"
    folder.mkdir()
    source = SOURCES[kind](folder, times, random.Random(0))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    out = scratch / f"{kind}-{times}.jsonl"
    command = [sys.executable, __file__, "--one", f"{kind}:{source}", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    print(
        f"{kind:<10} {size:7.1f} MB {found['rows']:>8,} rows {found['seconds']:7.1f} s "
        f"{found['megabytes']:7.0f} MB of memory",
        flush=True,
    )
    return found["megabytes"]


def act(source: str, out: str) -> None:
    """What a user's command does; prints the rows, and the memory of the process that reads."""
    found = verbs.collect(source, out, changes={"house": DOMAIN})
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    told = {"rows": found["rows"], "megabytes": used.ru_maxrss / 1024, "seconds": seconds}
    print(json.dumps(told))


def prose(draw: random.Random, words: int) -> str:
    """Made-up sentences."""
    some = draw.choices(WORDS, k=words)
    return " ".join(" ".join(some[at : at + 9]).capitalize() + "." for at in range(0, words, 9))


def documents(folder: Path, times: int, draw: random.Random) -> Path:
    """A handbook of Markdown pages, 20 kB each."""
    for number in range(150 * times):
        sections = (f"## Section {n}\n\n{prose(draw, 280)}\n" for n in range(10))
        (folder / f"page-{number}.md").write_text(f"# Page {number}\n\n" + "\n".join(sections))
    return folder


def code(folder: Path, times: int, draw: random.Random) -> Path:
    """Python files of documented functions, each with a test."""
    (folder / "pyproject.toml").write_text('[project]\nname = "made_up"\nlicense = "MIT"\n')
    for number in range(100 * times):
        functions, tests = [], [f"from m{number} import *\n"]
        for n in range(20):
            name = f"{draw.choice(WORDS)}_{number}_{n}"
            body = "\n".join(f"    value = value * {k} + {n}" for k in range(2, 14))
            doc = f'    """{prose(draw, 18)}"""'
            functions.append(f"def {name}(value: int) -> int:\n{doc}\n{body}\n    return value\n")
            tests.append(f"def test_{name}():\n    assert {name}({n}) == {name}({n})\n")
        (folder / f"m{number}.py").write_text("\n\n".join(functions))
        (folder / f"test_m{number}.py").write_text("\n\n".join(tests))
    return folder


def mails(folder: Path, times: int, draw: random.Random) -> Path:
    """An mbox of threads: a question, an answer, thanks."""
    path = folder / "support.mbox"
    box = mailbox.mbox(path)
    for number in range(700 * times):
        references = ""
        for turn, sender in enumerate(("ana@home.example", f"help@{DOMAIN}", "ana@home.example")):
            mail = EmailMessage()
            mail["From"], mail["To"] = sender, f"help@{DOMAIN}"
            mail["Subject"] = f"About {WORDS[number % len(WORDS)]} {number}"
            mail["Date"] = f"Mon, 03 Feb 2025 10:{turn:02}:00 +0000"
            mail["Message-ID"] = f"<{number}-{turn}@{DOMAIN}>"
            if references:
                mail["References"] = references
            references = f"{references} <{number}-{turn}@{DOMAIN}>".strip()
            mail.set_content(prose(draw, 200))
            box.add(mail)
    box.close()
    return path


def tickets(folder: Path, times: int, draw: random.Random) -> Path:
    """A table of messages; those of a ticket lie far apart."""
    path = folder / "tickets.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["ticket_id", "author_role", "body"])
        for role in ("customer", "agent"):
            for number in range(3_000 * times):
                table.writerow([number, role, prose(draw, 120)])
    return path


SOURCES: dict[str, Callable[[Path, int, random.Random], Path]] = {
    "documents": documents,
    "code": code,
    "mailbox": mails,
    "helpdesk": tickets,
}


if __name__ == "__main__":
    main()
