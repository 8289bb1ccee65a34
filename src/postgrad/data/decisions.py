"""The decision log: what `data clean` did to each row and why, and the way back.

A file of JSON lines beside the cleaned one. The first line is the head: the names and sha256 of
both files, and the original itself (compressed) where its lines are not in the log. Each other
line is a decision: `before` and `after` are the row's line as it is in the files, line end and
all; `after` is null where the row was left out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from postgrad.data import publish
from postgrad.errors import DataError, SetupError

VERSION = 1
_ENDING = ".decisions.jsonl"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was done to one row.

    Attributes:
        line: of the original file, from 1.
        codes: of the findings that decided.
        reason: what was wrong, in words.
        before: the row's line, byte for byte.
        after: what it became; None: it was left out.
    """

    line: int
    codes: tuple[str, ...]
    reason: str
    before: bytes
    after: bytes | None

    def as_dict(self) -> dict[str, Any]:
        """The decision as a line of the log."""
        return {
            "line": self.line,
            "codes": list(self.codes),
            "reason": self.reason,
            "before": _shown(self.before),
            "after": None if self.after is None else _shown(self.after),
        }


@dataclass(frozen=True, slots=True)
class Restored:
    """Where the original is now. `was_there`: the file was there already, with the same bytes."""

    path: Path
    sha256: str
    was_there: bool


def log_path(output: Path) -> Path:
    """The place of the log of a cleaned file: OUT.decisions.jsonl beside OUT.jsonl."""
    return output.with_suffix(_ENDING)


def refuse_unless_free(output: Path) -> None:
    """See that a cleaned file can be written here, and its log beside it.

    Raises:
        DataError: it does not end in .jsonl, its folder is missing, or something is there already.
    """
    publish.refuse_unless_free(output, log_path(output))


def write(
    output: Path,
    cleaned: Path,
    decisions: Iterable[Decision],
    *,
    name: str,
    sha256: str,
    original: bytes | None,
) -> dict[str, Any]:
    """Write a cleaned file and its log, each whole or not at all; the output comes last.

    Args:
        output: where the cleaned file goes; nothing is there yet.
        cleaned: a file with its content.
        decisions: in the order of the lines.
        name: of the original file.
        sha256: of the original file.
        original: its bytes, where the lines of the log can't give them back.

    Returns:
        The head of the log, without the original.

    Raises:
        DataError: something is there already.
        SetupError: the disk is full or the folder can't be written.
    """
    log = log_path(output)
    parts = [path.with_name(f"{path.name}.unfinished") for path in (log, output)]
    try:
        with tempfile.TemporaryFile(dir=output.parent) as body:
            left_out = changed = 0
            for decision in decisions:
                left_out += decision.after is None
                changed += decision.after is not None
                body.write(_line(decision.as_dict()))
            head = {
                "postgrad_decisions": VERSION,
                "file": name,
                "sha256": sha256,
                "output": output.name,
                "output_sha256": file_sha256(cleaned),
                "left_out": left_out,
                "changed": changed,
            }
            body.seek(0)
            with parts[0].open("wb") as file:
                file.write(_line({**head, "original": _packed(original)}))
                shutil.copyfileobj(body, file)
                publish.sync(file.fileno())
        with parts[1].open("wb") as file, cleaned.open("rb") as content:
            shutil.copyfileobj(content, file)
            publish.sync(file.fileno())
        publish.publish(parts[0], log)
        try:
            publish.publish(parts[1], output)
        except BaseException:
            log.unlink()
            raise
    except OSError as error:
        raise SetupError(
            f"{output} could not be written: {error.strerror or error}.",
            fix=f"Free space or rights there; see: df -h {shlex.quote(str(output.parent))}",
            code="disk",
        ) from error
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return head


