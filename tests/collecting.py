"""A place where sources are collected in this very process, and sources to collect from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.steps.collect import collect

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass
class Collected:
    """What a collection left."""

    result: dict[str, Any]
    rows: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    events: list[Event] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [row["text"] for row in self.rows]

    @property
    def chats(self) -> list[list[tuple[str, str]]]:
        return [[(m["role"], m["content"]) for m in row["messages"]] for row in self.rows]

    @property
    def codes(self) -> dict[str, str]:
        """The reason of each thing that was left out, by its place."""
        return {each["source"]: each["code"] for each in self.skipped}


def gather(
    folder: Path, *sources: str | Path, out: str = "out.jsonl", **settings: object
) -> Collected:
    """Collect into FOLDER/out.jsonl; `columns__body` is the key columns.body."""
    events: list[Event] = []
    context = StepContext(folder, events.append, lambda: False, folder)
    request = {
        "sources": [str(source) for source in sources],
        "folder": str(folder),
        "output": str(folder / out),
        "settings": {key.replace("__", "."): value for key, value in settings.items()},
    }
    result = collect(context, request)
    beside = result["skipped_path"]
    return Collected(
        result,
        read_lines(Path(result["path"])),
        read_lines(Path(beside)) if beside else [],
        events,
    )


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A folder with files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def pdf(pages: Sequence[Sequence[str]], *, encrypted: bool = False) -> bytes:
    """A PDF with lines of text on its pages."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, lines in enumerate(pages):
        shown = "".join(
            f"({line.replace('(', chr(92) + '(').replace(')', chr(92) + ')')}) Tj T*\n"
            for line in lines
        )
        text = f"BT /F1 11 Tf 50 780 Td 14 TL\n{shown}ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources"
            f" << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(text)} >>\nstream\n{text}\nendstream")
    if encrypted:
        objects.append(
            f"<< /Filter /Standard /V 1 /R 2 /O <{'41' * 32}> /U <{'42' * 32}> /P -44 >>"
        )
    body, places = b"%PDF-1.4\n", list[int]()
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    locked = f" /Encrypt {len(objects)} 0 R /ID [<00> <00>]" if encrypted else ""
    trailer = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
        f"<< /Size {len(objects) + 1} /Root 1 0 R{locked} >>\nstartxref\n{len(body)}\n%%EOF\n"
    )
    return body + trailer.encode()


def word(paragraphs: Sequence[tuple[str, str]], extra: dict[str, bytes] | None = None) -> bytes:
    """A Word file with paragraphs: (style, text), a style being "" or "Heading1"."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    types = "".join(
        f'<Override PartName="/word/{part}.xml" ContentType="application/vnd.openxmlformats-'
        f'officedocument.wordprocessingml.{kind}+xml"/>'
        for part, kind in (("document", "document.main"), ("styles", "styles"))
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1"'
        f' Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles xmlns:w="{WORD}"><w:style w:type="paragraph"'
        ' w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>',
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
        **(extra or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def mail(
    number: int,
    sender: str,
    text: str,
    answers: int | None = None,
    *,
    subject: str = "Parcel",
    **headers: str,
) -> str:
    """A mail; `answers` is the number of the mail that it answers."""
    head = {
        "From": sender,
        "To": "help@acme.example",
        "Subject": subject,
        "Message-ID": f"<{number}@mails.example>",
        "Date": f"Tue, 03 Nov 2026 {10 + number // 60:02}:{number % 60:02}:00 +0000",
        **({"In-Reply-To": f"<{answers}@mails.example>"} if answers is not None else {}),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {value}\n" for name, value in head.items())
    return f"{lines}\n{text}\n"


def mbox(*mails: str) -> str:
    return "".join(f"From who@where.example Tue Nov 03 10:00:00 2026\n{each}\n" for each in mails)


def completion(name: str, answer: str, **more: object) -> dict[str, Any]:
    """A stored completion, as the API lists it."""
    message = {"role": "assistant", "content": answer, "tool_calls": None, "annotations": []}
    choice = {"index": 0, "message": message, "finish_reason": "stop", **more}
    return {"object": "chat.completion", "id": name, "model": "m", "choices": [choice]}
