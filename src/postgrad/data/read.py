"""From a file to rows: JSONL, JSON lists, CSV, Parquet and plain text.

What is wrong with one row becomes that row's error and reading goes on. What makes the whole file
unreadable (another encoding, an archive) is a DataError with the command that mends it.
Text files are read as UTF-8, with or without BOM, with LF or CRLF; both give the same rows.
"""

from __future__ import annotations

import csv
import difflib
import itertools
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from postgrad.data import strict_json
from postgrad.data.fields import is_object, json_type, shown
from postgrad.data.parquet import parquet_rows
from postgrad.data.text_files import text_parts
from postgrad.errors import DataError, RowError

MAX_LINE_BYTES = 32 * 1024 * 1024
"""Longest line; about 8 million tokens, far beyond any context. Bounds the memory for bad files."""

EXTENSIONS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt", ".md")

# CSV and Parquet hold these as strings of JSON. Not `prompt`: its JSON may be the prompt itself.
JSON_COLUMNS = (
    "messages",
    "conversations",
    "tools",
    "functions",
    "history",
    "parallel_tool_calls",
)

_SHOWN_PATH = 300  # characters of a path that can't be one: Linux allows names of 255 bytes

_RAW_LIMIT = 10_000  # characters of an unreadable line that are kept with its rejection

# (first bytes, what it is, the command that makes it readable)
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "gzip", "gunzip -c {file} > {out}"),
    (b"BZh", "bzip2", "bunzip2 -c {file} > {out}"),
    (b"\xfd7zXZ\x00", "xz", "xz -dc {file} > {out}"),
    (b"\x28\xb5\x2f\xfd", "Zstandard", "zstd -dc {file} > {out}"),
    (b"PK\x03\x04", "zip (or Excel)", "unzip {file}   (Excel: save as CSV UTF-8)"),
    (b"PAR1", "Parquet", "mv {file} {stem}.parquet"),
    (b"SQLite format 3", "SQLite", "sqlite3 -csv -header {file} 'select ...' > {stem}.csv"),
)

