"""Held-out rows: split by groups of the same prompt, so that none is on both sides.

Each group gets a number from a keyed hash of the seed and its prompt. In the order of these numbers
groups go to the test until its share is reached, then to validation; the rest is for training. So
the split does not depend on the order of the rows, and new rows move only few of the old ones.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from postgrad.core.records import Message, Preference, Record, Text
from postgrad.errors import DataError, JobError


class HasRecord(Protocol):
    """Anything that carries a record, such as `dataset.Example`."""

    @property
    def record(self) -> Record: ...


Item = TypeVar("Item", bound=HasRecord)


def prompt_key(record: Record) -> str:
    """What two rows share if they ask the same: their normalised prompt.

    Normalised: NFKC, without case, white space collapsed. Of a chat, the turns before the last
    answer; the system turn counts only where there is nothing else, because the same question
    under another system prompt would still give its answer away. Without any prompt, the answer.
    """
    if isinstance(record, Text):
        return _normal(record.text)
    prompt = record.prompt
    turns = [message for message in prompt if message.role != "system"] or list(prompt)
    if not turns:
        turns = [record.chosen if isinstance(record, Preference) else record.answer]
    return "\x1e".join(map(_turn_key, turns))


def split(
    examples: Sequence[Item], valid_share: float, test_share: float, seed: int
) -> tuple[tuple[Item, ...], tuple[Item, ...], tuple[Item, ...]]:
    """(train, valid, test), each in the order of the examples.

    The shares are of the rows, kept as nearly as whole groups allow. A share above 0 gives at
    least one row, a share of 0 gives none.

    Raises:
        JobError: the shares leave nothing to train on.
        DataError: too few different prompts for the parts that are wanted.
    """
    if valid_share + test_share >= 1:
        raise JobError(
            f"data.valid_share {valid_share:g} and data.test_share {test_share:g} leave no rows "
            "to train on.",
            fix="Lower them, for example: --set data.test_share=0.2",
        )
    groups: dict[bytes, list[int]] = {}
    number = _numbering(seed)
    for index, example in enumerate(examples):
        groups.setdefault(number(prompt_key(example.record)), []).append(index)
    wanted = 1 + (valid_share > 0) + (test_share > 0)
    if len(groups) < wanted:
        raise DataError(
            f"The {len(examples)} rows have only {len(groups)} different "
            f"prompt{'s' * (len(groups) != 1)}, and {wanted} are needed to hold rows out.",
            why="The same prompt is never both learned and asked.",
            fix="Add rows with other prompts, or give files of your own: data.valid, data.test.",
            code="too_few_prompts",
        )
    waiting = [members for _, members in sorted(groups.items())]
    test, waiting = _take(waiting, len(examples) * test_share, leave=1 + (valid_share > 0))
    valid, waiting = _take(waiting, len(examples) * valid_share, leave=1)
    train = [index for members in waiting for index in members]
    return _pick(examples, train), _pick(examples, valid), _pick(examples, test)


def _take(groups: list[list[int]], target: float, leave: int) -> tuple[list[int], list[list[int]]]:
    """Rows as near to the target as whole groups allow, and the groups that are left."""
    if target <= 0:
        return [], groups
    taken: list[int] = []
    rest: list[list[int]] = []
    for number, group in enumerate(groups):
        num_left = len(rest) + len(groups) - number
        nearer = abs(target - len(taken) - len(group)) < abs(target - len(taken))
        if nearer and num_left > leave:
            taken += group
        else:
            rest.append(group)
    if not taken:  # every group overshoots by more than nothing at all would miss
        smallest = min(range(len(rest)), key=lambda index: len(rest[index]))
        taken = rest.pop(smallest)
    return taken, rest


def _numbering(seed: int) -> Callable[[str], bytes]:
    secret = hashlib.blake2b(str(seed).encode(), digest_size=32).digest()

    def number(key: str) -> bytes:
        data = key.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, key=secret, digest_size=16).digest()

    return number


def _pick(examples: Sequence[Item], indices: Sequence[int]) -> tuple[Item, ...]:
    return tuple(examples[index] for index in sorted(indices))


def _turn_key(message: Message) -> str:
    calls = [f"{call.name}({call.arguments})" for call in message.tool_calls]
    return "\x1f".join((message.role, _normal(message.content), *calls))


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