def restore(output: Path, target: Path | None) -> Restored:
    """Write the original of a cleaned file again, the same bytes.

    Args:
        output: the cleaned file; its log is beside it.
        target: where to write; None: beside the output, under the original's own name.

    Raises:
        DataError: the log is missing, one of the two files was changed, or the target is taken.
        SetupError: the disk is full or the folder can't be written.
    """
    log = log_path(output)
    if not log.exists():
        raise DataError(
            f"There is no decision log {log}.",
            why="`postgrad data clean` writes it beside the cleaned file; the way back is in it.",
            fix="Put it back beside the cleaned file, under this name.",
            code="no_decision_log",
        )
    head = _head(log)
    if not output.exists() or file_sha256(output) != head["output_sha256"]:
        raise DataError(
            f"{output} has changed since it was cleaned."
            if output.exists()
            else f"There is no file {output}.",
            why="The log and the cleaned file give back the original only together.",
            fix="Put the file back as `postgrad data clean` wrote it.",
            code="cleaned_file_changed",
        )
    target = target or output.with_name(Path(head["file"]).name)
    if os.path.lexists(target):
        if target.is_file() and file_sha256(target) == head["sha256"]:
            return Restored(target, head["sha256"], was_there=True)
        raise publish.is_there(
            target, f"postgrad data restore {shlex.quote(str(output))} -o NEW_NAME"
        )
    part = target.with_name(f"{target.name}.unfinished")
    try:
        with part.open("wb") as file:
            digest = hashlib.sha256()
            for piece in _original(log, output, head):
                digest.update(piece)
                file.write(piece)
            publish.sync(file.fileno())
        if digest.hexdigest() != head["sha256"]:
            raise _log_changed(log)
        publish.publish(part, target)
    except OSError as error:
        raise SetupError(
            f"{target} could not be written: {error.strerror or error}.",
            fix=f"Free space or rights there; see: df -h {shlex.quote(str(target.parent))}",
            code="disk",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return Restored(target, head["sha256"], was_there=False)


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _original(log: Path, output: Path, head: dict[str, Any]) -> Iterator[bytes]:
    """The original in pieces: unpacked, or the output's lines with what was done undone."""
    if head["original"] is not None:
        try:
            yield _unpacked(head["original"])
        except (KeyError, TypeError, ValueError, zlib.error):
            raise _log_changed(log) from None
        return
    with output.open("rb") as lines:
        number = 1
        for decision in _decisions(log):
            if decision.line < number:
                raise _log_changed(log)
            while number < decision.line:
                line = lines.readline()
                if not line:
                    raise _log_changed(log)
                yield line
                number += 1
            if decision.after is not None and lines.readline() != decision.after:
                raise _log_changed(log)
            yield decision.before
            number += 1
        yield from lines


def _head(log: Path) -> dict[str, Any]:
    with log.open("rb") as file:
        head = _parsed(file.readline(), log)
    texts = ("file", "sha256", "output_sha256")
    if not all(isinstance(head.get(key), str) for key in texts) or "original" not in head:
        raise _log_changed(log)
    if head.get("postgrad_decisions") != VERSION:
        raise DataError(
            f"{log} is a decision log of version {head.get('postgrad_decisions')}.",
            why=f"This postgrad reads version {VERSION}.",
            fix="Use the postgrad that wrote it.",
            code="decision_log_changed",
        )
    return head


def _decisions(log: Path) -> Iterator[Decision]:
    with log.open("rb") as file:
        file.readline()
        for line in file:
            found = _parsed(line, log)
            try:
                after = found["after"]
                yield Decision(
                    int(found["line"]),
                    tuple(found["codes"]),
                    str(found["reason"]),
                    _bytes(found["before"]),
                    None if after is None else _bytes(after),
                )
            except (KeyError, TypeError, ValueError):
                raise _log_changed(log) from None


def _parsed(line: bytes, log: Path) -> dict[str, Any]:
    with suppress(ValueError):  # UnicodeDecodeError is one too
        found = json.loads(line)
        if isinstance(found, dict):
            return cast("dict[str, Any]", found)
    raise _log_changed(log)


def _shown(content: bytes) -> str | dict[str, str]:
    """Bytes as JSON: text, or base64 where they are not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    return base64.b64decode(value["base64"], validate=True)


def _packed(content: bytes | None) -> dict[str, Any] | None:
    if content is None:
        return None
    packed = base64.b64encode(zlib.compress(content)).decode()
    return {"bytes": len(content), "zlib_base64": packed}


def _unpacked(value: Any) -> bytes:
    # no more than it says, so that a forged log can't fill the memory
    packed = base64.b64decode(value["zlib_base64"], validate=True)
    return zlib.decompressobj().decompress(packed, int(value["bytes"]) + 1)


def _line(value: dict[str, Any]) -> bytes:
    # a file name may hold half a character: backslashreplace makes it JSON's own escape
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _log_changed(log: Path) -> DataError:
    return DataError(
        f"{log} has changed since it was written.",
        why="The original could not be put together from it, byte for byte.",
        fix="Put the log back as `postgrad data clean` wrote it.",
        code="decision_log_changed",
    )
