"""Texts replaced inside a row: these and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.data.mend import mended

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_a_row_without_the_old_text_stays_byte_for_byte(
    value: Any, is_ascii: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent)
    assert mended(text, [("no such text is in the row!", "x")]) == text


@given(st.lists(st.text(max_size=30), min_size=1), st.text(max_size=5))
def test_every_place_is_mended(texts: list[str], new: str) -> None:
    row = json.dumps({"texts": [f"{text} §old§ {text}" for text in texts]})
    assert json.loads(mended(row, [("§old§", new)])) == {
        "texts": [f"{text} {new} {text}" for text in texts]
    }


def test_numbers_escapes_and_keys_stay() -> None:
    row = '{"ana": 1.50, "b": [1e3,  "\\u00e9 \\/ ana"], "c": "Ana \\/"}'
    assert mended(row, [("ana", "[NAME_1]")]) == (
        '{"ana": 1.50, "b": [1e3,  "\\u00e9 / [NAME_1]"], "c": "Ana \\/"}'
    )


def test_only_whole_words_and_numbers() -> None:
    row = json.dumps({"a": "ana, banana and ana_2; 1234, 51234 and 12345", "n": [1234, 12345]})
    found = json.loads(mended(row, [("ana", "N"), ("1234", "C")]))
    assert found == {"a": "N, banana and ana_2; C, 51234 and 12345", "n": ["C", 12345]}


def test_damage_is_mended_inside_words() -> None:
    assert json.loads(mended(json.dumps("cafÃ©s"), [("Ã©", "é")])) == "cafés"


@pytest.mark.parametrize("is_ascii", [True, False])
def test_json_inside_a_string_stays_json(is_ascii: bool) -> None:
    arguments = json.dumps({"to": "ana@b.de", "note": "für ana@b.de"}, ensure_ascii=is_ascii)
    row = json.dumps({"arguments": arguments}, ensure_ascii=is_ascii)
    inner = json.loads(json.loads(mended(row, [("ana@b.de", 'A "quoted" \\ name')]))["arguments"])
    assert inner == {"to": 'A "quoted" \\ name', "note": 'für A "quoted" \\ name'}


def test_the_longest_comes_first_and_nothing_is_replaced_twice() -> None:
    pairs = [("ana", "[NAME_1]"), ("ana wolf", "[NAME_2]"), ("NAME", "x")]
    assert mended('"ana wolf and ana"', pairs) == '"[NAME_2] and [NAME_1]"'
