"""The split: no prompt on both sides, whatever the rows are."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.core.records import Chat, Message, Preference, Record, Text
from postgrad.data.split import prompt_key, split
from postgrad.errors import DataError, JobError


@dataclass(frozen=True)
class Row:
    number: int
    record: Record


def chat(prompt: str, answer: str = "x", system: str = "") -> Chat:
    before = (Message("system", system),) if system else ()
    return Chat((*before, Message("user", prompt), Message("assistant", answer)))


def rows(prompts: list[str]) -> list[Row]:
    return [Row(number, chat(prompt, str(number))) for number, prompt in enumerate(prompts)]


def keys(part: tuple[Row, ...]) -> set[str]:
    return {prompt_key(row.record) for row in part}


prompt_lists = st.lists(
    st.sampled_from([f"question {i}" for i in range(40)]), min_size=10, max_size=120
).filter(lambda prompts: len(set(prompts)) >= 3)
shares = st.floats(0, 0.45)


@given(prompt_lists, shares, shares, st.integers())
def test_no_prompt_is_on_both_sides_and_no_row_is_lost(
    prompts: list[str], valid_share: float, test_share: float, seed: int
) -> None:
    examples = rows(prompts)
    parts = split(examples, valid_share, test_share, seed)
    assert sorted(row.number for part in parts for row in part) == list(range(len(examples)))
    for one, other in combinations(parts, 2):
        assert not keys(one) & keys(other)
    train, valid, test = parts
    assert train
    assert bool(valid) == (valid_share > 0)
    assert bool(test) == (test_share > 0)
    for part in parts:
        assert [row.number for row in part] == sorted(row.number for row in part)


@given(prompt_lists, shares, shares, st.integers(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    prompts: list[str], valid_share: float, test_share: float, seed: int, shuffler: random.Random
) -> None:
    examples = rows(prompts)
    shuffled = list(examples)
    shuffler.shuffle(shuffled)
    for one, other in zip(
        split(examples, valid_share, test_share, seed),
        split(shuffled, valid_share, test_share, seed),
        strict=True,
    ):
        assert {row.number for row in one} == {row.number for row in other}


@given(st.integers(10, 300), shares, shares, st.integers())
def test_without_duplicates_the_shares_are_exact(
    num_rows: int, valid_share: float, test_share: float, seed: int
) -> None:
    parts = split(rows([f"q{i}" for i in range(num_rows)]), valid_share, test_share, seed)
    for part, share in zip(parts[1:], (valid_share, test_share), strict=True):
        assert len(part) == (max(1, round(num_rows * share)) if share else 0) or abs(
            len(part) - num_rows * share
        ) == pytest.approx(0.5)


def test_same_seed_same_split_and_another_seed_another() -> None:
    examples = rows([f"q{i}" for i in range(100)])
    assert split(examples, 0.1, 0.2, 0) == split(examples, 0.1, 0.2, 0)
    assert split(examples, 0.1, 0.2, 0) != split(examples, 0.1, 0.2, 1)


def test_the_split_of_this_version_is_frozen() -> None:
    """A changed hash would move rows from train to test when a run is made again."""
    _, valid, test = split(rows([f"q{i}" for i in range(20)]), 0.1, 0.2, 0)
    assert ([row.number for row in valid], [row.number for row in test]) == GOLDEN


GOLDEN = ([1, 3], [0, 2, 12, 17])


def test_new_rows_move_few_old_ones() -> None:
    old = split(rows([f"q{i}" for i in range(1000)]), 0.1, 0.2, 0)
    new = split(rows([f"q{i}" for i in range(1100)]), 0.1, 0.2, 0)
    place = {key: name for name, part in zip("abc", new, strict=True) for key in keys(part)}
    moved = sum(
        place[key] != name for name, part in zip("abc", old, strict=True) for key in keys(part)
    )
    assert moved < 60


def test_large_groups_are_skipped_for_nearer_shares() -> None:
    prompts = ["often"] * 80 + [f"q{i}" for i in range(20)]
    for seed in range(20):
        train, valid, test = split(rows(prompts), 0.05, 0.1, seed)
        assert (len(train), len(valid), len(test)) == (85, 5, 10)


def test_only_large_groups() -> None:
    parts = split(rows(["a"] * 50 + ["b"] * 40 + ["c"] * 45), 0.01, 0.01, 3)
    assert sorted(map(len, parts)) == [40, 45, 50]


@pytest.mark.parametrize(
    ("prompts", "valid_share", "test_share"),
    [(["same"] * 30, 0.1, 0.2), (["a", "b"] * 20, 0.1, 0.2), (["Same ", "same"] * 9, 0.0, 0.2)],
)
def test_too_few_prompts(prompts: list[str], valid_share: float, test_share: float) -> None:
    with pytest.raises(DataError) as caught:
        split(rows(prompts), valid_share, test_share, 0)
    assert caught.value.code == "too_few_prompts"
    assert str(len(prompts)) in caught.value.what


def test_nothing_held_out_needs_one_prompt() -> None:
    assert [len(part) for part in split(rows(["a"] * 12), 0, 0, 0)] == [12, 0, 0]


def test_shares_that_leave_nothing() -> None:
    with pytest.raises(JobError, match=r"data\.valid_share 0\.5"):
        split(rows(["a", "b"]), 0.5, 0.5, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (chat("What  is\nit?"), chat("what is it? ", "another")),
        (chat("ﬁne ①"), chat("FINE 1")),
        (chat("a", system="s"), chat("a", system="t")),
        (chat("a", system="s"), chat("a")),
        (Text("A  b"), Text("a b\n")),
        (
            Chat((Message("system", "s"), Message("assistant", "x"))),
            Chat((Message("system", "S"), Message("assistant", "y"))),
        ),
    ],
)
def test_the_same_prompt(one: Record, other: Record) -> None:
    assert prompt_key(one) == prompt_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (chat("a"), chat("b")),
        (chat("a"), Chat((*chat("c").messages, *chat("a").messages))),
        (Chat((Message("assistant", "x"),)), Chat((Message("assistant", "y"),))),
        (
            Chat((Message("system", "s"), Message("assistant", "x"))),
            Chat((Message("system", "t"), Message("assistant", "x"))),
        ),
        (Text("a"), Text("b")),
    ],
)
def test_another_prompt(one: Record, other: Record) -> None:
    assert prompt_key(one) != prompt_key(other)


def test_preference_and_chat_share_a_prompt() -> None:
    answer = Message("assistant", "x")
    assert prompt_key(Preference((Message("user", "a"),), answer, answer)) == prompt_key(chat("A"))


@settings(max_examples=20)
@given(st.text(min_size=1))
def test_any_text_has_a_key(text: str) -> None:
    assert split([Row(0, chat(text))], 0, 0, 0)[0]