# UTF-32 first: its little-endian mark begins with UTF-16's.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a file, or what is wrong with it.

    `line` is 1-based: the row's first line in a text file, its number in Parquet.
    `raw` is the line itself where it could not be read as a row.
    """

    line: int
    row: Mapping[str, Any] | None
    error: RowError | None = None
    raw: str = ""


Told = Callable[[float], None]
"""Called again and again with the share of a file that has been read."""


def _untold(share: float) -> None:
    """Nobody wants to know."""


def read_rows(path: Path, told: Told = _untold) -> Iterator[SourceRow]:
    """The rows of a file, one by one, in its order; blank lines are left out.

    Raises:
        DataError: the file is missing, empty, of an unknown kind, an archive, or not UTF-8.
        SetupError: a Parquet file without pyarrow.
    """
    check_file(path)
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            _check_head(file.peek(4096)[:4096], path)
            if suffix == ".parquet":
                rows = _parquet(path, told)
            elif suffix in (".csv", ".tsv"):
                rows = _csv(_lines(file, path, told), path, "\t" if suffix == ".tsv" else "")
            elif suffix in (".txt", ".md"):
                rows = _text(_decoded(file.read(), path))
            elif suffix == ".json":
                rows = _json(_decoded(file.read(), path), path, told)
            else:
                rows = _json_lines(_lines(file, path, told))
            yield from rows
    except OSError as error:
        raise _unreadable(path, error) from error


def check_file(path: Path) -> None:
    """Raises DataError if there is no such file, naming the nearest one, or if it is none."""
    try:
        _check_file(path)
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise _unreadable(path, error) from error


def _check_file(path: Path) -> None:
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if p.suffix.lower() in EXTENSIONS)
        raise DataError(
            f"{path} is a folder, not a file.",
            fix=f"Name a file in it: {path / inside[0]}" if inside else "Name a data file.",
            code="folder_given",
        )
    if not path.exists():
        if path.is_symlink():
            raise DataError(
                f"{path} is a link that leads nowhere, or in a circle.",
                fix=f"See where it leads with: ls -l {shlex.quote(str(path))}",
                code="file_not_found",
            )
        folder = path.parent
        beside = [p.name for p in folder.iterdir() if p.is_file()] if folder.is_dir() else []
        # by stem: the extension alone would make any two data files look alike
        stems = {Path(name).stem: name for name in sorted(beside)}
        near = difflib.get_close_matches(path.stem, stems, n=1)
        raise DataError(
            f"There is no file {path}."
            if folder.is_dir()
            else f"There is no file {path}: its folder {folder} does not exist.",
            fix=f"Did you mean {folder / stems[near[0]]}?"
            if near
            else "Check the name of the file.",
            code="file_not_found",
        )
    if not path.is_file():  # a device may have no end, and a pipe nobody who writes to it
        raise DataError(
            f"{path} is a pipe or a device, not a file.",
            why="Data is read more than once: to detect its format, to check it, to clean it.",
            fix=f"Write it into a file: cat {shlex.quote(str(path))} > data.jsonl",
            code="not_a_file",
        )


def _unreadable(path: Path, error: OSError) -> DataError:
    shown = str(path) if len(str(path)) <= _SHOWN_PATH else f"{str(path)[:_SHOWN_PATH]}…"
    return DataError(
        f"{shown} can't be read: {error.strerror or error}.",
        fix=f"Check it with: ls -l {shlex.quote(shown)}",
        code="unreadable_file",
    )


def _check_head(head: bytes, path: Path) -> None:
    """Name what is not UTF-8 text (or Parquet) by the first bytes."""
    file, stem = shlex.quote(str(path)), shlex.quote(str(path.with_suffix("")))
    suffix = path.suffix.lower()
    if not head:
        raise _empty(path)
    for magic, kind, command in _MAGIC:
        if head.startswith(magic) and not (kind == "Parquet" and suffix == ".parquet"):
            inner = path.with_suffix("")
            plain = inner if inner.suffix.lower() in EXTENSIONS else path.with_suffix(".jsonl")
            out = plain if plain != path else path.with_name(f"plain-{path.name}")
            raise DataError(
                f"{path} is a {kind} file.",
                why=f"Known kinds: {', '.join(EXTENSIONS)}, not compressed.",
                fix=command.format(file=file, out=shlex.quote(str(out)), stem=stem),
                code="wrong_container",
            )
    if suffix not in EXTENSIONS:
        raise DataError(
            f"{path} has the extension {suffix!r}, which says nothing about its content."
            if suffix
            else f"{path} has no extension.",
            why=f"Known: {', '.join(EXTENSIONS)}.",
            fix=f"Rename it, for example: mv {file} {stem}.jsonl",
            code="unknown_extension",
        )
    encoding = "" if suffix == ".parquet" else _wide_encoding(head)
    if encoding:
        out = shlex.quote(str(path.with_name(f"{path.stem}.utf8{path.suffix}")))
        raise DataError(
            f"{path} is {encoding[:6]} text.",
            why="Data files are read as UTF-8.",
            fix=f"iconv -f {encoding} -t UTF-8 {file} > {out}",
            code="wrong_encoding",
        )


def _wide_encoding(head: bytes) -> str:
    """The name of a UTF-16 or UTF-32 encoding, by its mark or by where its zero bytes are."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    # ASCII in UTF-16 is every second byte zero, in UTF-32 three of four; a quarter leaves room for
    # other scripts, and is far more than stray zero bytes make.
    quads = [head[start::4].count(0) * 4 / len(head) for start in range(4)]
    if sum(share > 0.5 for share in quads) == 3:  # four of four are just zero bytes
        return "UTF-32LE" if quads[0] <= 0.5 else "UTF-32BE"
    even, odd = (head[start::2].count(0) * 2 / len(head) for start in (0, 1))
    if max(even, odd) > 0.25 and min(even, odd) < 0.05:
        return "UTF-16LE" if odd > even else "UTF-16BE"
    return ""


def _lines(file: BinaryIO, path: Path, told: Told) -> Iterator[tuple[int, str | None]]:
    """(number, text without its line end) of each line; None for a line that is too long."""
    offset, size = 0, max(1, path.stat().st_size)
    for number in itertools.count(1):
        chunk = file.readline(MAX_LINE_BYTES + 1)
        if not chunk:
            return
        start, offset = offset, offset + len(chunk)
        if len(chunk) > MAX_LINE_BYTES and not chunk.endswith(b"\n"):
            while chunk and not chunk.endswith(b"\n"):
                chunk = file.readline(1 << 20)
                offset += len(chunk)
            yield number, None
            continue
        told(offset / size)
        text = _decoded(chunk, path, start, number)
        yield number, text.removesuffix("\n").removesuffix("\r")


