"""Files gone wrong: valid data files with bytes flipped, cut, doubled, and worse put in."""

from __future__ import annotations

import json
import random

NASTY = (
    b"\xff", b"\x00", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b"\x85", b'"', b"\\",
    b"[", b"]", b"{", b"}", b",", b":", b"NaN", b"1e999", b"-", b"null", b'"\\ud800"', b"{" * 200,
    b"[" * 200, b'"role"', b'"content"', b'"messages"', b'"weight": 3', b'"tool_calls": [{}]',
    b'"assistant"', b"\xe2\x80\xa8", b"PK\x03\x04", b"\x1f\x8b", b"9" * 400, b"\xf0\x9f\x8d\x95",
)  # fmt: skip

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


def seed_file(kind: int, rows: int = 12) -> bytes:
    """A valid JSONL file of one format."""
    row = ROWS[kind % len(ROWS)]
    lines = (json.dumps({**row, "id": number}, ensure_ascii=False) for number in range(rows))
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def mutated(content: bytes, draw: random.Random, most: int = 8) -> bytes:
    """The file with up to `most` things done to it."""
    data = bytearray(content)
    for _ in range(draw.randint(1, most)):
        at = draw.randrange(len(data) + 1)
        way = draw.randrange(5)
        if way == 0 and data:
            data[min(at, len(data) - 1)] = draw.randrange(256)
        elif way == 1:
            data[at:at] = draw.choice(NASTY)
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
