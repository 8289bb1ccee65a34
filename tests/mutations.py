"""Files gone wrong: valid data files with bytes flipped, cut, doubled, and worse put in; and files
that are still JSON, with values of another type, keys gone or misspelt, lists grown or nested."""

from __future__ import annotations

import copy
import csv
import importlib.util
import io
import json
import random
from collections.abc import Callable
from functools import cache
from typing import Any

NASTY = (
    b"\xff", b"\x00", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b"\x85", b'"', b"\\",
    b"[", b"]", b"{", b"}", b",", b":", b"NaN", b"1e999", b"-", b"null", b'"\\ud800"', b"{" * 200,
    b"[" * 200, b'"role"', b'"content"', b'"messages"', b'"weight": 3', b'"tool_calls": [{}]',
    b'"assistant"', b"\xe2\x80\xa8", b"PK\x03\x04", b"\x1f\x8b", b"9" * 400, b"\xf0\x9f\x8d\x95",
)  # fmt: skip

TEXT_ONLY = tuple(each for each in NASTY if each.isascii() and b"\0" not in each)
"""What leaves a file in UTF-8, so that more of it is read."""

_TURNS = [
    {"role": "system", "content": "You sell pizza."},
    {
        "role": "user",
        "content": "Is the Marinara vegan? Write to ana@example.org or +1 415 555 2671.",
    },
    {"role": "assistant", "content": "It is: tomato, garlic, oregano, oil.", "weight": 1},
]
_CALL = {"id": "c", "type": "function", "function": {"name": "book", "arguments": '{"guests": 2}'}}
_TOOL = {"type": "function", "function": {"name": "book", "parameters": {"type": "object"}}}
ROWS = (
    {"messages": _TURNS},
    {"messages": [_TURNS[1], {"role": "assistant", "content": None, "tool_calls": [_CALL]}],
     "tools": [_TOOL]},
    {"prompt": "Is it vegan?", "completion": "The Marinara is."},
    {"instruction": "Translate.", "input": "Guten Tag", "output": "Good day"},
    {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]},
    {"text": "Plain text for continued pre-training."},
)  # fmt: skip


@cache
def seed_file(kind: int, rows: int = 12) -> bytes:
    """A valid JSONL file of one format."""
    row = ROWS[kind % len(ROWS)]
    lines = (json.dumps({**row, "id": number}, ensure_ascii=False) for number in range(rows))
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


@cache
def json_list(kind: int) -> bytes:
    """The same rows as one list, on several lines."""
    rows = [json.loads(line) for line in seed_file(kind).splitlines()]
    return json.dumps(rows, indent=kind % 3 or None, ensure_ascii=bool(kind % 2)).encode()


@cache
def table(kind: int, delimiter: str) -> bytes:
    """A table of questions and answers, some cells in quotes; or one with cells of JSON."""
    text = io.StringIO()
    lines = csv.writer(text, delimiter=delimiter, lineterminator="\r\n" if kind % 2 else "\n")
    if kind % 3:
        lines.writerow(["prompt", "completion"])
        lines.writerows([f'Is it "{n}"?', f"It is,\nand {n}{delimiter} so."] for n in range(12))
    else:
        lines.writerow(["messages"])
        lines.writerows([json.dumps(_TURNS)] for _ in range(12))
    return text.getvalue().encode()


@cache
def plain_text(kind: int) -> bytes:
    """Paragraphs, or documents with a mark between them."""
    mark = "\n<|endoftext|>\n" if kind % 2 else "\n\n"
    return mark.join(f"# {n}\n\n{'It is so. ' * 30}" for n in range(12)).encode()


@cache
def parquet_file(kind: int) -> bytes:
    """Columns of text, of numbers, and of lists of structs, in one of four compressions."""
    import pyarrow
    from pyarrow import parquet

    columns: dict[str, Any] = {"prompt": ["Is it vegan?"] * 12, "completion": ["It is."] * 12}
    if kind % 2:
        columns = {"messages": [_TURNS] * 12, "score": [0.5, None] * 6}
    sink = io.BytesIO()
    names = ("none", "snappy", "gzip", "zstd")
    parquet.write_table(pyarrow.table(columns), sink, compression=names[kind % 4])
    return sink.getvalue()


