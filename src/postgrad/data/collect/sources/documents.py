"""Documents: Markdown, HTML, plain text, Word and PDF become text for continued pre-training.

A row is a document, or a part of a long one; it carries the path, and the line, page or section.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from pathlib import Path

from postgrad.core.collecting import Look, Row, Skipped, Used, Visit
from postgrad.core.records import Text
from postgrad.data.collect import parts
from postgrad.data.collect.readers.document import Document, Reader
from postgrad.data.collect.readers.pdf import read_pdf
from postgrad.data.collect.readers.plain import read_markdown, read_text
from postgrad.data.collect.readers.web import read_web_page
from postgrad.data.collect.readers.word import read_word
from postgrad.data.collect.walk import Found, count, walk
from postgrad.errors import RowError, SetupError

READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".text": read_text,
    ".rst": read_text,
    ".adoc": read_text,
    ".html": read_web_page,
    ".htm": read_web_page,
    ".xhtml": read_web_page,
    ".docx": read_word,
    ".pdf": read_pdf,
}

CURES = {
    ".doc": "soffice --headless --convert-to docx FILE",
    ".odt": "soffice --headless --convert-to docx FILE",
    ".rtf": "soffice --headless --convert-to docx FILE",
    ".ppt": "soffice --headless --convert-to pdf FILE",
    ".pptx": "soffice --headless --convert-to pdf FILE",
    ".odp": "soffice --headless --convert-to pdf FILE",
    ".epub": "pandoc FILE -o FILE.md",
}
"""Commands of LibreOffice and pandoc for documents of other kinds."""


class Documents:
    """A folder of documents, or one of them."""

    name = "documents"
    title = "documents"
    item = "document"
    gives = "texts"

    def recognises(self, look: Look) -> int:
        """How many documents there are."""
        return sum(number for ending, number in look.endings.items() if ending in READERS)

    def collect(self, path: Path, visit: Visit) -> Iterator[Used | Skipped]:
        """The parts of every document, and what could not be read."""
        total = count(path)
        for done, found in enumerate(walk(path, visit.label)):
            visit.progress(done, total, "documents")
            if isinstance(found, Skipped):
                yield found
            else:
                yield from _rows(found, visit)
        visit.progress(total, total, "documents")


def _rows(found: Found, visit: Visit) -> Iterator[Used | Skipped]:
    reader = READERS.get(found.path.suffix.lower())
    if reader is None:
        yield _other_kind(found)
        return
    try:
        document = reader(found.path, visit.settings)
    except RowError as error:
        what = f"{error.what} {error.why}".strip()
        yield Skipped(found.source, error.code, what, error.fix)
        return
    except SetupError as error:
        yield Skipped(found.source, error.code, error.what, error.fix)
        return
    num_items = 1
    for part in _parts(document, visit.settings.whole_documents):
        more = {"section": part.section} if part.section else {}
        place = _place(found.source, document, part)
        yield Used(Row(Text(part.text), place, more), num_items)
        num_items = 0
    if num_items:
        yield Skipped(found.source, "no_text", "There is no text in it.")
        return
    for removed in document.removed:
        yield Skipped(found.source, removed.code, removed.what, "", removed.text, num_items=0)


def _parts(document: Document, is_whole: bool) -> Iterator[parts.Part]:
    if is_whole:
        return parts.whole(document.text)
    if document.is_markdown:
        return parts.markdown_parts(document.text)
    return parts.plain_parts(document.text)


def _place(source: str, document: Document, part: parts.Part) -> str:
    if document.pages:
        return f"{source}:page {bisect(document.pages, part.line)}"
    if document.first_line:
        return f"{source}:{document.first_line + part.line - 1}"
    return source


def _other_kind(found: Found) -> Skipped:
    ending = found.path.suffix.lower()
    what = f"{ending or 'A file without an ending'} is not read as a document."
    cure = CURES.get(ending)
    if not cure:
        return Skipped(found.source, "other_kind", what)
    return Skipped(found.source, "other_kind", what, cure.replace("FILE", found.source))
