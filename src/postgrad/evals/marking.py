"""What scorers share: when two texts, words or JSON values count as the same.

Each scorer chooses one of these normal forms and says so; none of them repairs an answer.
"""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any, NoReturn, cast

MAX_JSON_DEPTH = 100
"""Deeper nesting is not read. RFC 8259 section 9 allows a limit; no real data nests this deep, but
a model that fell into a loop does, and would exhaust the stack."""

MAX_LEAF_WORDS = 4
"""A string of more words than this is prose: people would accept it in other words, so it earns
partial credit. Four words still hold names, dates and places (`quarter past one`, `New York City
Hall`), where another wording is another value."""

EACH_ITEM = None
"""Stands in a path for `[]`, any place in a list. Keys are strings, so it can't be one."""

Path = tuple[str | None, ...]
Leaf = tuple[str, Hashable]

# Scripts that put no space between words: Thai and Lao, Burmese, Khmer, kana, Han.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff])"
)
# What people and models put around a label. No sign that can be part of one: + - # % & = $ /
_AROUND_LABEL = (
    " \t\r\n\f\v\u00a0" + "\"'`*_.,:;!?()[]{}<>" + "\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def nfc(text: str) -> str:
    """Unicode normal form C: an accented letter is one character however it was typed."""
    return unicodedata.normalize("NFC", text)


def one_spaced(text: str) -> str:
    """NFC, every run of whitespace as one space, none at the ends. Case is kept."""
    return " ".join(nfc(text).split())


def folded(text: str) -> str:
    """`one_spaced` without case."""
    return one_spaced(nfc(text).casefold())


def label_form(text: str) -> str:
    """`folded`, without the quotes, brackets and stops around it: `"Yes."` becomes `yes`.

    A text of nothing but such signs is kept, or `?` and `!` would be the same label.
    """
    plain = folded(text)
    return plain.strip(_AROUND_LABEL) or plain


def spaced(text: str) -> str:
    """Each character of a script without spaces set off as a word of its own."""
    return _UNSPACED.sub(r" \1 ", text)


def num_words(text: str) -> int:
    """Words between spaces; each character of a script without spaces counts as one."""
    return len(spaced(text).split())


def rouge_words(text: str) -> list[str]:
    """Lower-cased runs of letters and digits.

    The same as rouge-score 0.1.2 without stemming for ASCII. Beyond it rouge-score drops every
    letter, so that no Russian or Chinese answer could score; here letters of all scripts and their
    marks are kept, and characters of scripts without spaces are words of their own.
    """
    lowered = spaced(nfc(text).lower())
    return "".join(sign if _is_word_sign(sign) else " " for sign in lowered).split()


def squad_words(text: str) -> list[str]:
    """Lower-cased words without punctuation and English articles, as SQuAD's own script does.

    Beyond ASCII, Unicode punctuation goes too, and characters of scripts without spaces are words
    of their own (the mixed segmentation of CMRC 2018, Cui et al. 2019).
    """
    kept = "".join(sign for sign in nfc(text).lower() if not _is_punctuation(sign))
    return spaced(_ARTICLES.sub(" ", kept)).split()


def overlap_f1(left: Counter[str], right: Counter[str]) -> float:
    """F1 = 2 x shared / (left + right), over two bags; 1.0 when both are empty."""
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 1.0


def read_json(text: str) -> dict[str, Any] | list[Any] | None:
    """The JSON object or array that a text is, surrounding whitespace aside; else None.

    Strict: no code fence, no comment, no NaN, nothing before or after.
    """
    try:
        value = json.loads(text.strip(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list) or _too_deep(value):
        return None
    return cast("dict[str, Any] | list[Any]", value)


def json_form(value: Any) -> Hashable:
    """A JSON value as a hashable one that is equal exactly where the values are.

    1 equals 1.0, the order of keys does not count, the order of lists does; `true` is not 1
    (in Python it would be), and strings are compared in NFC.
    """
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return "object", frozenset((nfc(key), json_form(item)) for key, item in members)
    if isinstance(value, list):
        return "array", tuple(json_form(item) for item in cast("list[Any]", value))
    return _scalar_form(value)


def json_leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every (path, value) at the ends of a JSON value; places in a list are all `EACH_ITEM`.

    An empty object or array is a leaf of its own: leaving a list out is not the same as saying
    that it is empty.
    """
    if isinstance(value, dict) and value:
        for key, item in cast("dict[str, Any]", value).items():
            yield from json_leaves(item, (*path, nfc(key)))
    elif isinstance(value, list) and value:
        for item in cast("list[Any]", value):
            yield from json_leaves(item, (*path, EACH_ITEM))
    else:
        yield path, value


def path_text(path: Path) -> str:
    """A path for people: `items[].size`; empty for a leaf at the top."""
    text = "".join("[]" if key is None else f".{key}" for key in path)
    return text.removeprefix(".")


def leaf_form(value: Any) -> Leaf:
    """A leaf for comparing: strings `folded`, everything else as in `json_form`."""
    if isinstance(value, dict | list):
        return ("object" if isinstance(value, dict) else "array"), ()
    return ("string", folded(value)) if isinstance(value, str) else _scalar_form(value)


def is_prose(value: Any) -> bool:
    """Whether a leaf is free text rather than a value: a string of more than four words."""
    return isinstance(value, str) and num_words(value) > MAX_LEAF_WORDS


def _scalar_form(value: Any) -> Leaf:
    if value is None:
        return "null", None
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, str):
        return "string", nfc(value)
    return "number", value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _too_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_JSON_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def _is_word_sign(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def _is_punctuation(sign: str) -> bool:
    return sign in string.punctuation or unicodedata.category(sign).startswith("P")
