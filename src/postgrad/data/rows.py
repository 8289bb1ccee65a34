"""Rows as the cleaning rules see them: every row of every file, readable or not, with its split."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, Literal, NamedTuple, final, overload

from postgrad.core.findings import Hit
from postgrad.core.records import Chat, Message, Preference, Record, Text
from postgrad.data.files import DataFile, Example, Rejection
from postgrad.data.split import prompt_key
from postgrad.data.spread import PORTION, Spread, in_turn

BYTES_PER_TOKEN = 4.0
"""English in the vocabularies of today's models: about four bytes a token (OpenAI's help centre,
"What are tokens and how to count them"). Used where no base model is named."""

MAX_LABEL_WORDS = 8
MAX_LABEL_SHARE = 0.4
MIN_REPEATED_SHARE = 0.9
"""Answers are labels if they are at most 8 words, at most 0.4 distinct ones for each row, and nine
in ten are given to another row too: the thresholds of `evals/choose.py`, with its sources."""


class Piece(NamedTuple):
    """A text inside a row. `taught`: the model learns to write it."""

    path: str
    role: str
    text: str
    taught: bool


class Size(NamedTuple):
    """Tokens of a row, and how many of them are taught; `lost` are taught but lie beyond the length
    limit of training, which cuts them off."""

    tokens: int
    taught: int
    lost: int = 0


Measure = Callable[[Example], Size]
"""Tokens of an example, counted with a base model's tokenizer or estimated."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file. Exactly one of `record` and `rejection` is there."""

    index: int
    split: str
    file: str
    line: int
    record: Record | None
    rejection: Rejection | None
    size: Size

    def __reduce__(self) -> tuple[type[Row], tuple[Any, ...]]:
        # every row goes to another process, see `Message`
        place = (self.index, self.split, self.file, self.line)
        return Row, (*place, self.record, self.rejection, self.size)

    def pieces(self) -> list[Piece]:
        """Every text of the row; see `pieces_of`."""
        return [] if self.record is None else pieces_of(self.record)

    @property
    def num_turns(self) -> int:
        """Turns of a chat; 1 for a text."""
        if isinstance(self.record, Chat):
            return len(self.record.messages)
        return len(self.record.prompt) + 1 if isinstance(self.record, Preference) else 1

    @property
    def prompt(self) -> str:
        """What two rows share if they ask the same; "" for rows that can't be read."""
        return prompt_key(self.record) if self.record is not None else ""

    @property
    def system(self) -> str:
        """The system messages of a chat or a preference; "" for others."""
        if isinstance(self.record, Chat):
            messages = self.record.messages
        else:
            messages = self.record.prompt if isinstance(self.record, Preference) else ()
        return "\n".join(message.content for message in messages if message.role == "system")

    @property
    def asked(self) -> list[str]:
        """What the user says, turn by turn."""
        if isinstance(self.record, Chat):
            messages = self.record.messages
        else:
            messages = self.record.prompt if isinstance(self.record, Preference) else ()
        return [turn.content for turn in messages if turn.role == "user" and turn.content]

    @property
    def answer(self) -> str:
        """The answer as it is written: of a chat the last one, of a preference the preferred."""
        record = self.record
        if record is None:
            return ""
        if isinstance(record, Text):
            return record.text
        message = record.answer if isinstance(record, Chat) else record.chosen
        calls = [f"{call.name}({dict(call.arguments)})" for call in message.tool_calls]
        return "\n".join([message.content, *calls]) if calls else message.content


AnswerKind = Literal["label", "free"]


AtRow = Callable[[Row, Sequence[Piece]], Any]
"""What a rule wants to know of each row by itself, of which it is also given all texts: a function
of a class or module, because another process has to find it by name. What is empty is left out."""

Told = Callable[[int], None]
"""Called now and then with the number of rows that were looked at, while a rule goes over them."""

STEP_ROWS = 500
"""Rows between two calls of `Told`: a slow rule looks at so many in less than a second."""


