"""The page of `data check --html`, from a file to what a person reads on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from html_page import Page
from postgrad import verbs
from postgrad.errors import JobError

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&</pre></style>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("page")
    rows = [{"prompt": f"What is {n} and {n}?", "completion": f"It is {2 * n}."} for n in range(40)]
    rows[3]["completion"] = "Ask ana@posteo.net, she counts."
    rows[5]["prompt"] = EVIL
    lines = [json.dumps(row) for row in (*rows, rows[0])]
    (folder / "a.jsonl").write_text("\n".join([*lines, "{broken " + EVIL]))
    verbs.check(folder / "a.jsonl", page=folder / "a.html")
    return Page((folder / "a.html").read_text("utf-8"))


def test_nothing_is_fetched_and_nothing_runs(page: Page) -> None:
    page.assert_quiet()
    assert EVIL in "".join(page.words)  # shown, not obeyed


def test_tells_what_was_found_where_and_how_to_mend_it(page: Page) -> None:
    for words in ("42 rows", "personal_email", "line 4", "broken_row", "data clean", "--only"):
        assert words in page.text
    assert "exact_duplicate" in page.text
    assert "ana@…" in page.text  # a value is not told in a finding


def test_each_filter_shows_the_rows_of_its_finding(page: Page) -> None:
    radios = [item["id"] or "" for item in page.all("input")]
    labels = [item["for"] or "" for item in page.all("label")]
    assert radios == labels
    for name in (radio.removeprefix("show-") for radio in radios):
        if name != "all":
            rule = f"#show-{name}:checked ~ .cards .card:not(.f-{name}){{display:none}}"
            assert rule in page.styles
            classes = [(item["class"] or "").split() for item in page.all("details")]
            assert any(f"f-{name}" in each for each in classes)


def test_lengths_are_drawn_with_words_beside_them(page: Page) -> None:
    pictures = [item for item in page.all("svg") if item.get("role") == "img"]
    assert len(pictures) == 2
    ids = {attributes.get("id") for _, attributes in page.tags}
    for picture in pictures:
        assert set((picture["aria-labelledby"] or "").split()) <= ids
    assert page.text.count("Half of the rows have up to") >= 2


@pytest.mark.parametrize("name", ["notes.txt", "mine.html"])
def test_only_pages_of_its_own_are_overwritten(tmp_path: Path, name: str) -> None:
    data = tmp_path / "a.jsonl"
    data.write_text('{"prompt": "Why?", "completion": "So."}\n' * 12)
    (tmp_path / name).write_text("mine")
    with pytest.raises(JobError):
        verbs.check(data, page=tmp_path / name)
    assert (tmp_path / name).read_text() == "mine"
