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
    old = [each for each in pairs if each in text]
    if not old:
        return text
    return re.sub("|".join(map(_whole, old)), lambda found: pairs[found[0]], text)


def _whole(old: str) -> str:
    """The pattern of an old text that is no part of a longer word or number: `ana` is not masked
    in `banana`. Letters outside ASCII may be damage, which sits inside words."""
    before = r"(?<![A-Za-z0-9_])" if re.match("[A-Za-z0-9_]", old) else ""
    after = r"(?![A-Za-z0-9_])" if re.search("[A-Za-z0-9_]\\Z", old) else ""
    return f"{before}{re.escape(old)}{after}"


def _holds_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
