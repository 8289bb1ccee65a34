"""Bias data: the published batteries that users bring along, as pairs of texts and as questions.

* CrowS-Pairs (Nangia et al. 2020): a table with sent_more, sent_less and bias_type.
* BBQ (Parrish et al. 2022): JSON lines with context, question, ans0 to ans2 and answer_info.
* WinoBias (Zhao et al. 2018): two text files, the lines of one for the stereotype (`pro` in its
  name) and of the other against it (`anti`), with brackets around what refers to each other.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from postgrad.data.read import check_file, read_rows
from postgrad.errors import DataError
from postgrad.evals.ambiguity import FORMS, Question

CROWS_PAIRS, BBQ, WINOBIAS = "CrowS-Pairs", "BBQ", "WinoBias"

LEAD = "Somebody says: "
"""Before each sentence, or its first word would have nothing to be predicted from."""

_BRACKETED = re.compile(r"[\[\]]")
_NUMBERED = re.compile(r"^\d+\s+")
_WINOBIAS = re.compile(r"^\d*\s*\S.*\[[^\]]+\].*\[[^\]]+\]", re.MULTILINE)

Item = TypeVar("Item")


class TextPair(NamedTuple):
    """Two sentences that differ in who is spoken of; the first is the one of the stereotype."""

    id: str
    source: str
    category: str
    more: str
    less: str


class Batteries(NamedTuple):
    """What the files hold. `num_left_out`: items of which no side can be told."""

    pairs: list[TextPair]
    questions: list[Question]
    num_left_out: int


def read(paths: Sequence[Path]) -> Batteries:
    """Every item of the files.

    Raises:
        DataError: a file is missing or none of the three kinds, or a half of WinoBias is.
    """
    pairs: list[TextPair] = []
    questions: list[Question] = []
    num_left_out = 0
    halves: dict[str, Path] = {}
    for path in paths:
        check_file(path)
        if path.suffix.lower() in (".csv", ".tsv"):
            pairs += _crows_pairs(path)
        elif path.suffix.lower() in (".jsonl", ".json"):
            found, missed = _bbq(path)
            questions += found
            num_left_out += missed
        else:
            halves[_half(path)] = path
    if halves:
        pairs += _winobias(halves)
    return Batteries(pairs, questions, num_left_out)


def sample(items: Sequence[Item], most: int, seed: int) -> list[Item]:
    """At most so many of them, in their order."""
    chosen = sorted(random.Random(seed).sample(range(len(items)), min(most, len(items))))
    return [items[place] for place in chosen]


def scenes(questions: Iterable[Question]) -> list[list[Question]]:
    """Questions of the same text together."""
    found: dict[str, list[Question]] = {}
    for question in questions:
        found.setdefault(question.scene, []).append(question)
    return list(found.values())


def _rows(path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    return [(row.line, row.row) for row in read_rows(path) if row.row is not None]


def _crows_pairs(path: Path) -> list[TextPair]:
    rows = _rows(path)
    if not rows or not {"sent_more", "sent_less"} <= rows[0][1].keys():
        raise _unknown(path, "it has no columns sent_more and sent_less")
    return [
        TextPair(
            f"{path.name}:{line}",
            CROWS_PAIRS,
            str(row.get("bias_type") or "all"),
            LEAD + str(row["sent_more"]).strip(),
            LEAD + str(row["sent_less"]).strip(),
        )
        for line, row in rows
        if row.get("sent_more") and row.get("sent_less")
    ]


def _bbq(path: Path) -> tuple[list[Question], int]:
    rows = _rows(path)
    wanted = {"context", "question", "ans0", "ans1", "ans2", "label", "answer_info"}
    if not rows or not wanted <= rows[0][1].keys():
        raise _unknown(path, "its first row lacks context, question, ans0 to ans2 or answer_info")
    found = [_bbq_question(f"{path.name}:{line}", row) for line, row in rows]
    kept = [question for question in found if question is not None]
    return kept, len(found) - len(kept)


def _bbq_question(name: str, row: Mapping[str, Any]) -> Question | None:
    """A row as a question; None if it does not say which person the stereotype means."""
    try:
        groups = {
            str(group).casefold() for group in row["additional_metadata"]["stereotyped_groups"]
        }
        infos = [[str(each) for each in row["answer_info"][f"ans{place}"]] for place in range(3)]
        scene = f"{row['category']} {int(row['example_id']) // 4}"  # they come in groups of four
        right = int(row["label"])
        is_bad = row["question_polarity"] == "neg"
        category = str(row["category"])
        context, question = str(row["context"]), str(row["question"])
        options = tuple(str(row[f"ans{place}"]) for place in range(3))
    except (KeyError, TypeError, ValueError):
        return None
    unknown = [place for place, info in enumerate(infos) if info[-1] == "unknown"]
    meant = [
        place
        for place, info in enumerate(infos)
        if place not in unknown and groups & {each.casefold() for each in info}
    ]
    if len(unknown) != 1 or len(meant) != 1:
        return None
    other = 3 - unknown[0] - meant[0]
    return Question(
        id=name,
        scene=scene,
        category=category,
        form=int(row["example_id"]) // 4 % len(FORMS),
        context=context,
        question=question,
        options=options,
        right=right,
        unknown=unknown[0],
        by_stereotype=meant[0] if is_bad else other,
    )


def _half(path: Path) -> str:
    for half in ("anti", "pro"):
        if half in path.name.lower() and _WINOBIAS.search(_text(path)):
            return half
    raise _unknown(path, "it is no table, no JSON lines, and no half of WinoBias by its name")


def _winobias(halves: Mapping[str, Path]) -> list[TextPair]:
    if len(halves) < 2:
        [(half, path)] = halves.items()
        missing = "anti" if half == "pro" else "pro"
        raise DataError(
            f"{path} is one half of WinoBias.",
            why="A sentence for the stereotype is compared with the same one against it.",
            fix=f"Name the file of the {missing}_stereotyped sentences in evaluation.bias_files "
            "too.",
            code="half_of_winobias",
        )
    lines = {half: _text(path).splitlines() for half, path in halves.items()}
    if len(lines["pro"]) != len(lines["anti"]):
        raise DataError(
            f"{halves['pro']} has {len(lines['pro'])} lines, {halves['anti']} has "
            f"{len(lines['anti'])}.",
            why="The two halves of WinoBias stand side by side, line by line.",
            fix="Name two files of the same type and part: type1 with type1, dev with dev.",
            code="halves_do_not_match",
        )
    return [
        TextPair(
            f"{halves['pro'].name}:{number}", WINOBIAS, "occupation", _plain(pro), _plain(anti)
        )
        for number, (pro, anti) in enumerate(zip(lines["pro"], lines["anti"], strict=True), start=1)
        if pro.strip() and anti.strip()
    ]


def _plain(line: str) -> str:
    return LEAD + _BRACKETED.sub("", _NUMBERED.sub("", line.strip()))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unknown(path, str(error)) from None


def _unknown(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path} is no battery that is known: {reason}.",
        why="evaluation.bias_files takes CrowS-Pairs (.csv), BBQ (.jsonl) and both halves of "
        "WinoBias.",
        fix="Name the files as they were published, or leave them out.",
        code="unknown_bias_file",
    )
