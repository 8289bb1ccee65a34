"""Item answers: a model's answers to the bundled battery, and what they are worth.

Of an item with options, the score is the share of probability that the right one gets among them:

    score = p(right) / sum over options p(option),    p(option) = P(option | beginning)

It is what share of such items the model would get right if it answered by its own odds. It moves
with every change of the odds, where right or wrong moves only when the first place changes hands,
so that far fewer items show a loss (Schaeffer et al. 2023, arXiv:2304.15004, on graded against
all-or-nothing metrics). An item that is answered in words scores 1 or 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from postgrad.core.interfaces import Answerer
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.data.general import Item
from postgrad.evals.answer_checks import passes

MOST_NEW_TOKENS = 48
"""The longest wanted answer, a table or four lines, takes about 40 tokens; nothing that is asked
for gets better by being longer."""

Solved = Mapping[str, Sequence[tuple[str, str]]]
"""By task, questions with their right answers, shown before an item."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What a model made of an item: its score, 0 to 1; whether it is right; the option that it
    held for likeliest, or its words."""

    score: float
    right: bool
    answer: str


def ask_items(
    answerer: Answerer,
    items: Sequence[Item],
    *,
    solved: Solved | None = None,
    on_done: Callable[[int], None] | None = None,
) -> list[Marked]:
    """The answers to items, in their order. Those without options need a chat template.

    Args:
        answerer: base or tuned.
        items: of the battery.
        solved: shown before each item of their task; None: items are asked bare.
        on_done: called with the number of items answered so far.
    """
    with_options = [item for item in items if item.options]
    in_words = [item for item in items if not item.options]
    shown = solved or {}
    done = on_done or (lambda _: None)
    chosen = _choose(answerer, with_options, shown)
    done(len(chosen))
    said = answerer.answer(
        [_chat(item, shown.get(item.task, ())) for item in in_words],
        max_new_tokens=MOST_NEW_TOKENS,
        on_done=lambda count: done(len(chosen) + count),
    )
    marked = dict(zip((item.id for item in with_options), chosen, strict=True))
    for item, answer in zip(in_words, said, strict=True):
        right = passes(answer.text, item.checks)
        marked[item.id] = Marked(float(right), right, answer.text)
    return [marked[item.id] for item in items]


def _choose(answerer: Answerer, items: Sequence[Item], shown: Solved) -> list[Marked]:
    records: list[Record] = [
        Text("\n".join([*before, f"{item.ask} {option}"]))
        for item in items
        for before in [[f"{ask} {answer}" for ask, answer in shown.get(item.task, ())]]
        for option in item.options
    ]
    likelihoods = iter(answerer.log_likelihoods(records, with_end=False))
    found: list[Marked] = []
    for item in items:
        # what stands before the options is the same for each and cancels out
        logs = np.array([next(likelihoods) for _ in item.options])
        shares = np.exp(logs - logs.max())
        first = int(np.argmax(logs))
        right = first == 0 and not np.any(logs[1:] == logs[0])  # a draw is no knowledge
        found.append(Marked(float(shares[0] / shares.sum()), right, item.options[first]))
    return found


def _chat(item: Item, before: Sequence[tuple[str, str]]) -> Chat:
    turns = [turn for ask, answer in before for turn in _turns(ask, answer)]
    return Chat((*turns, *_turns(item.ask, "")))


def _turns(ask: str, answer: str) -> tuple[Message, Message]:
    return Message("user", ask), Message("assistant", answer)
