"""Bytes as text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.data import strict_json
from postgrad.data.collect.texts import decoded, sound
from postgrad.errors import RowError


@given(st.text().filter(lambda text: "\0" not in text))
def test_utf_8_and_marked_utf_16_come_back(text: str) -> None:
    assert decoded(text.encode()) == text.removeprefix("\ufeff")
    assert decoded(b"\xef\xbb\xbf" + text.encode()) == text
    assert decoded(text.encode("utf-16")) == text
    assert decoded(text.encode("utf-32")) == text


def test_another_encoding_is_read_where_it_is_said() -> None:
    data = "déjà 5 €".encode("cp1252")
    assert decoded(data, "cp1252") == "déjà 5 €"
    assert decoded(data, declared="windows-1252") == "déjà 5 €"


@pytest.mark.parametrize(
    ("data", "encoding", "code"),
    [
        ("déjà".encode("cp1252"), None, "wrong_encoding"),
        (b"\x81\x8d", "cp1252", "wrong_encoding"),
        ("déjà".encode("cp1252"), "no-such-encoding", "wrong_encoding"),
        ("déjà".encode("cp1252"), "base64", "wrong_encoding"),
        (b"PK\x03\x04\0\0\xff", None, "not_text"),
    ],
)
def test_what_is_not_known_is_not_guessed(data: bytes, encoding: str | None, code: str) -> None:
    with pytest.raises(RowError) as caught:
        decoded(data, encoding)
    assert caught.value.code == code
    assert caught.value.fix


@given(st.text(st.characters()))
def test_sound_text_is_a_row_that_is_read_again(text: str) -> None:
    """Also with halves of characters, which no JSON reader of ours lets pass."""
    line = json.dumps({"text": sound(text)}, ensure_ascii=False).encode()
    assert strict_json.loads(line.decode()) == {"text": sound(text)}
    assert "\r" not in sound(text)
    assert sound(sound(text)) == sound(text)
