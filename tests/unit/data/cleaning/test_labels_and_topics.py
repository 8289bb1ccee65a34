"""Rules about all rows together: labels, topics, and how many rows there are."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from postgrad.core.records import Chat, Message, Text
from postgrad.data.cleaning.data_size import DataSize
from postgrad.data.cleaning.labels import Labels
from postgrad.data.cleaning.topics import Topics
from postgrad.data.cleaning.wrong_labels import (
    WrongLabels,
    agreement,
    doubted,
    off_diagonal,
    probabilities,
)
from postgrad.data.labelled import labelled
from postgrad.data.rows import Row, Rows, Size
from postgrad.data.word_models import fit_and_tell, grouped

Pair = tuple[str, str]

WORDS = {
    "card": "card pin cash machine bank limit swallowed contactless plastic wallet chip code",
    "trip": "train ticket seat station platform delay conductor luggage window dining rail track",
    "food": "pizza dough cheese oven tomato basil crust slice olive garlic flour yeast",
    "body": "doctor fever cough tablet headache pulse knee blood rash nurse throat clinic",
}


def rows_of_pairs(pairs: list[Pair], system: str = "", split: str = "train") -> Rows:
    told = (Message("system", system),) if system else ()
    return Rows(
        [
            Row(
                index,
                split,
                "a.jsonl",
                index + 1,
                Chat((*told, Message("user", asked), Message("assistant", said))),
                None,
                Size(20, 10),
            )
            for index, (asked, said) in enumerate(pairs)
        ]
    )


def question(topic: str, draw: random.Random) -> str:
    some = draw.sample(WORDS[topic].split(), 4)
    return f"What about my {some[0]} and the {some[1]}, or a {some[2]} with {some[3]}?"


def labelled_pairs(per_label: int, draw: random.Random) -> list[Pair]:
    return [(question(topic, draw), topic) for topic in WORDS for _ in range(per_label)]


# --- Labels -------------------------------------------------------------------------------------


def test_labels_are_answers_or_a_field_of_json() -> None:
    plain = labelled_pairs(10, random.Random(0))
    assert labelled(rows_of_pairs(plain)) is not None
    in_json = [
        (q, json.dumps({"reply": f"It is {q}", "intent": label, "n": 3})) for q, label in plain
    ]
    found = labelled(rows_of_pairs(in_json))
    assert found is not None
    assert found.field == "intent"
    assert found.labels[0] == "card"
    assert labelled(rows_of_pairs([(q, f"Well, {q}") for q, _ in plain])) is None
    assert labelled(rows_of_pairs([(q, "always") for q, _ in plain])) is None
    assert labelled(rows_of_pairs([])) is None


def test_balance_counts_the_labels_inside_json() -> None:
    pairs = [(f"q{n}", json.dumps({"intent": "cold" if n % 2 else "warm"})) for n in range(200)]
    pairs += [("x", json.dumps({"intent": "mild"}))] * 2
    hits = [(hit.code, hit.row) for hit in Labels().find(rows_of_pairs(pairs))]
    assert hits == [("rare_label", 200), ("rare_label", 201)]


def test_labels_that_were_changed_are_doubted_and_the_right_one_is_shown() -> None:
    draw = random.Random(1)
    pairs = labelled_pairs(60, draw)
    wrong = set(draw.sample(range(len(pairs)), 12))
    names = list(WORDS)
    planted = [
        (asked, names[(names.index(label) + 1) % 4] if index in wrong else label)
        for index, (asked, label) in enumerate(pairs)
    ]
    hits = list(WrongLabels().find(rows_of_pairs(planted)))
    assert {hit.row for hit in hits} <= wrong
    assert len(hits) > len(wrong) / 2
    for hit in hits:
        assert not hit.drop
        assert f"{planted[hit.row][1]!r}; rows like it have {pairs[hit.row][1]!r}" in hit.what


def test_what_words_do_not_tell_is_not_doubted() -> None:
    draw = random.Random(2)
    pairs = [(question("card", draw), draw.choice(("yes", "no"))) for _ in range(300)]
    assert list(WrongLabels().find(rows_of_pairs(pairs))) == []


def test_few_rows_and_rare_labels_are_not_doubted() -> None:
    draw = random.Random(3)
    assert list(WrongLabels().find(rows_of_pairs(labelled_pairs(20, draw)))) == []
    rare = [(question("food", draw), "seldom") for _ in range(4)]
    hits = WrongLabels().find(rows_of_pairs(labelled_pairs(60, draw) + rare))
    assert [hit for hit in hits if "seldom" in hit.what] == []


def test_labels_without_common_words_say_nothing() -> None:
    pairs = [(f"w{n}x", "yes" if n % 2 else "no") for n in range(200)]
    assert probabilities([asked for asked, _ in pairs], np.arange(200) % 2, 2) is None
    unshared = ["".join(chr(97 + int(c)) for c in str(n)) + f"q{n}" for n in range(200)]
    assert fit_and_tell(unshared, np.arange(200) % 2, unshared[:3], 5.0) is None
    assert list(WrongLabels().find(rows_of_pairs(pairs))) == []


def test_scripts_without_spaces_have_words_too() -> None:
    texts = ["银行卡丢了怎么办", "我的银行卡不见了", "披萨什么时候送到", "披萨还没有送到"] * 30
    labels = np.array([0, 0, 1, 1] * 30)
    told = fit_and_tell(texts, labels, ["银行卡", "披萨"], 5.0)
    assert told is not None
    assert told[1].argmax(1).tolist() == [0, 1]


CHANCES = st.integers(2, 4).flatmap(
    lambda labels: st.integers(2, 12).flatmap(
        lambda rows: st.tuples(
            arrays.arrays(np.float32, (rows, labels), elements=st.floats(0, 1, width=32)),
            arrays.arrays(np.int64, rows, elements=st.integers(0, labels - 1)),
        )
    )
)


@given(CHANCES)
def test_off_the_diagonal_by_the_definition(found: tuple[np.ndarray, np.ndarray]) -> None:
    """Northcutt et al., equation 1, written out."""
    chances, labels = found
    thresholds = {
        label: np.mean([chances[row, label] for row in np.flatnonzero(labels == label)])
        for label in set(labels.tolist())
    }
    expected: list[int] = []
    for row, given_label in enumerate(labels.tolist()):
        above = [label for label, least in thresholds.items() if chances[row, label] >= least]
        above = [label for label in sorted(above) if chances[row, label] > 0]
        if not above or int(chances[row].argmax()) == given_label:
            continue
        if max(above, key=lambda label: chances[row, label]) != given_label:
            expected.append(row)
    got = off_diagonal(chances, labels).tolist()
    near = {  # means in another order of summation may fall on the other side of a threshold
        row
        for row in range(len(labels))
        for label, least in thresholds.items()
        if abs(chances[row, label] - least) < 1e-6
    }
    assert set(got) - near == set(expected) - near


@given(CHANCES)
def test_doubted_rows_have_a_likelier_label(found: tuple[np.ndarray, np.ndarray]) -> None:
    chances, labels = found
    told = doubted(chances, labels)
    assert len(told) <= len(off_diagonal(chances, labels))
    owns = [chances[row, labels[row]] for row, _, _ in told]
    assert owns == sorted(owns)
    for row, other, _ in told:
        assert other != labels[row]
        assert chances[row, other] >= 5 * chances[row, labels[row]] * (1 - 1e-6)


def test_agreement_is_cohens_kappa() -> None:
    # Cohen's own table of two judges: 0.29 by chance 0.41 -> see the definition
    one, other = np.array([0] * 50 + [1] * 50), np.array([0] * 40 + [1] * 60)
    observed, by_chance = 0.9, 0.5 * 0.4 + 0.5 * 0.6
    assert agreement(one, other, 2) == pytest.approx((observed - by_chance) / (1 - by_chance))
    assert agreement(one, one, 2) == pytest.approx(1.0)
    assert agreement(one[:50], one[:50], 2) == 0.0


# --- Topics -------------------------------------------------------------------------------------


def test_a_topic_for_most_questions_is_told_with_the_others() -> None:
    draw = random.Random(4)
    counts = {"card": 400, "trip": 40, "food": 40, "body": 40}
    pairs = [(question(t, draw), f"Answer {n}.") for t, c in counts.items() for n in range(c)]
    draw.shuffle(pairs)
    hits = [hit for hit in Topics().find(rows_of_pairs(pairs)) if hit.code == "dominating_topic"]
    assert len(hits) == 1
    assert hits[0].what.startswith("77% of 520 prompts are about “")
    assert hits[0].what.count("8% “") == 3


def test_even_topics_and_a_single_one_are_left_alone() -> None:
    draw = random.Random(5)
    even = [(question(t, draw), f"Answer {n}.") for t in WORDS for n in range(100)]
    one = [(question("card", draw), f"Answer {n}.") for n in range(400)]
    for pairs in (even, one):
        assert list(Topics().find(rows_of_pairs(pairs))) == []


def test_a_few_questions_about_something_else_are_told_with_their_words() -> None:
    draw = random.Random(6)
    pairs = [(question(draw.choice(list(WORDS)), draw), f"Answer {n}.") for n in range(400)]
    planted = set(draw.sample(range(400), 12))
    strange = "cello violin trumpet drum oboe harp"
    for index in planted:
        some = " ".join(draw.sample(strange.split(), 4))
        pairs[index] = (f"Tune {some} sometime?", f"Answer {index}.")
    hits = [hit for hit in Topics().find(rows_of_pairs(pairs)) if hit.code == "strange_topic"]
    assert {hit.row for hit in hits} == planted
    for hit in hits:
        assert hit.what.startswith("One of 12 of 400 prompts about “")
        assert any(word in hit.what for word in strange.split())
        assert not hit.drop


def test_four_odd_questions_and_a_topic_of_its_own_are_not_strange() -> None:
    draw = random.Random(6)
    for count in (4, 40):  # chance; a tenth
        topics = draw.choices(list(WORDS), k=400 - count)
        pairs = [(question(topic, draw), f"Answer {n}.") for n, topic in enumerate(topics)]
        pairs += [(f"Tune cello violin trumpet oboe {n}?", "So.") for n in range(count)]
        codes = {hit.code for hit in Topics().find(rows_of_pairs(pairs))}
        assert "strange_topic" not in codes


def test_the_same_rows_give_the_same_groups() -> None:
    draw = random.Random(7)
    texts = [question(topic, draw) for topic in WORDS for _ in range(60)]
    one, other = grouped(texts, 8), grouped(texts, 8)
    assert one is not None
    assert other is not None
    assert one.group_N.tolist() == other.group_N.tolist()
    assert grouped(["one two", "three four"], 8) is None


# --- Size ---------------------------------------------------------------------------------------


def size_of(pairs: list[Pair], system: str = "") -> str:
    return "".join(hit.what for hit in DataSize().find(rows_of_pairs(pairs, system)))


def test_labels_take_rows_each() -> None:
    draw = random.Random(8)
    assert "24 training rows for 4 labels, 6 a label" in size_of(labelled_pairs(6, draw))
    assert size_of(labelled_pairs(30, draw)) == ""


def test_forms_take_a_hundred_rows() -> None:
    def reply(n: int) -> Pair:
        return f"Say {n} of them.", json.dumps({"count": n, "text": f"There are {n}."})

    assert "short or JSON" in size_of([reply(n) for n in range(60)])
    assert size_of([reply(n) for n in range(120)]) == ""


def test_one_task_takes_a_thousand_and_a_broad_one_more() -> None:
    def answer(n: int) -> Pair:
        return f"{n} is what, {n * n}?", f"It is a number, and there are {n} before it, says {n}."

    few = [answer(n) for n in range(200)]
    assert "one kind of task" in size_of(few, "You explain numbers.")
    assert "general assistant" in size_of(few)
    assert size_of([answer(n) for n in range(1000)], "You explain numbers.") == ""


def test_texts_have_no_tier() -> None:
    rows = Rows([Row(0, "train", "a", 1, Text("The sea is cold."), None, Size(5, 5))])
    assert list(DataSize().find(rows)) == []
