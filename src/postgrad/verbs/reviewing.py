"""The verb by which a person compares both models' answers, blind."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from postgrad.core.pair import Pair
from postgrad.evals.marks import Marks, MarkWord, add_mark, import_marks, load_marks
from postgrad.evals.pairs import pairs_of, shown_first
from postgrad.evals.stored_answers import load_answers
from postgrad.reports.review_page import render_review_page
from postgrad.reports.write import refuse_unless_page, write_page
from postgrad.verbs.jobs import read_job
from postgrad.verbs.runs import open_run, unfinished


class Shown(NamedTuple):
    """A pair as a person sees it: nothing in it says whose answers they are.

    Attributes:
        key: names the pair.
        turns: (role, text) of what was asked, without the system message.
        a, b: both answers.
    """

    key: str
    turns: list[tuple[str, str]]
    a: str
    b: str


class Review:
    """A person's marks of a run, and what is still to be marked."""

    def __init__(self, folder: str | Path) -> None:
        self.run = open_run(folder)
        if not all(self.run.answers(who).exists() for who in ("base", "tuned")):
            raise unfinished(self.run)
        self._seed = read_job(self.run.job).training.seed
        base, tuned = (load_answers(self.run, who) for who in ("base", "tuned"))
        self._pairs = pairs_of(base, tuned, self._seed)
        self._by_key = {pair.key: pair for pair in self._pairs}

    @property
    def marks(self) -> Marks:
        """What is stored now."""
        return load_marks(self.run, self._pairs)

    @property
    def waiting(self) -> list[Shown]:
        """What is still to be marked, in a random order that stays the same."""
        return [self._shown(pair) for pair in self.marks.waiting]

    def mark(self, key: str, mark: MarkWord) -> None:
        """Store a mark (a, b, tie or skip), at once.

        Raises:
            SetupError: the file can't be written.
        """
        add_mark(self.run, self._by_key[key], mark, self._seed, "terminal")

    def write_page(self, path: str | Path) -> int:
        """Write what is still to be marked as one page for a browser; how many pairs are on it.

        Raises:
            JobError: the name does not end in .html, or another file is there.
        """
        place = Path(path).expanduser()
        refuse_unless_page(place, "--page")
        waiting = self.waiting
        pairs = [
            {
                "key": it.key,
                "turns": [{"role": role, "text": text} for role, text in it.turns],
                "a": it.a,
                "b": it.b,
            }
            for it in waiting
        ]
        write_page(render_review_page(pairs, self.run.path.name, self.marks.needed), place)
        return len(waiting)

    def import_page(self, path: str | Path) -> dict[str, int]:
        """Store the marks that the page gave as a file; how many were added, changed and known.

        Raises:
            DataError: it can't be read, is none of ours, or is of other answers.
        """
        return import_marks(self.run, self.marks, Path(path).expanduser(), self._seed)

    def _shown(self, pair: Pair) -> Shown:
        turns = [
            (str(turn["role"]), str(turn.get("content") or ""))
            for turn in pair.prompt
            if turn["role"] != "system"
        ]
        a, b = pair.shown(shown_first(pair, self._seed))
        return Shown(pair.key, turns, a, b)


def review(folder: str | Path) -> Review:
    """A person's blind comparison of both models' answers to the test.

    Raises:
        RunError: no run, an unfinished one, or one of plain text, where nothing is asked.
    """
    return Review(folder)
