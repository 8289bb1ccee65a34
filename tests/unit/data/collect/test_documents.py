"""Documents of every kind: read, or listed with the reason."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collecting import WORD, gather, pdf, word, write
from postgrad.data.collect.readers import web
from postgrad.data.collect.readers import word as word_reader
from postgrad.data.collect.readers.pdf import without_running_heads
from postgrad.errors import DataError

PAGE = """<!doctype html><html lang=en><head><title>Help</title><script>var x = 1;</script></head>
<body><header><nav><a href="/">Home</a></nav></header><main><h1>Refunds</h1>
<p>Within <b>30 days</b>, see <a href="/ship">shipping</a>.</p>
<table><tr><th>Land</th><th>Cost</th></tr><tr><td>DE</td><td>0 €</td></tr></table>
<pre>curl -X POST
  --fail</pre></main><footer>Imprint</footer></body></html>"""


def test_every_kind_of_document(tmp_path: Path) -> None:
    write(
        tmp_path / "book",
        {
            "a.md": "# Hours\n\nNine to five.\n",
            "b.txt": "Plain words.\r\nTwo lines.\r\n",
            "c.html": PAGE,
            "d.docx": word([("Heading1", "Letter"), ("", "Dear all &amp; more."), ("", "Yours")]),
            "e.pdf": pdf([["A page of words."], ["Another page."]]),
            "f.rst": "Title\n=====\n",
        },
    )
    found = gather(tmp_path, "book")
    assert found.rows == [
        {"text": "# Hours\n\nNine to five.", "source": "book/a.md:1"},
        {"text": "Plain words.\nTwo lines.", "source": "book/b.txt:1"},
        {
            "text": "# Refunds\n\nWithin **30 days**, see shipping.\n\n| Land | Cost |\n"
            "| --- | --- |\n| DE | 0 € |\n\n```\ncurl -X POST\n  --fail\n```",
            "source": "book/c.html",
        },
        {"text": "# Letter\n\nDear all & more.\n\nYours", "source": "book/d.docx"},
        {"text": "A page of words.\nAnother page.", "source": "book/e.pdf:page 1"},
        {"text": "Title\n=====", "source": "book/f.rst:1"},
    ]
    assert found.skipped == []
    assert found.result["sources"][0]["used"] == 6


def test_what_can_not_be_read_is_listed_and_the_rest_goes_on(tmp_path: Path) -> None:
    bomb = word([], {"word/document.xml": b"<x/>" + b" " * (word_reader.MAX_TEXT_BYTES + 1)})
    write(
        tmp_path / "book",
        {
            "a.md": "Kept.",
            "bomb.docx": bomb,
            "damaged.docx": word([("", "x")])[:-30],
            "damaged.pdf": b"%PDF-1.4 nothing",
            "empty.md": " \n\n",
            "encrypted.pdf": pdf([["secret"]], encrypted=True),
            "locked.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600,
            "no.docx": b"PK\x05\x06" + b"\0" * 18,
            "old.doc": b"\xd0\xcf\x11\xe0",
            "old.txt": "déjà".encode("cp1252"),
            "picture.png": b"\x89PNG",
            "scan.pdf": pdf([[], []]),
            "tables.xml.docx": word([], {"word/document.xml": b"<no-xml"}),
        },
    )
    assert len(bomb) < 200_000  # it is one
    found = gather(tmp_path, "book")
    assert found.texts == ["Kept."]
    assert {place.removeprefix("book/"): code for place, code in found.codes.items()} == {
        "bomb.docx": "too_large",
        "damaged.docx": "damaged",
        "damaged.pdf": "damaged",
        "empty.md": "no_text",
        "encrypted.pdf": "encrypted",
        "locked.docx": "encrypted",
        "no.docx": "damaged",
        "old.doc": "other_kind",
        "old.txt": "wrong_encoding",
        "picture.png": "other_kind",
        "scan.pdf": "no_text",
        "tables.xml.docx": "damaged",
    }
    [source] = found.result["sources"]
    assert (source["items"], source["used"], source["skipped"]) == (13, 1, 12)
    fixes = {each["code"]: each["fix"] for each in found.skipped}
    assert "soffice" in fixes["other_kind"] or "soffice" in found.skipped[7]["fix"]
    assert "--set encoding=cp1252" in fixes["wrong_encoding"]
    again = gather(tmp_path, "book", out="again.jsonl", encoding="cp1252")
    assert again.texts == ["Kept.", "déjà"]


def test_an_archive_that_lies_about_its_sizes(tmp_path: Path) -> None:
    """A table that says 10 bytes of a part of megabytes: Python reads no more than it says."""
    good = word([("", "words " * 200_000)])
    at = good.rindex(b"word/document.xml") - 46
    assert good[at : at + 4] == b"PK\x01\x02"
    lie = good[: at + 24] + (10).to_bytes(4, "little") + good[at + 28 :]
    with zipfile.ZipFile(io.BytesIO(lie)) as archive:
        assert archive.getinfo("word/document.xml").file_size == 10
    write(tmp_path / "book", {"a.md": "Kept.", "lie.docx": lie})
    assert gather(tmp_path, "book").codes == {"book/lie.docx": "damaged"}


def test_xml_that_grows_when_it_is_read(tmp_path: Path) -> None:
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 10}">' for n in range(9)
    )
    laughs = (
        f"<!DOCTYPE d [{entities}]><w:document xmlns:w='{WORD}'><w:body>&e8;</w:body></w:document>"
    )
    write(
        tmp_path / "b",
        {"a.md": "Kept.", "b.docx": word([], {"word/document.xml": laughs.encode()})},
    )
    assert gather(tmp_path, "b").codes == {"b/b.docx": "damaged"}


def test_front_matter_is_kept_aside(tmp_path: Path) -> None:
    write(tmp_path / "b", {"a.md": "---\ntitle: x\n---\n\n# Hours\n", "b.md": "---\n\nA rule.\n"})
    found = gather(tmp_path, "b")
    assert found.rows == [
        {"text": "# Hours", "source": "b/a.md:5"},
        {"text": "---\n\nA rule.", "source": "b/b.md:1"},
    ]
    [part] = found.skipped
    assert (part["code"], part["text"], part["part"]) == (
        "front_matter",
        "---\ntitle: x\n---\n",
        True,
    )
    assert found.result["sources"][0]["skipped"] == 0


def test_running_heads_are_left_out_and_listed(tmp_path: Path) -> None:
    pages = [
        [
            "Handbook of the house",
            f"{name} comes first.",
            f"{name} 7.",
            f"Page {n} of 9",
            f"- {n} -",
        ]
        for n, name in enumerate(("Ann", "Ben", "Cid", "Dan", "Eve"), 1)
    ]
    write(tmp_path, {"b.pdf": pdf(pages)})
    found = gather(tmp_path, "b.pdf")
    [row] = found.rows
    assert row["text"].split("\n") == [
        line
        for name in ("Ann", "Ben", "Cid", "Dan", "Eve")
        for line in (f"{name} comes first.", f"{name} 7.")
    ]
    taken = sorted(each["text"].split("\n")[0] for each in found.skipped)
    assert taken == ["- 1 -", "Handbook of the house", "Page 1 of 9"]


@given(st.lists(st.lists(st.text("abc 1", min_size=1, max_size=6), max_size=8), max_size=9))
@settings(max_examples=300)
def test_every_line_of_a_page_is_kept_or_listed(pages: list[list[str]]) -> None:
    found = without_running_heads(["\n".join(page) for page in pages])
    kept = found.text.split("\n")
    listed = [line for removed in found.removed for line in removed.text.split("\n")]
    lines = [line.rstrip() for page in pages for line in page if line.strip()]
    assert sorted(filter(None, [*kept, *listed])) == sorted(lines)
    assert not lines or any(kept)


def test_rows_of_numbers_are_no_running_head() -> None:
    pages = [f"{n * 7} 7,5 {n * n}\n{n}{n} 1\nmore\n{n * n} words\n{n * 3} 8 9" for n in range(9)]
    assert without_running_heads(pages).removed == ()


def test_parts_of_a_pdf_name_their_page(tmp_path: Path) -> None:
    lines = [f"Line {n} of the {'long ' * 8}text." for n in range(40)]
    write(tmp_path, {"b.pdf": pdf([lines[:20], [], lines[20:]])})
    found = gather(tmp_path, "b.pdf")
    assert [row["source"] for row in found.rows] == ["b.pdf:page 1", "b.pdf:page 3"]
    assert "\n".join(found.texts).split("\n") == lines


def test_long_documents_are_cut_unless_they_are_to_be_whole(tmp_path: Path) -> None:
    text = "\n\n".join(f"## Part {n}\n\n{'word ' * 200}".strip() for n in range(6))
    write(tmp_path / "b", {"a.md": text})
    found = gather(tmp_path, "b")
    assert len(found.rows) == 6
    assert found.rows[2] == {
        "text": found.rows[2]["text"],
        "source": "b/a.md:9",
        "section": "Part 2",
    }
    whole = gather(tmp_path, "b", out="whole.jsonl", whole_documents=True)
    assert whole.texts == [text]
    assert found.result["sources"][0]["items"] == whole.result["sources"][0]["items"] == 1


def test_a_page_says_its_own_encoding(tmp_path: Path) -> None:
    page = "<meta charset='windows-1252'><p>déjà vu</p>".encode("cp1252")
    write(tmp_path / "b", {"a.html": page, "b.html": "<p>naïve</p>"})
    assert gather(tmp_path, "b").texts == ["déjà vu", "naïve"]


def test_a_page_too_deep_to_be_read_whole(tmp_path: Path) -> None:
    write(tmp_path / "b", {"a.html": "<ul><li>" * 3000 + "lost", "b.html": "<p>kept</p>"})
    assert gather(tmp_path, "b").codes == {"b/a.html": "too_deep"}


@given(st.binary(max_size=400), st.sampled_from([".md", ".txt", ".html", ".docx", ".pdf"]))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_in_a_document_it_is_a_row_or_has_a_reason(
    tmp_path: Path, data: bytes, ending: str
) -> None:
    place = tmp_path / str(len(os.listdir(tmp_path)))
    write(place / "b", {f"a{ending}": data, "z.md": "Kept."})
    found = gather(place, "b")
    [source] = found.result["sources"]
    assert source["items"] == source["used"] + source["skipped"] == 2
    assert found.texts[-1] == "Kept."


def test_damage_in_the_middle_of_real_files(tmp_path: Path) -> None:
    """One byte after another is changed: each file is read, or has a reason."""
    for name, good in (("a.docx", word([("", "Words.")])), ("a.pdf", pdf([["Words."]]))):
        for at in range(0, len(good), max(1, len(good) // 60)):
            bad = good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]
            write(tmp_path / f"{name}{at}", {f"b/{name}": bad, "b/z.md": "Kept."})
            [source] = gather(tmp_path / f"{name}{at}", "b").result["sources"]
            assert source["items"] == 2


def test_nothing_at_all_is_an_error_that_says_why(tmp_path: Path) -> None:
    write(tmp_path / "b", {"a.pdf": pdf([["x"]], encrypted=True)})
    with pytest.raises(DataError, match="password") as caught:
        gather(tmp_path, "b")
    assert caught.value.code == "nothing_collected"
    assert "qpdf" in caught.value.fix
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


@pytest.mark.parametrize(
    ("package", "name"),
    [("html_to_markdown", "a.html"), ("mammoth", "a.docx"), ("pypdfium2", "a.pdf")],
)
def test_a_missing_package_costs_its_documents_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    web._converter.cache_clear()
    files = {"a.html": "<p>x</p>", "a.docx": word([("", "x")]), "a.pdf": pdf([["x"]])}
    write(tmp_path / "b", {name: files[name], "z.md": "Kept."})
    found = gather(tmp_path, "b")
    assert found.codes == {f"b/{name}": "missing_package"}
    assert "postgrad[collect]" in found.skipped[0]["fix"]
    web._converter.cache_clear()