def _decoded(data: bytes, path: Path, offset: int = 0, line: int = 0) -> str:
    """Bytes as text, without BOM; `offset` and `line` say where in the file they begin."""
    if b"\0" in data:
        at = data.index(b"\0")
        place = f"line {line or data.count(10, 0, at) + 1}, byte {offset + at}"
        out = shlex.quote(str(path.with_name(f"{path.stem}.clean{path.suffix}")))
        raise DataError(
            f"{path} has a NUL byte ({place}).",
            why="Text has none: the file is damaged (a full disk, a broken copy) or binary.",
            fix=f"Copy it again, or remove them: tr -d '\\000' < {shlex.quote(str(path))} > {out}",
            code="nul_bytes",
        )
    try:
        # joined files have a BOM in their middle too
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        at = error.start
        place = f"line {line or data.count(10, 0, at) + 1}, byte {offset + at}"
        out = shlex.quote(str(path.with_name(f"{path.stem}.utf8{path.suffix}")))
        raise DataError(
            f"{path} is not UTF-8: 0x{data[at]:02x} at {place}.",
            why="Often it is Windows-1252 (Excel, older Windows programs).",
            fix=f"iconv -f WINDOWS-1252 -t UTF-8 {shlex.quote(str(path))} > {out}",
            code="wrong_encoding",
        ) from None


def _json_lines(lines: Iterable[tuple[int, str | None]]) -> Iterator[SourceRow]:
    for number, text in lines:
        if text is None:
            yield SourceRow(number, None, _too_long())
        elif text.strip():
            try:
                value = strict_json.loads(text)
            except RowError as error:
                yield SourceRow(number, None, error, text[:_RAW_LIMIT])
                continue
            yield _row(number, value, text)


def _row(line: int, value: Any, text: str) -> SourceRow:
    if is_object(value):
        return SourceRow(line, value)
    error = RowError(
        f"The row is {json_type(value)} ({shown(value)}), not a JSON object.",
        fix='A row is {"key": value, ...}. A file that is one list is named .json, or: jq -c ".[]"',
        code="row_not_object",
    )
    return SourceRow(line, None, error, text[:_RAW_LIMIT])


def _json(text: str, path: Path, told: Told) -> Iterator[SourceRow]:
    """A .json file: one list of rows, or rows line by line."""
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] != "[":
        yield from _json_lines(enumerate(text.split("\n"), 1))
        return
    line, counted = 1, 0
    filled = re.compile(r"[^ \t\r\n]")

    def skip(index: int) -> int:
        found = filled.search(text, index)
        return found.start() if found else len(text)

    index = skip(start + 1)
    closed = text[index : index + 1] == "]"
    while not closed:
        line, counted = line + text.count("\n", counted, index), index
        told(index / len(text))
        try:
            value, end, problem = strict_json.decode(text, index)
        except RowError as error:
            raise _broken_list(path, line, error.what) from None
        if problem:
            yield SourceRow(line, None, problem, text[index:end][:_RAW_LIMIT])
        else:
            yield _row(line, value, text[index:end])
        index = skip(end)
        closed = text[index : index + 1] == "]"
        if not closed and text[index : index + 1] != ",":
            line += text.count("\n", counted, index)
            raise _broken_list(path, line, "A comma or ] is missing after a row.")
        index = skip(index + 1)
    if text[index:].strip(" \t\r\n]"):
        raise _broken_list(path, line, "There is more after the list.")


def _broken_list(path: Path, line: int, what: str) -> DataError:
    return DataError(
        f"{path}, line {line}: the list of rows is broken. {what}",
        why="What comes after the fault in a JSON list can't be read.",
        fix="Mend the list, or write one JSON object on each line of a .jsonl file.",
        code="invalid_json",
    )


def _csv(
    lines: Iterator[tuple[int, str | None]], path: Path, delimiter: str
) -> Iterator[SourceRow]:
    first = next(lines, (1, ""))
    if not delimiter:
        # Excel writes semicolons where the comma is the decimal mark.
        head = first[1] or ""
        delimiter = next((mark for mark in ",;\t" if mark in head), ",")
    # The limit is one for the whole process; Python's default of 131072 cuts real documents.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))
    texts = _csv_lines(itertools.chain([first], lines), path)
    reader = csv.reader(texts, delimiter=delimiter, strict=True)
    header: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            bare = "new-line character" in str(error)
            if bare and not header:
                raise _bare_returns(path, line) from None
            if "unexpected end" in str(error) or "field limit" in str(error) or not header:
                raise _open_quote(path, line) from None
            reason = "a carriage return (\\r) stands outside of them" if bare else str(error)
            yield SourceRow(line, None, _bad_quotes(reason))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header:
            yield _csv_row(line, header, cells)
        else:
            header = _header(cells, path)


