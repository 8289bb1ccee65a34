"""Judgements: a judge's replies word for word, in RUN/judgements/NAME.jsonl.

The first line says who was asked by which words; each other line is a reply {pair, id, first,
reply, problem, answered_by, seconds, time}. What a reply chose is read from its words whenever it
is counted, so that scoring can be redone. Another URL, model or wording is another file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from postgrad.core.pair import Pair, Place, Preferred, Side, preferred
from postgrad.core.run import RunFolder
from postgrad.evals.judge_prompt import PROMPT_VERSION, choice
from postgrad.evals.line_file import add_line, read_lines
from postgrad.evals.pairwise import agreed

SIDES: tuple[Side, Side] = ("base", "tuned")
"""Whose answer is shown first: both orders are asked."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Who is asked, by which words."""

    url: str
    model: str
    criteria: str
    reference: bool
    prompt_version: int = PROMPT_VERSION

    @property
    def name(self) -> str:
        """A file name: the model's, and a hash of all."""
        held = json.dumps(asdict(self), sort_keys=True)
        plain = re.sub(r"[^A-Za-z0-9.]+", "-", self.model).strip("-.")[:40] or "judge"
        return f"{plain}-{hashlib.sha256(held.encode()).hexdigest()[:8]}"

    def path(self, run: RunFolder) -> Path:
        """Where its replies are."""
        return run.judgements / f"{self.name}.jsonl"


@dataclass(frozen=True, slots=True)
class Judged:
    """What one judge said of the pairs of a run.

    Attributes:
        pairs: those that it was asked about in both orders with a choice in each, and those whose
            answers are the same, up to the last pair that it was asked about.
        places: by key, what it chose with the base's answer first, and with the tuned one's.
        num_undecided: pairs with a reply that does not choose; they are not counted.
    """

    judge: Judge
    pairs: Sequence[Pair]
    places: Mapping[str, tuple[Place, Place]]
    num_undecided: int

    @property
    def preferences(self) -> dict[str, Preferred]:
        """By key, whose answer is preferred: a win only if both orders say so."""
        found: dict[str, Preferred] = {}
        for pair in self.pairs:
            if pair.key in self.places:
                one, swapped = self.places[pair.key]
                found[pair.key] = agreed(preferred("base", one), preferred("tuned", swapped))
            else:
                found[pair.key] = "tie"
        return found

    @property
    def num_flipped(self) -> int:
        """Pairs on which the two orders did not give the same preference."""
        return sum(
            preferred("base", one) != preferred("tuned", swapped)
            for one, swapped in self.places.values()
        )


def add_reply(
    run: RunFolder, judge: Judge, pair: Pair, first: Side, told: Mapping[str, Any]
) -> None:
    """Store one reply, at once.

    Args:
        told: `reply`, `problem`, `answered_by` and `seconds`.

    Raises:
        SetupError: the file can't be written.
    """
    path = judge.path(run)
    if not path.exists():
        add_line(path, {"judge": asdict(judge)})
    line = {"pair": pair.key, "id": pair.id, "first": first, **told}
    add_line(path, line | {"time": datetime.now(UTC).isoformat(timespec="seconds")})


def chosen(path: Path) -> dict[tuple[str, Side], Place | None]:
    """By pair and by whose answer was first, what was chosen; the last reply counts."""
    return {
        (line["pair"], line["first"]): choice(line.get("reply") or "")
        for line in read_lines(path)
        if "pair" in line
    }


def load_judged(run: RunFolder, pairs: Sequence[Pair]) -> list[Judged]:
    """Every judge's choices on these pairs; judges that have none are left out."""
    found: list[Judged] = []
    for path in sorted(run.judgements.glob("*.jsonl")):
        lines = read_lines(path)
        if lines and "judge" in lines[0]:
            judged = _counted(Judge(**lines[0]["judge"]), chosen(path), pairs)
            if judged.pairs:
                found.append(judged)
    return found


def _counted(
    judge: Judge, said: Mapping[tuple[str, Side], Place | None], pairs: Sequence[Pair]
) -> Judged:
    places: dict[str, tuple[Place, Place]] = {}
    undecided = 0
    last = -1
    for number, pair in enumerate(pairs):
        if all((pair.key, side) in said for side in SIDES):
            last = number
            one, swapped = said[pair.key, "base"], said[pair.key, "tuned"]
            if one and swapped:
                places[pair.key] = (one, swapped)
            else:
                undecided += 1
    waiting = any(not pair.is_same for pair in pairs[last + 1 :])
    reach = pairs[: last + 1] if waiting else pairs
    counted = [pair for pair in reach if pair.key in places or pair.is_same]
    return Judged(judge, counted if places else [], places, undecided)