class Rows(Sequence[Row]):
    """All rows of the files of a job, in order.

    Attributes:
        spread: does work on many things, over the cores of this machine where these are given; see
            `spread.py`.
    """

    def __init__(
        self, rows: Sequence[Row], spread: Spread = in_turn, told: Told | None = None
    ) -> None:
        self._rows = tuple(rows)
        self.spread = spread
        self._told = told
        self._seen: dict[AtRow, list[tuple[int, Any]]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Row:  # type: ignore[override]
        return self._rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @cached_property
    def readable(self) -> Sequence[Row]:
        """Rows with a record, followed."""
        return self.followed([row for row in self._rows if row.record is not None])

    def followed(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The same rows; who goes over them one by one is seen to make progress. For the long work
        of a rule: what was seen once does not go back to the beginning."""
        return _Followed(rows, self._told)

    def look(self, works: Iterable[AtRow]) -> None:
        """Go over all readable rows once and do all of this work on each: several rules share the
        way of a row to another process, and back. `seen` tells what came of it."""
        several = tuple(dict.fromkeys(works))
        found: list[list[tuple[int, Any]]] = [[] for _ in several]
        readable = [row for row in self._rows if row.record is not None]
        for number, portion in enumerate(self.spread(partial(_looked, several), readable), 1):
            for seen, more in zip(found, portion, strict=True):
                seen += more
            if self._told:  # here, not where rows are read: some thousand wait for their turn
                self._told(number * PORTION)
        self._seen |= zip(several, found, strict=True)

    def seen(self, work: AtRow) -> list[tuple[int, Any]]:
        """The index of each row that the work found something in, and what. It is told once: most
        of a memory may be full of it."""
        if work not in self._seen:
            self.look([work])
        return self._seen.pop(work)

    def hits(self, work: AtRow) -> Iterator[Hit]:
        """What a work that gives hits found, in the order of the rows."""
        return (hit for _, found in self.seen(work) for hit in found)

    @cached_property
    def prompts(self) -> dict[int, str]:
        """The normalised prompt of each readable row, by its index."""
        return {row.index: row.prompt for row in self.readable}

    @cached_property
    def answers(self) -> dict[int, str]:
        """The answer of each readable row without case and with single spaces, by its index."""
        return {row.index: " ".join(row.answer.casefold().split()) for row in self.readable}

    @cached_property
    def answer_kind(self) -> AnswerKind:
        """Whether the answers are labels (short, and the same ones again and again)."""
        answers = self.answers.values()
        if not answers or any(isinstance(row.record, Text) for row in self.readable):
            return "free"
        counts = Counter(answers)
        short = all(len(answer.split()) <= MAX_LABEL_WORDS for answer in counts)
        few = len(counts) <= MAX_LABEL_SHARE * len(answers)
        repeated = sum(count for count in counts.values() if count > 1)
        return (
            "label" if short and few and repeated >= MIN_REPEATED_SHARE * len(answers) else "free"
        )

    @cached_property
    def num_taught(self) -> int:
        """Taught tokens of all rows."""
        return sum(row.size.taught for row in self._rows)


def _looked(works: Sequence[AtRow], rows: Sequence[Row]) -> list[list[tuple[int, Any]]]:
    """Of each work, the rows in which it found something."""
    found: list[list[tuple[int, Any]]] = [[] for _ in works]
    for row in rows:
        pieces = row.pieces()  # once for all of them
        for work, seen in zip(works, found, strict=True):
            result = work(row, pieces)
            if result:
                seen.append((row.index, result))
    return found


@final
class _Followed(Sequence[Row]):
    """Rows that say how far somebody is who goes over them."""

    def __init__(self, rows: Sequence[Row], told: Told | None) -> None:
        self._rows = rows
        self._told = told

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self._rows[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows) if self._told is None else self._steps(self._told)

    def _steps(self, told: Told) -> Iterator[Row]:
        for start in range(0, len(self._rows), STEP_ROWS):
            yield from self._rows[start : start + STEP_ROWS]
            told(start + STEP_ROWS)


def rows_of(
    files: Mapping[str, DataFile],
    measure: Measure,
    parts: Mapping[str, str],
    spread: Spread = in_turn,
    told: Told | None = None,
) -> Rows:
    """The rows of a job's files.

    Args:
        files: by the part of the job that names them: train, valid, test.
        measure: tokens of an example.
        parts: by example id, the split that a row of the training file falls into.
        spread: does work on many things; see `spread.py`.
        told: hears how far the counting is, and then each rule.
    """
    found: list[Row] = []
    for part, file in files.items():
        every: list[Example | Rejection] = [*file.examples, *file.rejected]
        for each in sorted(every, key=lambda row: row.line):
            if isinstance(each, Rejection):
                row = Row(len(found), part, file.file, each.line, None, each, Size(0, 0))
            else:
                split = parts.get(each.id, part)
                size = measure(each)
                row = Row(len(found), split, file.file, each.line, each.record, None, size)
            found.append(row)
            if told and len(found) % STEP_ROWS == 0:
                told(len(found))
    return Rows(found, spread, told)


def estimate(example: Example, limit_tokens: float = math.inf) -> Size:
    """Tokens of an example from its bytes, where no tokenizer is at hand.

    Args:
        example: a row.
        limit_tokens: training cuts off what comes after so many.
    """
    limit_bytes = limit_tokens * BYTES_PER_TOKEN
    total = taught = kept = 0.0
    for piece in pieces_of(example.record):
        size = _num_bytes(piece.text)
        if piece.taught:
            taught += size
            kept += min(size, max(0.0, limit_bytes - total))
        total += size
    num_taught = max(1, round(taught / BYTES_PER_TOKEN))
    lost = math.ceil((taught - kept) / BYTES_PER_TOKEN)
    return Size(round(total / BYTES_PER_TOKEN), num_taught, min(num_taught, lost))


def _num_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def pieces_of(record: Record) -> list[Piece]:
    """Every text of a record in its order; of a tool call, its name and each argument."""
    if isinstance(record, Chat):
        return _pieces(record.messages, "messages")
    if isinstance(record, Text):
        return [Piece("text", "text", record.text, True)]
    return [
        *_pieces(record.prompt, "input.messages"),
        *_pieces([record.chosen], "preferred_output"),
        *_pieces([record.rejected], "non_preferred_output"),
    ]


def _pieces(messages: Sequence[Message], path: str) -> list[Piece]:
    found: list[Piece] = []
    for index, message in enumerate(messages):
        taught = message.role == "assistant" and message.weight > 0
        if message.content:
            found.append(Piece(_content_path(path, index), message.role, message.content, taught))
        for number, call in enumerate(message.tool_calls):
            place = f"{path}[{index}].tool_calls[{number}].function"
            found.append(Piece(f"{place}.name", message.role, call.name, taught))
            for key, value in call.arguments.items():
                text = value if isinstance(value, str) else repr(value)
                found.append(Piece(f"{place}.arguments.{key}", message.role, text, taught))
    return found


@lru_cache(maxsize=1024)
def _content_path(path: str, index: int) -> str:
    """The same text again for the same turn: every rule asks for that of every row."""
    return f"{path}[{index}].content"