def _csv_lines(lines: Iterator[tuple[int, str | None]], path: Path) -> Iterator[str]:
    for number, text in lines:
        if text is None:
            told = _too_long()
            raise DataError(f"{path}, line {number}: {told.what}", fix=told.fix, code=told.code)
        yield text + "\n"


def _header(cells: list[str], path: Path) -> list[str]:
    header = [cell.strip() for cell in cells]
    twice = sorted(name for name, count in Counter(header).items() if name and count > 1)
    if twice:
        raise DataError(
            f"{path}: the column {twice[0][:60]!r} occurs twice in the first line.",
            why="The first line of a CSV file names its columns.",
            fix="Rename or remove one of them.",
            code="duplicate_column",
        )
    return header


def _csv_row(line: int, header: list[str], cells: list[str]) -> SourceRow:
    # A column without a name (pandas' index) has nothing that a format could ask for.
    row: dict[str, Any] = {name: cell for name, cell in zip(header, cells, strict=False) if name}
    if len(cells) != len(header):
        error = RowError(
            f"The row has {len(cells)} cells, the first line has {len(header)}.",
            why="Often a comma or a quote inside a text that is not in quotes.",
            fix='Put the text in quotes, and double the quotes in it: "say ""hi"", please".',
            code="wrong_cell_count",
        )
        return SourceRow(line, None, error, json.dumps(cells, ensure_ascii=False)[:_RAW_LIMIT])
    return _with_json_columns(line, row)


def _with_json_columns(line: int, row: dict[str, Any]) -> SourceRow:
    """Parse the columns that hold JSON; an empty one counts as absent."""
    for name in JSON_COLUMNS:
        if not isinstance(row.get(name), str):
            continue
        if not row[name].strip():
            del row[name]
            continue
        try:
            row[name] = strict_json.loads(row[name])
        except RowError as error:
            problem = RowError(
                f"The cell {name} holds no valid JSON. {error.what}",
                path=name,
                fix="Write it with json.dumps(value), not with str(value).",
                code="invalid_json",
            )
            return SourceRow(line, None, problem, json.dumps(row, ensure_ascii=False)[:_RAW_LIMIT])
    return SourceRow(line, row)


def _parquet(path: Path, told: Told) -> Iterator[SourceRow]:
    for number, row in enumerate(parquet_rows(path, MAX_LINE_BYTES, told), 1):
        if isinstance(row, RowError):
            yield SourceRow(number, None, row)
        else:
            yield _with_json_columns(number, row)


def _text(text: str) -> Iterator[SourceRow]:
    for line, part in text_parts(text):
        yield SourceRow(line, {"text": part})


def _empty(path: Path) -> DataError:
    return DataError(
        f"{path} is empty.",
        fix="Check that the program that writes it has finished.",
        code="empty_file",
    )


def _too_long() -> RowError:
    return RowError(
        f"The line is longer than {MAX_LINE_BYTES // 2**20} MiB.",
        fix="Split the row, or check that the file has line ends.",
        code="line_too_long",
    )


def _bad_quotes(reason: str) -> RowError:
    return RowError(
        f"The row's quotes are wrong: {reason}.",
        fix='Put the text in quotes, and double the quotes in it: "say ""hi"", please".',
        code="wrong_quotes",
    )


def _bare_returns(path: Path, line: int) -> DataError:
    file, out = shlex.quote(str(path)), shlex.quote(str(path.with_name(f"lines-{path.name}")))
    return DataError(
        f"{path}: line {line} has carriage returns (\\r) in it, outside of quotes.",
        why="Lines end with \\n or \\r\\n. Old Macintosh programs end them with \\r alone.",
        fix=f"tr '\\r' '\\n' < {file} > {out}",
        code="wrong_line_ends",
    )


def _open_quote(path: Path, line: int) -> DataError:
    return DataError(
        f"{path}: a quote that opens in the row of line {line} is never closed.",
        why="All that follows would be one cell.",
        fix=f"See the line with: sed -n {line}p {shlex.quote(str(path))}",
        code="wrong_quotes",
    )
