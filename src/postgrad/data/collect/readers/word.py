"""Word files (.docx), as Markdown."""

from __future__ import annotations

import importlib
import io
import zipfile
from pathlib import Path
from typing import Any

from postgrad.core.collecting import CollectSettings
from postgrad.data.collect.readers.document import Document, missing
from postgrad.data.collect.readers.web import markdown_of
from postgrad.data.collect.texts import read_bytes
from postgrad.errors import RowError

MAX_UNPACKED_BYTES = 256 * 1024 * 1024
"""Of all parts together, by what the archive says of itself. A longest novel with pictures has
less; a zip bomb has more."""
MAX_TEXT_BYTES = 16 * 1024 * 1024
"""Of one part with text: some thousand pages. Reading takes 26 times as much memory."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What both an encrypted .docx and an old .doc begin with."""


def read_word(path: Path, settings: CollectSettings) -> Document:
    """A Word file as Markdown, without its pictures.

    Raises:
        RowError: it can't be read, is encrypted or damaged, or unpacks to more than a document has.
        SetupError: a package that reads it is missing.
    """
    data = read_bytes(path, MAX_UNPACKED_BYTES)
    if data.startswith(_OLE):
        raise RowError(
            "It has a password, or is an old .doc file with a new ending.",
            fix="Save it anew in Word or LibreOffice, as .docx and without a password.",
            code="encrypted",
        )
    _check_sizes(data)
    try:
        library: Any = importlib.import_module("mammoth")
    except ModuleNotFoundError as error:
        raise missing("mammoth") from error
    try:
        found = library.convert_to_html(io.BytesIO(data), convert_image=_no_pictures)
    except RecursionError:
        raise _damaged("its parts are nested too deep") from None
    except Exception as error:  # the library has no error of its own: XML, archive, or a bare key
        raise _damaged(f"{type(error).__name__}: {error}") from None
    return Document(markdown_of(found.value), is_markdown=True)


def _no_pictures(image: object) -> list[object]:
    return []


def _check_sizes(data: bytes) -> None:
    """Look at the archive's table before anything is unpacked. Python unpacks no more of a part
    than the table says, so a false table does not help a bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise _damaged(str(error)) from None
    unpacked = sum(part.file_size for part in parts)
    longest = max((p.file_size for p in parts if p.filename.lower().endswith(".xml")), default=0)
    if unpacked > MAX_UNPACKED_BYTES or longest > MAX_TEXT_BYTES:
        raise RowError(
            f"It would unpack to {max(unpacked, longest):,} bytes.",
            why="That is more than a document has: it may be a zip bomb.",
            fix="If it is real, split it into several files.",
            code="too_large",
        )


def _damaged(why: str) -> RowError:
    return RowError(
        f"It is no Word file, or a damaged one ({why}).",
        fix="Open it in Word or LibreOffice and save it anew as .docx.",
        code="damaged",
    )
