"""PDF files, as plain text.

A PDF has no paragraphs, only places of characters; PDFium (the reader in Chrome) puts these
together to lines. What stands at the top or bottom of many pages, the same but for the page's
number, is a running head: it would be learned once a page, inside sentences, and is left out.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

from postgrad.core.collecting import CollectSettings
from postgrad.data.collect.readers.document import Document, Removed, missing
from postgrad.data.collect.texts import MAX_BYTES, sound, too_large
from postgrad.errors import RowError

EDGE_LINES = 2
"""Lines at the top and at the bottom of a page that may be a running head; more is content."""
MIN_PAGES = 3
"""Two pages that begin alike may be chance, or a letter and its copy."""
MIN_SHARE = 0.4
"""Books have one head on left pages and another on right ones, and chapters begin without."""

_PASSWORD = 4
"""FPDF_ERR_PASSWORD in PDFium's public/fpdfview.h."""
_HYPHEN = re.compile("[\x02\ufffe]\r?\n?")
"""How PDFium marks a hyphen at the end of a line: the word goes on."""
_NUMBER = re.compile(r"\d{1,5}")
MOST_NUMBERS = 4
"""Of a line, that may be the page's: a head has the page, the number of pages, perhaps a year."""


def read_pdf(path: Path, settings: CollectSettings) -> Document:
    """The text of a PDF, its pages one after the other, without running heads.

    Raises:
        RowError: it is encrypted or damaged, or has pictures of text only.
        SetupError: the package that reads it is missing.
    """
    try:
        library: Any = importlib.import_module("pypdfium2")
    except ModuleNotFoundError as error:
        raise missing("pypdfium2") from error
    try:
        pages = _page_texts(library, path)
    except library.PdfiumError as error:
        if getattr(error, "err_code", 0) == _PASSWORD:
            raise RowError(
                "It has a password.",
                fix="Save it without one: qpdf --decrypt --password=... IN.pdf OUT.pdf",
                code="encrypted",
            ) from None
        raise RowError(
            f"It is no PDF, or a damaged one ({error}).",
            fix="Open it in a PDF reader and print it into a new PDF.",
            code="damaged",
        ) from None
    if not any(page.strip() for page in pages):
        raise RowError(
            f"Its {len(pages)} pages hold no text: they may be scanned pictures.",
            fix="Have the text recognised first, for example: ocrmypdf IN.pdf OUT.pdf",
            code="no_text",
        )
    return without_running_heads(pages)


def without_running_heads(pages: list[str]) -> Document:
    """Pages as one document; lines that many of them have at their edge are taken out."""
    lines = [[line.rstrip() for line in page.split("\n") if line.strip()] for page in pages]
    heads = _running_heads(lines)
    taken: dict[str, list[str]] = {head: [] for head in sorted(heads)}
    starts, kept = list[int](), list[str]()
    for number, page in enumerate(lines):
        edges = _edges(page)
        starts.append(len(kept) + 1)
        for index, line in enumerate(page):
            head = next((key for key in _keys(line, number) if key in heads), "")
            if head and index in edges:
                taken[head].append(line)
            else:
                kept.append(line)
    removed = [
        Removed("running_head", f"It stands at the edge of {len(found)} pages.", "\n".join(found))
        for found in taken.values()
        if found
    ]
    return Document("\n".join(kept), pages=tuple(starts), removed=tuple(removed))


def _running_heads(pages: list[list[str]]) -> set[str]:
    """The keys of lines that are running heads; none if nothing else would be left."""
    counted: Counter[str] = Counter()
    for number, page in enumerate(pages):
        counted.update({key for index in _edges(page) for key in _keys(page[index], number)})
    least = max(MIN_PAGES, MIN_SHARE * sum(map(bool, pages)))
    heads = {text for text, count in counted.items() if count >= least}
    inside = any(
        index not in _edges(page) or not heads.intersection(_keys(line, number))
        for number, page in enumerate(pages)
        for index, line in enumerate(page)
    )
    return heads if inside else set()


def _page_texts(library: Any, path: Path) -> list[str]:
    document = library.PdfDocument(path)
    try:
        pages: list[str] = []
        left = MAX_BYTES
        for number in range(len(document)):
            pages.append(_page_text(document, number))
            left -= len(pages[-1])
            if left < 0:
                raise too_large(MAX_BYTES)
        return pages
    finally:
        document.close()


def _page_text(document: Any, number: int) -> str:
    page = document[number]
    try:
        text = page.get_textpage()
        try:
            return sound(_HYPHEN.sub("", text.get_text_bounded()))
        finally:
            text.close()
    finally:
        page.close()


def _edges(page: list[str]) -> set[int]:
    last = len(page)
    return {*range(min(EDGE_LINES, last)), *range(max(0, last - EDGE_LINES), last)}


def _keys(line: str, page: int) -> list[str]:
    """What running heads have in common: the whole line, or the line with one of its numbers as
    far from the page's own: "Page 3 of 9" on the third page, "Page 4 of 9" on the fourth."""
    text = " ".join(line.split())
    numbers = list(_NUMBER.finditer(text))[:MOST_NUMBERS]
    counted = [
        f"{text[: found.start()]}#{int(found[0]) - page}#{text[found.end() :]}" for found in numbers
    ]
    return [*counted, text]
