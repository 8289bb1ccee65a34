"""Planted defects: what the data doctor finds of them, what it wrongly takes for one, and how fast.

    python benchmarks/data/planted.py [--each 50] [--clean 1000] [--show CODE]

Clean rows come from the bundled example and, where they are present, from the sets in
../shared/data. Among them lie EACH rows of every kind of defect, made from clean rows that are
otherwise unused. A kind's recall is the share of its rows that one of its codes hits; its
precision is the share of the rows hit by these codes that it, or another kind with the same codes,
was planted in. Rows of the clean sets that are hit count as false alarms, whatever is the matter
with them.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import random
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import secrets_and_people as made

from postgrad.advice import defaults
from postgrad.core.job import DataSection, Job
from postgrad.data import doctor
from postgrad.data.dataset import assemble
from postgrad.data.files import read_files
from postgrad.data.rows import estimate, rows_of
from postgrad.verbs import BUNDLED

SHARED = Path(__file__).parents[3] / "shared" / "data"
SETS = ("medical_medquad", "instruct_human_seed", "math_gsm8k", "code_wikisql", "code_mbpp")
SEED = 0

REAL = re.compile(r"@\w|\d{3}\W{0,2}\d{3}\W\d{4}")
"""Clean rows have no e-mail address or telephone number of their own: they would be rightly hit."""

TRIVIAL = itertools.count()

Row = dict[str, Any]
Draw = random.Random


def question(row: Row) -> str:
    return next(turn["content"] for turn in row["messages"] if turn["role"] == "user")


def with_texts(row: Row, *, user: str | None = None, answer: str | None = None) -> Row:
    """A copy of the row with another first question or last answer."""
    row = copy.deepcopy(row)
    if user is not None:
        next(turn for turn in row["messages"] if turn["role"] == "user")["content"] = user
    if answer is not None:
        row["messages"][-1]["content"] = answer
    return row


def with_turns(said: str, back: str) -> Row:
    """A row of one question and one answer."""
    turns = [{"role": "user", "content": said}, {"role": "assistant", "content": back}]
    return {"messages": turns}


def answer_of(row: Row) -> str:
    return str(row["messages"][-1]["content"])


def one_word_changed(text: str, draw: Draw) -> str:
    """The text with one word doubled, left out, or with a comma: an edit that says the same."""
    words = text.split(" ")
    place = draw.randrange(min(1, len(words) - 1), max(2, len(words) - 1)) if words[1:] else 0
    words[place : place + 1] = draw.choice(([words[place], words[place]], [], [words[place] + ","]))
    return " ".join(words)


def added(text: str, what: str, draw: Draw) -> str:
    """The text with a sentence put before one of its words."""
    words = text.split(" ")
    place = draw.randrange(len(words) + 1)
    return " ".join([*words[:place], what, *words[place:]])


# --- One function a kind: (a clean row, another clean row, chance) -> the rows to plant -------


def exact_duplicate(row: Row, other: Row, draw: Draw) -> list[Row]:
    return [copy.deepcopy(row)]


def near_duplicate(row: Row, other: Row, draw: Draw) -> list[Row]:
    return [
        with_texts(
            row,
            user=one_word_changed(question(row), draw),
            answer=one_word_changed(answer_of(row), draw) if draw.random() < 0.5 else None,
        )
    ]


def contradiction(row: Row, other: Row, draw: Draw) -> list[Row]:
    return [with_texts(row, answer=answer_of(other))]


def contradiction_in_other_words(row: Row, other: Row, draw: Draw) -> list[Row]:
    return [
        with_texts(row, user=one_word_changed(question(row), draw), answer=answer_of(other)),
    ]


def copied_answer(row: Row, other: Row, draw: Draw) -> list[Row]:
    """The answer of a row that stays, under the question of another."""
    return [with_texts(other, answer=answer_of(row))]


def echo(row: Row, other: Row, draw: Draw) -> list[Row]:
    return [with_texts(row, answer=question(row))]


def odd_turns(row: Row, other: Row, draw: Draw) -> list[Row]:
    row = copy.deepcopy(row)
    turns = row["messages"]
    way = draw.randrange(4)
    if way == 0:
        turns.insert(-1, {"role": "user", "content": "Anybody there?"})
    elif way == 1:
        turns.insert(-1, {"role": "system", "content": "Be brief."})
    elif way == 2:
        greeting = {"role": "assistant", "content": "What can I do for you today?"}
        turns.insert(int(turns[0]["role"] == "system"), greeting)
    else:
        turns[:] = [turn for turn in turns if turn["role"] != "system"]
        turns.insert(0, {"role": "system", "content": " "})
    return [row]


def broken_off(row: Row, other: Row, draw: Draw) -> list[Row]:
    """The answer cut somewhere between its fifteenth word and its last three."""
    words = answer_of(row).split(" ")
    return [with_texts(row, answer=" ".join(words[: draw.randrange(15, len(words) - 2)]))]


def trivial(row: Row, other: Row, draw: Draw) -> list[Row]:
    pairs = [f"{one} {two}" for one in made.GREETINGS for two in made.GREETINGS if one != two]
    said = pairs[next(TRIVIAL) * 7 % len(pairs)]  # each once: the same one again would contradict
    back = " ".join(draw.sample(made.GREETINGS, draw.choice((1, 2))))
    return [with_turns(said, back)]


def broken(row: Row, other: Row, draw: Draw) -> list[Row]:
    row = copy.deepcopy(row)
    turns = row["messages"]
    way = draw.randrange(6)
    if way == 0:
        turns[-1]["role"] = "asistant"
    elif way == 1:
        del turns[-1]["content"]
    elif way == 2:
        turns.pop()
    elif way == 3:
        turns[-1]["content"] = 7
    elif way == 4:
        row["messages"] = []
    else:
        turns[-1]["weight"] = 2
    return [row]


def in_question(make: Callable[[Draw], str]) -> Callable[[Row, Row, Draw], list[Row]]:
    def plant(row: Row, other: Row, draw: Draw) -> list[Row]:
        return [with_texts(row, user=added(question(row), make(draw), draw))]

    return plant


def in_answer(make: Callable[[Draw], str]) -> Callable[[Row, Row, Draw], list[Row]]:
    def plant(row: Row, other: Row, draw: Draw) -> list[Row]:
        return [with_texts(row, answer=added(answer_of(row), make(draw), draw))]

    return plant


def mojibake(row: Row, other: Row, draw: Draw) -> list[Row]:
    sentence = draw.choice(made.ACCENTED).encode("utf-8").decode("windows-1252")
    return [with_texts(row, answer=added(answer_of(row), sentence, draw))]


def repeated(row: Row, other: Row, draw: Draw) -> list[Row]:
    sentence = " ".join(answer_of(row).split()[: draw.randint(6, 14)])
    return [with_texts(row, answer=" ".join([sentence] * draw.randint(6, 12)))]


def refusal(row: Row, other: Row, draw: Draw) -> list[Row]:
    return [with_texts(row, answer=draw.choice(made.REFUSALS))]


def other_language(row: Row, other: Row, draw: Draw) -> list[Row]:
    return [with_texts(row, answer=draw.choice(made.FOREIGN))]


def too_long(row: Row, other: Row, draw: Draw) -> list[Row]:
    sentences = [f"Entry {draw.random():.12f} was filed by clerk {n}." for n in range(900)]
    return [with_texts(row, answer=" ".join(sentences))]


def wrong_arguments(row: Row, other: Row, draw: Draw) -> list[Row]:
    number = {"type": "object", "properties": {"guests": {"type": "integer"}}}
    tool = {"type": "function", "function": {"name": "book_table", "parameters": number}}
    call = {"name": "book_table", "arguments": json.dumps({"guests": "four"})}
    if draw.random() < 0.5:
        call = {"name": "cancel_table", "arguments": "{}"}
    turn = {"role": "assistant", "content": None}
    turn["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]
    asked = {"role": "user", "content": question(row)}
    return [{"messages": [asked, turn], "tools": [tool]}]


@dataclass(frozen=True)
class Defect:
    """A kind of defect: how it is planted, and the codes that find it."""

    name: str
    plant: Callable[[Row, Row, Draw], list[Row]]
    codes: tuple[str, ...]
    prose: bool = False
    """True: planted in answers of prose alone; in code it is no defect."""
    fewest_words: int = 0
    """Of the answer that it is planted in."""
    also: tuple[str, ...] = ()
    """Kinds whose rows have this defect too, as they are made: they share a handful of answers, or
    end in the middle of a sentence."""
    fresh: bool = False
    """True: the other row that it is made from must not be in the file either."""
    keeps: bool = False
    """True: the row that it was made from must stay in the file (a duplicate has an original)."""


DEFECTS = (
    Defect("exact duplicate", exact_duplicate, ("exact_duplicate",), keeps=True),
    Defect("near duplicate", near_duplicate, ("near_duplicate",), keeps=True),
    Defect(
        "contradiction",
        contradiction,
        ("contradiction", "different_answers"),
        fresh=True,
        keeps=True,
    ),
    Defect(
        "contradiction, reworded",
        contradiction_in_other_words,
        ("contradiction", "different_answers"),
        fresh=True,
        keeps=True,
    ),
    Defect(
        "copied answer",
        copied_answer,
        ("shared_answer",),
        fresh=True,
        keeps=True,
        also=("refusal", "other language"),
    ),
    Defect("echo", echo, ("echo",)),
    Defect("odd turns", odd_turns, ("odd_turns", "empty_system")),
    Defect(
        "broken off",
        broken_off,
        ("unfinished_answer",),
        prose=True,
        fewest_words=20,
        also=("repeated text", "echo"),
    ),
    Defect("template mark", in_answer(made.template_mark), ("template_remains",), prose=True),
    Defect("trivial", trivial, ("trivial_short",)),
    Defect("broken", broken, ("broken_row",)),
    Defect("e-mail", in_question(made.email), ("personal_email",)),
    Defect("phone", in_question(made.phone), ("personal_phone",)),
    Defect("card", in_question(made.card), ("personal_card",)),
    Defect("IBAN", in_question(made.iban), ("personal_iban",)),
    Defect("API key", in_answer(made.api_key), ("secret_api_key",)),
    Defect("private key", in_answer(made.private_key), ("secret_private_key",)),
    Defect("mojibake", mojibake, ("encoding_damage",)),
    Defect("markup", in_answer(made.markup), ("markup_remains",), prose=True),
    Defect("repeated text", repeated, ("repeated_text",)),
    Defect("refusal", refusal, ("refusal",)),
    Defect("placeholder", in_answer(made.placeholder), ("placeholder",), prose=True),
    Defect("other language", other_language, ("language_mismatch",)),
    Defect("too long", too_long, ("too_long",)),
    Defect("wrong tool call", wrong_arguments, ("unknown_tool", "invalid_arguments")),
)


AFTER = (
    *("exact duplicate", "near duplicate", "contradiction", "contradiction, reworded"),
    "copied answer",
)
"""These lie behind the rows that they were made from: of two, the rules point at the later one."""


def clean_rows(count: int, draw: Draw) -> list[Row]:
    """So many rows of several tasks, each of at least eight words on either side where prose."""
    sets = [BUNDLED / "pizzeria" / "rows.jsonl"]
    sets += [path for name in SETS if (path := SHARED / name / "train.jsonl").exists()]
    pools = [[json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in sets]
    for pool in pools:
        draw.shuffle(pool)
    rows: list[Row] = []
    while len(rows) < 1.2 * count and any(pools):
        rows += [pool.pop() for pool in pools if pool]
    rows = [row for row in rows if not REAL.search(json.dumps(row["messages"]))]
    draw.shuffle(rows)
    print(f"clean rows from: {', '.join(path.parent.name for path in sets)}")
    return rows[:count]


def taken(spare: list[Row], defect: Defect) -> Row:
    """A row out of the spare ones that the defect can be planted in."""
    for place in reversed(range(len(spare))):
        answer = answer_of(spare[place])
        if defect.prose and CODE.search(answer):
            continue
        if len(answer.split(" ")) >= defect.fewest_words:
            return spare.pop(place)
    raise SystemExit(f"There are not enough rows for {defect.name}.")


def original(originals: list[Row], defect: Defect) -> Row:
    """A clean row to make one from; of a copied answer, a free one of more than eight words."""
    for place in reversed(range(len(originals))):
        answer = answer_of(originals[place])
        if defect.plant is not copied_answer or not (
            CODE.search(answer) or len(answer.split()) < 12
        ):
            return originals.pop(place)
    raise SystemExit(f"There are not enough originals for {defect.name}.")


CODE = re.compile(r"^SELECT |^\s*(?:def|import|class) |^\{", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--clean", type=int, default=1000)
    parser.add_argument(
        "--show",
        action="append",
        default=[],
        help="print what was missed and what was wrongly hit by a code",
    )
    options = parser.parse_args()
    draw = random.Random(SEED)
    num_unkept = sum(defect.fresh + (not defect.keeps) for defect in DEFECTS) * options.each
    num_test = 2 * options.each
    pool = clean_rows(options.clean + num_unkept + num_test, draw)
    test, spare, clean = (
        pool[:num_test],
        pool[num_test : num_test + num_unkept],
        pool[num_test + num_unkept :],
    )
    rows: list[tuple[Row, str]] = [(row, "") for row in clean]
    originals = [row for row in clean if len(question(row).split()) >= 12]
    draw.shuffle(originals)
    for defect in DEFECTS:
        for _ in range(options.each):
            source = original(originals, defect) if defect.keeps else taken(spare, defect)
            other = spare.pop() if defect.fresh else draw.choice(clean)
            rows += [(planted, defect.name) for planted in defect.plant(source, other, draw)]
    leaked = [row for row in test if len(question(row).split()) >= 12][: options.each]
    rows += [
        (with_texts(row, user=one_word_changed(question(row), draw)), "leak") for row in leaked
    ]
    draw.shuffle(rows)
    rows.sort(key=lambda each: each[1] in AFTER)
    defects = (*DEFECTS, Defect("leak", near_duplicate, ("leak_near", "leak_exact")))
    report(rows, test, defects, options.show)


def report(
    rows: list[tuple[Row, str]], test: list[Row], defects: tuple[Defect, ...], show: list[str]
) -> None:
    """Run every rule, timed, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"train": [row for row, _ in rows], "test": test}
        for name, content in files.items():
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
            (Path(folder) / f"{name}.jsonl").write_text(lines, "utf-8")
        section = DataSection(
            train=f"{folder}/train.jsonl",
            test=f"{folder}/test.jsonl",
            valid_share=0.0,  # else planted pairs fall on both sides, and rightly count as leaks
            max_rejected_share=1.0,
        )
        read = read_files(section)
        job = Job.build({"data": section.model_dump()})
        dataset = assemble(read, section, job.training.seed)
    splits = {row.id: part for part in ("train", "valid", "test") for row in getattr(dataset, part)}
    checked = rows_of(read, partial(estimate, limit_tokens=defaults.MOST_TOKENS), splits)
    lines: dict[str, set[int]] = {}
    print(f"\n{'rule':<24} seconds")
    for rule in doctor.rules():
        began = time.perf_counter()
        hits = list(rule.find(checked))
        print(f"{rule.name:<24} {time.perf_counter() - began:.2f}")
        for hit in hits:
            if checked[hit.row].file == "train.jsonl":
                lines.setdefault(hit.code, set()).add(checked[hit.row].line)
    print(f"\n{'planted':<24} {'rows':>5} {'recall':>7} {'precision':>10}  codes")
    for defect in defects:
        planted = {line for line, (_, name) in enumerate(rows, 1) if name == defect.name}
        found = set().union(*(lines.get(code, set()) for code in defect.codes))
        same = {each.name for each in defects if set(each.codes) & set(defect.codes)}
        same |= set(defect.also)
        right = {line for line, (_, name) in enumerate(rows, 1) if name in same}
        recall = len(found & planted) / len(planted)
        precision = len(found & right) / len(found) if found else 0.0
        codes = ", ".join(defect.codes)
        print(f"{defect.name:<24} {len(planted):>5} {recall:>7.3f} {precision:>10.3f}  {codes}")
        if set(show) & set(defect.codes):
            for title, which in (("missed", planted - found), ("wrongly hit", found - right)):
                for line in sorted(which):
                    text = json.dumps(rows[line - 1][0], ensure_ascii=False)
                    print(f"    {title}: line {line} [{rows[line - 1][1]}] {text[:400]}")
    known = {code for defect in defects for code in defect.codes}
    for code in sorted(set(lines) - known):
        print(f"    also: {code} in {len(lines[code])} rows")


if __name__ == "__main__":
    main()
