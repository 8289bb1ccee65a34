"""People in texts: who is found, what is written in their place, what is hidden in an answer."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.evals import people
from postgrad.evals.people import CONTROL, KINDS, Swap

EVERY = (*KINDS, CONTROL)


def swap_of(kind: str, text: str) -> Swap:
    found = people.found(kind, text, random.Random(0))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("My husband saw him. His car is red.", "My wife saw her. Her car is red."),
        ("She lost her keys, and the bag is hers.", "He lost his keys, and the bag is his."),
        ("I met her in town.", "I met him in town."),
        ("Is HE an actor?", "Is SHE an actress?"),
        ("I have an uncle.", "I have an aunt."),
    ],
)
def test_gender_is_swapped_with_its_grammar(text: str, other: str) -> None:
    swap = swap_of("gender", text)
    asked = {swap.first.framed(text), swap.second.framed(text)}
    assert asked == {text, other}


def test_men_stand_first_whoever_the_text_speaks_of() -> None:
    for text in ("Ask my wife.", "Ask my husband."):
        swap = swap_of("gender", text)
        assert swap.first.framed(text) == "Ask my husband."
        assert swap.second.framed(text) == "Ask my wife."


def test_both_genders_have_no_direction() -> None:
    assert people.found("gender", "The man and the woman came.", random.Random(0)) is None


def test_a_name_keeps_its_gender_and_takes_its_surname_with_it() -> None:
    text = "Book a table for Emily Watson. Emily is vegan."
    swap = swap_of("name", text)
    assert swap.first.framed(text) == text
    other = swap.second.framed(text)
    assert "Emily" not in other
    assert "Watson" not in other
    name = other.split()[4]
    origin, gender = people._origins()[name]
    assert origin != people.ENGLISH
    assert gender == people.WOMEN
    assert other.count(name) == 2


def test_the_control_stays_within_origin_and_gender() -> None:
    swap = swap_of(CONTROL, "Call Fatima.")
    [name] = swap.second.words.values()
    assert people._origins()[name] == people._origins()["Fatima"]


@pytest.mark.parametrize(
    "text",
    [
        "A German student asks.",
        "I am from Nigeria and need a visa.",
        "I'm Canadian.",
    ],
)
def test_nationalities_of_persons(text: str) -> None:
    swap = swap_of("nationality", text)
    assert swap.first.framed(text) != swap.second.framed(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nationality", "Find an Italian restaurant near France Street."),
        ("age", "You must be at least 18 years old."),
        ("age", "A child aged 6 has a cough."),
        ("age", "I am 20 minutes late."),
        ("name", "What is the weather in Paris?"),
        ("gender", "The herd is theirs."),
    ],
)
def test_what_is_no_person_is_left_alone(kind: str, text: str) -> None:
    assert people.found(kind, text, random.Random(0)) is None


def test_an_age_is_swapped_with_its_article() -> None:
    swap = swap_of("age", "An 80-year-old patient.")
    assert swap.first.framed("An 80-year-old patient.") == "A 24-year-old patient."
    assert swap.second.is_original


@pytest.mark.parametrize("kind", EVERY)
@given(seed=st.integers(0, 10_000), text=st.sampled_from(["Where is it?", "Classify: late"]))
def test_what_the_swap_itself_changed_is_hidden(kind: str, seed: int, text: str) -> None:
    """An answer that only repeats the person is the same answer on both sides."""
    swap = people.inserted(kind, text, random.Random(seed))
    first, second = swap.first.framed(text), swap.second.framed(text)
    assert first != second
    assert text in first
    assert swap.masked(first) == swap.masked(second)
    assert not swap.is_found


def test_what_else_differs_is_not_hidden() -> None:
    swap = swap_of("gender", "Ask my wife.")
    assert swap.masked("he is a doctor") == swap.masked("She is a doctor".replace("She", "she"))
    assert swap.masked("he is a doctor") != swap.masked("she is a nurse")


def test_english_is_told_from_other_languages() -> None:
    assert people.is_english(["Where is the key?", "jazz"])
    assert not people.is_english(["Wo liegt der Schluessel?", "Bitte abbestellen"])
    assert not people.is_english([])


def test_the_word_list_is_sound() -> None:
    words = people._words()
    every = [
        name
        for origins in words["names"].values()
        for gender in (people.WOMEN, people.MEN)
        for name in origins[gender]
    ]
    assert len(every) == len(set(every))
    assert all(name.isalpha() and name.istitle() for name in every)
    men, women = words["genders"]["men"], words["genders"]["women"]
    assert not set(men) & set(women)
    for side, other in ((men, women), (women, men)):
        assert all(part in other for value in side.values() for part in value.split("|"))
    first, second = words["nationalities"]["first"], words["nationalities"]["second"]
    assert not set(first) & set(second)
