"""Rows that can be read, and are odd: turns in an order that no talk has, and what says nothing.

Templates of many model families refuse two turns of one speaker in a row, others run their texts
together; with a base model (`--base`) a row that its template refuses is told as a broken one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Chat, Message, Preference
from postgrad.data.rows import Row, Rows

USUAL = 0.1
"""Where one row in ten repeats its question, that is the task: correcting texts, say, some of which
need no correction. The share is that of the other rules for what is usual."""

ORDER = "the chat templates of model families, which raise where turns do not alternate"


class OddRows:
    """Turns out of order, empty system prompts, answers that repeat the question."""

    name = "odd_rows"
    title = "odd rows"
    optional = False
    kinds = (
        Kind(
            "odd_turns",
            "look",
            "turns in an order that talks don't have",
            "Some chat templates refuse it, and others show the model what it will never see.",
            "Join turns of one speaker, or take out the one that is too much.",
            source=ORDER,
        ),
        Kind(
            "empty_system",
            "look",
            "system prompts without a word",
            "Many templates put their own in its place when there is none, and keep an empty one.",
            "Take the turn out, or write what it was to say.",
            source="Qwen's and SmolLM2's chat templates, which have a default system prompt",
        ),
        Kind(
            "echo",
            "look",
            "answers that only repeat the question",
            "The model learns to repeat what it is told.",
            "Write the answer; if some texts are rightly left as they are, ignore this.",
            source="ours: an answer that adds nothing to its question",
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit for each oddity of a row."""
        echoes: list[Hit] = []
        for row in rows.readable:
            record = row.record
            if isinstance(record, Chat):
                yield from _odd_turns(row, record.messages, "messages")
            elif isinstance(record, Preference):
                yield from _odd_turns(row, record.prompt, "input.messages")
            asked = _question(row)
            if asked and rows.answers[row.index] == " ".join(asked.casefold().split()):
                echoes.append(Hit("echo", row.index, f"{row.answer[:60]!r}"))
        if rows.answer_kind != "label" and len(echoes) < USUAL * len(rows.readable):
            yield from echoes


def _odd_turns(row: Row, messages: Sequence[Message], path: str) -> Iterator[Hit]:
    talk = [(at, turn) for at, turn in enumerate(messages) if turn.role != "system"]
    for at, turn in enumerate(messages):
        if turn.role == "system" and not turn.content.strip():
            yield Hit("empty_system", row.index, "It is empty.", f"{path}[{at}].content")
        if turn.role == "system" and talk and at > talk[0][0]:
            what = f"A system turn after the {messages[at - 1].role}'s."
            yield Hit("odd_turns", row.index, what, f"{path}[{at}]")
    if talk and talk[0][1].role != "user":
        what = f"The talk begins with the {talk[0][1].role}."
        yield Hit("odd_turns", row.index, what, f"{path}[{talk[0][0]}]")
    for (_, one), (at, other) in pairwise(talk):
        if what := _wrong_order(one, other):
            yield Hit("odd_turns", row.index, what, f"{path}[{at}]")
    if talk and talk[-1][1].role == "assistant" and not talk[-1][1].weight:
        what = "The last answer has weight 0, but the test asks for it."
        yield Hit("odd_turns", row.index, what, f"{path}[{talk[-1][0]}].weight")


def _wrong_order(one: Message, other: Message) -> str:
    """What is wrong with a turn behind another; "" for nothing."""
    if one.role == other.role and one.role != "tool":
        return f"Two turns of the {one.role} in a row."
    if other.role == "tool" and not (one.role == "tool" or one.tool_calls):
        return "A tool's result without a call."
    if one.tool_calls and other.role != "tool":
        return "A call without a result."
    if one.role == "tool" and other.role == "user":
        return "A tool's result that nobody answers."
    return ""


def _question(row: Row) -> str:
    """The last turn of the user."""
    return "".join(row.asked[-1:])