MAKERS: tuple[tuple[str, Callable[[int], bytes]], ...] = (
    (".jsonl", seed_file),
    (".json", json_list),
    (".csv", lambda kind: table(kind, ",;"[kind % 2])),
    (".tsv", lambda kind: table(kind, "\t")),
    (".txt", plain_text),
    (".md", plain_text),
    *([(".parquet", parquet_file)] * bool(importlib.util.find_spec("pyarrow"))),
)
"""Valid files of every kind that is read."""


def damaged(number: int, draw: random.Random) -> tuple[str, bytes]:
    """(ending, content) of a file with something wrong with it, half of them JSON Lines."""
    suffix, make = MAKERS[draw.randrange(1, len(MAKERS)) if number % 2 else 0]
    content = make(draw.randrange(12))
    way = draw.randrange(8)
    if way < 3 and suffix in (".jsonl", ".json"):
        content = misshapen(content, suffix, draw)
    elif way == 3:
        other = MAKERS[draw.randrange(len(MAKERS))][1](draw.randrange(12))
        content = content[: draw.randrange(len(content))] + other[draw.randrange(len(other)) :]
    elif way == 4:
        content = content[: draw.randrange(len(content))]
    return suffix, content if way < 3 and draw.random() < 0.7 else mutated(content, draw)


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**30, float("nan"), float("inf"), "", " ", "\ud800", "\ufdd0",
    "a\0b", [], {}, [[]], [{}], {"": ""}, "x" * 5000, "\u202e", "[Your Name]", "<p>&amp;</p>",
    "<|im_end|>", ["a", "b"], {"role": "user"}, {"role": "assistant", "content": None},
    {"type": "text"}, "assistant", "system", "tool", '{"a": 1}', "NaN", "\u0000",
    "a@b.co +1 415 555 2671",
)  # fmt: skip


def misshapen(content: bytes, suffix: str, draw: random.Random) -> bytes:
    """The same rows, in each of some of which something is of another shape."""
    rows = json.loads(content) if suffix == ".json" else list(map(json.loads, content.splitlines()))
    for _ in range(draw.randint(1, 5)):
        _reshape(rows, draw)
    ascii_only = draw.random() < 0.5
    told = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
    text = f"[{','.join(told)}]" if suffix == ".json" else "\n".join(told)
    return text.encode("utf-8", "surrogatepass")


def _reshape(value: Any, draw: random.Random) -> None:
    """Change something, somewhere inside a value."""
    while True:
        steps = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not steps:
            return
        step = draw.choice(steps)
        inner = value[step]
        if isinstance(inner, dict | list) and inner and draw.random() < 0.8:
            value = inner
            continue
        way = draw.randrange(6)
        if way < 2:
            value[step] = copy.deepcopy(draw.choice(ODD))  # else it would grow into itself
        elif way == 2:
            del value[step]
        elif way == 3:
            for _ in range(draw.choice((1, 3, 70))):
                inner = [inner] if draw.random() < 0.5 else {"content": inner}
            value[step] = inner
        elif isinstance(value, list):
            value[step:step] = [inner] * draw.choice((1, 2, 50))
        else:
            value[str(step)[:-1] if way == 4 else f"{step} "] = value.pop(step)
        return


def mutated(content: bytes, draw: random.Random, most: int = 8) -> bytes:
    """The file with up to `most` things done to it."""
    data = bytearray(content)
    for _ in range(draw.randint(1, most)):
        at = draw.randrange(len(data) + 1)
        way = draw.randrange(5)
        if way == 0 and data:
            data[min(at, len(data) - 1)] = draw.randrange(256 if draw.random() < 0.3 else 128)
        elif way == 1:
            data[at:at] = draw.choice(NASTY if draw.random() < 0.4 else TEXT_ONLY)
        elif way == 2:
            del data[at : at + draw.randint(1, 60)]
        elif way == 3:
            data[at:at] = data[at : at + draw.randint(1, 200)]
        else:
            other = draw.randrange(len(data) + 1)
            data[at : at + 30], data[other : other + 30] = (
                data[other : other + 30],
                data[at : at + 30],
            )
    return bytes(data)
