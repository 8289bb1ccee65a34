"""The job file: what is written is read back, the comments too."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.core.job import Job, known_keys
from postgrad.core.job_file import parse_job, read_sources, write_job
from postgrad.errors import JobError

texts = st.text(st.characters(codec="utf-8"), max_size=30)
words = st.text("abc #:'\"{}[]é%,.", min_size=1).map(str.strip).filter(bool)


@given(texts, st.dictionaries(st.sampled_from(known_keys()), words, max_size=8))
@settings(deadline=None)
def test_round_trip(text: str, sources: dict[str, str]) -> None:
    job = Job.build({"data": {"train": f"{text}  # {text}", "format": "  # no: comment"}})
    written = write_job(job, sources)
    assert Job.build(parse_job(written)) == job
    assert read_sources(written) == sources


@pytest.mark.parametrize("text", ["", "- a list", "just words", "a: [", "\t: x"])
def test_no_job_file(text: str) -> None:
    with pytest.raises(JobError):
        parse_job(text)
