"""Which tokens are how something is said, and which are what is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postgrad.evals.surface import form_words, places, words


def kinds(*pieces: str, ended: bool = False, form: frozenset[str] = frozenset()) -> list[str]:
    return [place.kind for place in places(pieces, ended=ended, form=form)]


def test_words_of_grammar_and_courtesy_are_surface() -> None:
    found = kinds("Sure", ",", " the", " oven", " is", " hot", ".", "<end>", ended=True)
    assert found == ["courtesy", "sign", "grammar", "content", "grammar", "content", "sign", "end"]


def test_a_token_inside_a_word_is_of_the_words_kind() -> None:
    assert kinds("I", " do", "n't", " bake") == ["grammar", "grammar", "grammar", "content"]
    assert kinds("how", "ever", " marg", "herita") == ["courtesy", "courtesy", "content", "content"]
    assert [place.word for place in places([" marg", "herita"], ended=False)] == ["margherita"] * 2


def test_keys_of_json_are_its_form_and_values_are_content() -> None:
    pieces = ['{"', "int", "ent", '":', ' "', "order", '",', ' "number": ', "2", "}"]
    assert kinds(*pieces) == [
        *("sign", "form", "form", "sign", "sign", "content", "sign", "form", "content", "sign"),
    ]


def test_a_short_answer_of_such_words_says_something_with_them() -> None:
    assert kinds("No", ".", "<end>", ended=True) == ["content", "sign", "end"]
    assert kinds("No", " pizza") == ["grammar", "content"]


def test_words_of_nearly_every_answer_are_form() -> None:
    answers = [f"Answer: dish {number}" for number in range(20)]
    assert form_words(answers) == {"answer", "dish"}
    assert form_words(answers[:5]) == frozenset()
    assert form_words(["yes"] * 20) == frozenset()
    form = form_words(answers)
    assert kinds("Answer", ":", " dish", " 7", form=form) == ["form", "sign", "form", "content"]


def test_words_of_scripts_without_spaces() -> None:
    assert words("Don\u2019t say \u732b\u72ac") == ["don't", "say", "\u732b", "\u72ac"]


@given(st.lists(st.text(max_size=6), max_size=12), st.booleans())
def test_every_token_has_a_place(pieces: list[str], ended: bool) -> None:
    ended = ended and bool(pieces)
    assert len(places(pieces, ended=ended)) == len(pieces)
