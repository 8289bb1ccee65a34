"""Mend: texts replaced inside a row of JSON, with every other byte of the row as it was.

Numbers keep their digits, escapes and spaces stay: only the strings that change are written anew.
A string that holds JSON itself, as the arguments of a tool call do, is mended inside, so that it
stays JSON. Keys are names, not data: they are never touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

# In valid JSON quotes stand only around strings, and only a key has a colon behind it.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(?P<key>[ \t\r\n]*:)?|-?[0-9][0-9.eE+-]*')


def mended(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A row's JSON text with the second of each pair written for the first.

    The longest old text comes first, and what was written is not looked at again; of two pairs
    with the same old text the first counts. A number that is exactly an old text is replaced too.
    """
    known: dict[str, str] = {}
    for old, new in pairs:
        if old:
            known.setdefault(old, new)
    ordered = dict(sorted(known.items(), key=lambda pair: len(pair[0]), reverse=True))
    return _in_json(text, ordered, text.isascii())


def _in_json(text: str, pairs: Mapping[str, str], is_ascii: bool) -> str:
    def write(found: re.Match[str]) -> str:
        token = found[0]
        if found["key"] is not None:
            return token
        if token[0] != '"':
            new = pairs.get(token)
            return token if new is None else json.dumps(new, ensure_ascii=is_ascii)
        value = json.loads(token)
        changed = _in_string(value, pairs, is_ascii)
        return token if changed == value else json.dumps(changed, ensure_ascii=is_ascii)

    return _TOKEN.sub(write, text)


def _in_string(value: str, pairs: Mapping[str, str], is_ascii: bool) -> str:
    if value in pairs:
        return pairs[value]
    return _in_json(value, pairs, is_ascii) if _holds_json(value) else _in_text(value, pairs)


def _in_text(text: str, pairs: Mapping[str, str]) -> str:
    parts = [(text, False)]
    for old, new in pairs.items():
        if old in text:
            parts = [piece for part in parts for piece in _cut(part, old, new)]
    return "".join(part for part, _ in parts)


def _cut(part: tuple[str, bool], old: str, new: str) -> list[tuple[str, bool]]:
    """A part of a text around the old words, with the new ones between; True: already new."""
    text, is_new = part
    if is_new or old not in text:
        return [part]
    first, *others = text.split(old)
    pieces = [(first, False)]
    for other in others:
        pieces += [(new, True), (other, False)]
    return pieces


def _holds_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
