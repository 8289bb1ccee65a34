"""Documents cut into parts: no word is lost, none is written twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.data.collect.parts import markdown_parts, plain_parts, whole
from postgrad.data.text_files import PART_CHARACTERS

BLOCKS = st.one_of(
    st.sampled_from(
        ["# One", "## Two", "### Three #", "Title\n=====", "Under\n---", "```\n# no\n```"]
    ),
    st.sampled_from(
        ["- a\n- b", "> # quoted", "| a | b |\n| --- | --- |", "    # code", "***", ""]
    ),
    st.text(st.sampled_from("abc déф \t.#-=`*>\n"), max_size=200),
    st.integers(1, 900).map(lambda count: "word " * count),
)
DOCUMENTS = st.lists(BLOCKS, max_size=25).map("\n\n".join)


@given(DOCUMENTS)
@settings(max_examples=300, deadline=None)
def test_no_word_is_lost_and_none_is_written_twice(text: str) -> None:
    for cut in (markdown_parts, plain_parts, whole):
        parts = list(cut(text))
        assert " ".join(part.text for part in parts).split() == text.split()
        assert all(part.text.strip() for part in parts)


@given(DOCUMENTS)
@settings(max_examples=200, deadline=None)
def test_a_part_begins_on_the_line_that_it_names(text: str) -> None:
    lines = text.split("\n")
    for part in markdown_parts(text):
        first = part.text.split("\n")[0]
        assert lines[part.line - 1].strip().find(first.strip()) >= 0


@given(DOCUMENTS)
@settings(max_examples=200, deadline=None)
def test_parts_are_not_longer_than_those_of_text_files(text: str) -> None:
    assert all(len(part.text) <= PART_CHARACTERS for part in markdown_parts(text))


def test_sections_stay_whole_and_know_their_headings() -> None:
    long = "word " * 300
    text = f"# Refunds\n\n## Deadlines\n\n{long}\n\n## Costs\n\n{long}\n\n# Hours\n\nNine to five."
    parts = list(markdown_parts(text))
    assert [part.section for part in parts] == ["Refunds > Deadlines", "Refunds > Costs"]
    assert parts[0].text.startswith("# Refunds\n\n## Deadlines")
    assert parts[1].text.endswith("# Hours\n\nNine to five.")  # small neighbours are put together
    assert parts[1].line == 7


def test_what_looks_like_a_heading_in_code_is_none() -> None:
    code = "```sh\n# not a heading\n" + "run\n" * 600 + "```"
    assert {part.section for part in markdown_parts(f"# Guide\n\n{code}")} == {"Guide"}


def test_a_short_document_is_one_part() -> None:
    text = "# A\n\none\n\n# B\n\ntwo"
    assert [part.text for part in markdown_parts(f"\n\n{text}\n")] == [text]
    assert [part.line for part in markdown_parts(f"\n\n{text}\n")] == [3]


def test_form_feeds_end_a_part_as_in_text_files() -> None:
    assert [part.text for part in plain_parts("x" * 1500 + "\f" + "y" * 1500)] == [
        "x" * 1500,
        "y" * 1500,
    ]
