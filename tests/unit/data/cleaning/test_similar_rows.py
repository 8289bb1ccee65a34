"""Near duplicates, leaks and contradictions: what counts as the same, and what does not."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.records import Chat, Message
from postgrad.data.cleaning.contradictions import FILLERS, Contradictions, essence
from postgrad.data.cleaning.leaks import Leaks
from postgrad.data.cleaning.near_duplicates import NearDuplicates
from postgrad.data.cleaning.trivial_rows import TrivialRows
from postgrad.data.rows import Row, Rows, Size
from postgrad.data.similar import WORD, are_alike, candidates, words_of

Pair = tuple[str, str]
QUESTION = "How do I get a new card for my account when I have lost the old one in the train?"
ANSWER = "Open the app, choose Cards and then Lost; a new one arrives within five days."


def rows(train: list[Pair], test: list[Pair] | None = None) -> Rows:
    both = [("train", pair) for pair in train] + [("test", pair) for pair in test or []]
    return Rows(
        [
            Row(
                index,
                split,
                f"{split}.jsonl",
                index + 1,
                Chat((Message("user", question), Message("assistant", answer))),
                None,
                Size(20, 10),
            )
            for index, (split, (question, answer)) in enumerate(both)
        ]
    )


def near(*pairs: Pair) -> list[int]:
    return [hit.row for hit in NearDuplicates().find(rows(list(pairs)))]


def test_an_edited_copy_is_found_and_the_first_is_kept() -> None:
    edited = QUESTION.replace("a new card", "a a new card").replace("?", ", please?")
    assert near((QUESTION, ANSWER), (edited, ANSWER), (QUESTION, ANSWER + " Bye")) == [1, 2]


def test_another_number_or_slot_is_another_row() -> None:
    other = ANSWER.replace("five", "nine").replace("Lost", "Stolen")
    assert near((QUESTION, ANSWER), (QUESTION, other)) == []
    sums = [(f"What is {n} and {n + 1}, in words please?", f"{2 * n + 1}") for n in range(40)]
    assert near(*sums) == []


def test_a_long_shared_instruction_makes_no_duplicates() -> None:
    told = "Sort the message of the customer into one of the classes and answer with its name: "
    texts = ["my card is gone", "the app is slow", "who are you", "I want money back", "hello"]
    pairs = [(told + text, f"class {n}") for n, text in enumerate(texts * 4)]
    found = near(*[(f"{question} {n}", answer) for n, (question, answer) in enumerate(pairs)])
    assert found == []


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40), st.randoms())
def test_alike_is_reflexive_symmetric_and_blind_to_order(
    words: list[str], draw: random.Random
) -> None:
    mixed = draw.sample(words, len(words))
    assert are_alike(words, mixed)
    other = [*words, "x"]
    assert are_alike(words, other) == are_alike(other, words)


def test_candidates_are_found_among_many() -> None:
    draw = random.Random(0)
    words = ["".join(draw.choices("aeinrst", k=5)) for _ in range(3000)]
    texts = {n: draw.choices(words, k=30) for n in range(500)}
    copies = {n + 500: [*texts[n][:-1], "other"] for n in range(100)}
    every = {**texts, **copies}
    pairs = candidates(list(every), lambda key: " ".join(every[key]))
    assert pairs == sorted(set(pairs))
    assert sum((n, n + 500) in pairs for n in range(100)) >= 95
    assert all(first < second for first, second in pairs)
    assert len(pairs) < 150  # of 180,000


def test_words_are_without_case_and_punctuation() -> None:
    assert words_of("Don't PANIC, it's 4.2!") == ["don't", "panic", "it's", "4", "2"]


@given(
    st.text()
    | st.text(alphabet="ab Z'’_-.,09é\u00a0\u3000İKſßÀ“”—…٣²½文ª\n\t\x1c\x85😀", max_size=20)
)
def test_the_quick_way_to_words_is_that_of_the_pattern(text: str) -> None:
    assert words_of(text) == WORD.findall(text.casefold())


def test_leaks_are_training_rows_and_told_once() -> None:
    passage = " ".join(f"word{n}" for n in range(20))
    found = rows(
        [
            (QUESTION, ANSWER),
            (QUESTION + " Please.", ANSWER),
            ("Tell me something.", f"Well: {passage}."),
            ("And what about the bicycle?", "It may come along."),
        ],
        [(QUESTION.upper(), "No."), ("Say it to me now.", f"Now {passage}")],
    )
    hits = {hit.row: hit.code for hit in Leaks().find(found)}
    assert hits == {0: "leak_exact", 1: "leak_near", 2: "leak_ngram"}
    assert list(Leaks().find(rows([(QUESTION, ANSWER)] * 3))) == []


def test_a_split_of_one_file_has_no_leaking_questions() -> None:
    found = [
        replace(row, file="one.jsonl")
        for row in rows([(QUESTION, ANSWER)], [(QUESTION + " Please.", "No.")])
    ]
    assert list(Leaks().find(Rows(found))) == []


def test_a_contradiction_points_at_the_minority_and_says_the_ceiling() -> None:
    pairs = [("Where is it?", "here")] * 3 + [("Where  IS it?", "there"), ("Who?", "me")]
    [hit] = Contradictions().find(rows(pairs))
    assert (hit.code, hit.row) == ("contradiction", 3)
    assert "80.0 %" in hit.what
    assert not hit.drop
    [hit] = Contradictions().find(rows([("Why?", ANSWER), ("Why?", QUESTION)]))
    assert hit.code == "different_answers"


def test_small_talk_is_trivial_and_short_knowledge_is_not() -> None:
    pairs = [("Hi.", "Hello!"), ("Capital of France?", "Paris"), ("Thanks!", "You're welcome.")]
    hits = TrivialRows().find(rows([*pairs, (QUESTION, ANSWER)]))
    assert [hit.row for hit in hits] == [0, 2]


def test_a_stock_answer_is_told_but_labels_are_not() -> None:
    stock = [(f"Question number {n} about something?", ANSWER) for n in range(6)]
    others = [(f"Q {n}?", f"The answer to this one is {n}, as it always was.") for n in range(9)]
    hits = list(TrivialRows().find(rows([*stock, *others])))
    assert [hit.row for hit in hits] == list(range(6))
    assert {hit.code for hit in hits} == {"one_answer_for_many"}
    names = itertools.cycle(["warm", "cold"])
    labels = [(f"Colour {n}?", next(names)) for n in range(30)]
    assert list(TrivialRows().find(rows(labels))) == []


def test_an_answer_that_another_question_has_too_is_told() -> None:
    others = [(f"Where is shop {n}?", f"Shop {n} is number {n} in its street.") for n in range(90)]
    copied = [
        ("How do I get a new card?", ANSWER),
        ("Which trains may take my bicycle on Sundays?", ANSWER.upper()),
    ]
    [hit] = TrivialRows().find(rows([*others, *copied]))
    assert (hit.code, hit.row) == ("shared_answer", 91)
    assert "train.jsonl line 91" in hit.what
    assert not hit.drop


def test_what_may_share_its_answer() -> None:
    others = [(f"Where is shop {n}?", f"Shop {n} is number {n} in its street.") for n in range(90)]

    def told(*pairs: Pair) -> list[str]:
        return [hit.code for hit in TrivialRows().find(rows([*others, *pairs]))]

    # a name, what a program reads, the same question again, and one that is nearly the same
    assert told(("Who wrote Emma?", "Jane Austen"), ("Name a novelist.", "Jane Austen")) == []
    as_json = '{"intent": "card", "reply": "Open the app, choose Cards and then Lost."}'
    assert told(("My card is gone.", as_json), ("I lost it in the train.", as_json)) == []
    assert told((QUESTION, ANSWER), (QUESTION.upper(), ANSWER)) == []
    assert told((QUESTION, ANSWER), (QUESTION.replace("?", ", please?"), ANSWER)) == []


def test_a_question_in_other_words_with_another_answer() -> None:
    others = [(f"Where is shop {n}?", f"Shop {n} is number {n} in its street.") for n in range(9)]
    asked = "When does the last ferry to Holme leave on Sundays?"
    again = "Hello, when does does last ferry to Holme leave on the Sundays, please"

    def told(one: str, other: str, question: str = again) -> list[tuple[str, int]]:
        pairs = [*others, (asked, one), (question, other)]
        return [(hit.code, hit.row) for hit in Contradictions().find(rows(pairs))]

    assert told("At nine.", "At ten.") == [("contradiction", 10)]
    long_one = "It leaves at nine in the evening from the pier behind the old harbour office."
    long_other = "There is none on that day; take the coach, which goes twice before midnight."
    assert told(long_one, long_other) == [("different_answers", 10)]
    assert told("At nine.", "at  NINE.") == []
    assert told(long_one, long_one.replace("It leaves", "It leaves then")) == []  # worded twice
    # one word more asks something else
    assert told("At nine.", "At ten.", asked.replace("last", "last fast")) == []


@given(
    st.lists(st.sampled_from(["card", "train", "lost", "new", "app"]), min_size=1, max_size=12),
    st.lists(st.sampled_from(sorted(FILLERS)), max_size=6),
    st.randoms(),
)
def test_the_essence_of_a_question_is_without_fillers_and_doubles(
    words: list[str], fillers: list[str], draw: random.Random
) -> None:
    mixed = [word for word in words for _ in range(draw.randint(1, 3))]
    for filler in fillers:
        mixed.insert(draw.randint(0, len(mixed)), filler)
    assert essence(" ".join(mixed).upper() + "?!") == essence(" ".join(words))
    assert essence(" ".join(words)) == tuple(word for word, _ in itertools.groupby(words))
