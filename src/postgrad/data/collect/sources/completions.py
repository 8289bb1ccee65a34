"""Stored completions of OpenAI's API (`store: true`), as chats.

The API gives a completion without the messages that led to it (`chat.completions.list`); these
have a call of their own (`chat.completions.messages.list`). Both are accepted: completions that
carry their `messages`, and pages of completions and of messages side by side, which find each other
by the completion's id. Logs of a `request` and its `response` are read too.

Source: OpenAI's API reference, "List Chat Completions" and "Get chat messages".
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from postgrad.core.collecting import Look, Row, Skipped, Used, Visit
from postgrad.data.collect.json_objects import json_objects
from postgrad.data.collect.spill import table
from postgrad.data.collect.walk import Found, count, walk
from postgrad.data.fields import is_list, is_object, text_at
from postgrad.data.formats.openai_chat import OpenAIChat
from postgrad.data.messages import KEYS
from postgrad.errors import DataError, RowError, SetupError

ENDINGS = (".json", ".jsonl", ".ndjson")
MOST_MESSAGES = 1000
"""Of one completion: far more than any context holds. Bounds the memory."""

_SEEN_IN = re.compile(rb'"object"\s*:\s*"(?:chat\.completion|list)"|"choices"\s*:')
_MESSAGE_ID = re.compile(r"(?P<completion>.+)-(?P<position>\d+)", re.DOTALL)
"""Of a stored message: chatcmpl-AyPN-0 is the first message of chatcmpl-AyPN."""

FETCH = "Write each completion with its messages: docs/collect.md has the ten lines that do."


class Completions:
    """JSON or JSONL files of completions, or a folder of them."""

    name = "completions"
    title = "stored completions"
    item = "completion"
    gives = "chats"

    def recognises(self, look: Look) -> int:
        """How many files begin as an export of completions does."""
        if not look.is_folder:
            is_json = look.path.suffix.lower() in ENDINGS
            return int(is_json and bool(_SEEN_IN.search(look.head)))
        first = min((name for name in look.names if name.lower().endswith(ENDINGS)), default="")
        if not first or not _begins_so(look.path / first):
            return 0
        return sum(number for ending, number in look.endings.items() if ending in ENDINGS)

    def collect(self, path: Path, visit: Visit) -> Iterator[Used | Skipped]:
        """The chat of each completion, and what could not be one."""
        total = count(path)
        statements = (
            "CREATE TABLE completions (place TEXT, id TEXT, row TEXT)",
            "CREATE TABLE messages (id TEXT, position INTEGER, place TEXT, message TEXT)",
        )
        with table(visit.scratch, *statements) as spill:
            for done, found in enumerate(walk(path, visit.label), 1):
                if isinstance(found, Skipped):
                    yield found
                elif found.path.suffix.lower() in ENDINGS:
                    yield from _read(found, spill)
                else:
                    yield Skipped(found.source, "other_kind", "It is no JSON.")
                visit.progress(done, total, "files")
            yield from _joined(spill)


def _begins_so(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return bool(_SEEN_IN.search(file.read(4096)))
    except OSError:
        return False


def _read(found: Found, spill: sqlite3.Connection) -> Iterator[Used | Skipped]:
    try:
        for place, value in json_objects(found.path):
            told = _object(f"{found.source}:{place}", value, spill)
            if told is not None:
                yield told
    except (DataError, SetupError) as error:  # of one file; the others can still be read
        yield Skipped(found.source, error.code, error.what, error.fix)


def _object(
    source: str, value: Mapping[str, Any] | RowError, spill: sqlite3.Connection
) -> Used | Skipped | None:
    """What an object gives; None if it waits for its other half."""
    if isinstance(value, RowError):
        return _skipped(source, value)
    request, response = (_inner(value, key) for key in ("request", "response"))
    if "choices" in response:
        given = (value.get("messages"), value.get("input"), request.get("messages"))
        messages = next((each for each in given if is_list(each) and each), None)
        row = {"choices": response["choices"], "tools": value.get("tools") or request.get("tools")}
        if messages is not None:
            return _used(source, messages, row)
        kept = json.dumps(row, ensure_ascii=False)
        spill.execute(
            "INSERT INTO completions VALUES (?, ?, ?)", (source, str(response.get("id")), kept)
        )
        return None
    name = _MESSAGE_ID.fullmatch(str(value.get("id")))
    if name and "role" in value:
        kept = json.dumps(value, ensure_ascii=False)
        spill.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?)",
            (name["completion"], int(name["position"][:18]), source, kept),
        )
        return None
    return Skipped(source, "no_completion", "It has no choices: it is no completion.")


def _joined(spill: sqlite3.Connection) -> Iterator[Used | Skipped]:
    """Completions with their messages, and either without the other."""
    spill.execute("CREATE INDEX by_completion ON messages (id, position)")
    spill.execute("CREATE INDEX by_id ON completions (id)")
    for source, name, row in spill.execute("SELECT * FROM completions ORDER BY rowid"):
        found = spill.execute(
            "SELECT message FROM messages WHERE id = ? ORDER BY position LIMIT ?",
            (name, MOST_MESSAGES),
        )
        messages = [json.loads(message) for (message,) in found]
        if messages:
            yield _used(source, messages, json.loads(row))
        else:
            what = "The messages that led to it are not there: the API lists completions without."
            yield Skipped(source, "no_messages", what, FETCH)
    orphans = spill.execute(
        "SELECT place FROM messages WHERE id NOT IN (SELECT id FROM completions)"
        " GROUP BY id ORDER BY min(rowid)"
    )
    for (source,) in orphans:
        yield Skipped(source, "no_choices", "Messages whose completion is not there.", FETCH)


def _used(source: str, messages: list[Any], row: Mapping[str, Any]) -> Used | Skipped:
    try:
        answer = _answer(row["choices"])
        turns = [_turn(message) for message in [*messages, answer]]
        tools = {"tools": row["tools"]} if row.get("tools") else {}
        return Used(Row(OpenAIChat().record({"messages": turns, **tools}), source))
    except RowError as error:
        return _skipped(source, error)


def _answer(choices: Any) -> Any:
    """The message of the first choice, if it came to its end."""
    first = choices[0] if is_list(choices) and choices else None
    if not is_object(first) or not is_object(first.get("message")):
        raise RowError("It has no answer.", code="no_choices")
    finish = first.get("finish_reason")
    if finish in ("length", "content_filter"):
        raise RowError(
            f"Its answer was cut off ({finish}).",
            why="The model would learn to stop in the middle.",
            code="cut_answer",
        )
    if first["message"].get("refusal"):
        raise RowError(
            "The model refused to answer.", why="Refusals are learned too.", code="refusal"
        )
    return first["message"]


def _turn(message: Any) -> Any:
    """A message without what the API adds to it: its id, annotations, empty keys."""
    if not is_object(message):
        return message
    if message.get("audio"):
        text_at(message["audio"], "audio")
    kept = {key: message[key] for key in KEYS if message.get(key) is not None}
    if "content" not in kept and is_list(message.get("content_parts")):
        kept["content"] = message["content_parts"]
    return {"content": None, **kept}


def _inner(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under a key (of a batch's log, its `body`); the object itself without it."""
    inner = value.get(key)
    found = inner if is_object(inner) else value
    body = found.get("body")
    return body if is_object(body) else found


def _skipped(source: str, error: RowError) -> Skipped:
    path = f"{error.path}: " if error.path and error.path not in error.what else ""
    return Skipped(source, error.code, f"{path}{error.what} {error.why}".strip(), error.fix)
