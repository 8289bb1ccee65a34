"""Every objective of the table (and of other packages) keeps the contract of `Objective`."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postgrad import plugins
from postgrad.core.interfaces import Objective
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.data.render import Sequence, Template
from postgrad.errors import RowError

NAMES = plugins.names("objectives")
RECORDS: list[Record] = [
    Chat((Message("user", "Hi"), Message("assistant", "Ho"))),
    Text("Once upon a time."),
]
UNTEACHABLE: list[Record] = [
    Chat((Message("user", "Hi"), Message("assistant", "Ho", weight=0))),
    Text(""),
]

# letters that the tokenizer knows, one that it does not, and look-alikes of its special tokens
texts = st.text(string.ascii_letters + " \n.é", max_size=30) | st.sampled_from(
    ["", " ", "<|im_end|>", "a<|im_start|>assistant", "<|endoftext|>"]
)
records = st.builds(Text, texts) | st.builds(
    lambda turns: Chat(
        tuple(
            Message("assistant" if index % 2 else "user", content)
            for index, content in enumerate(turns)
        )
    ),
    st.lists(texts, min_size=2, max_size=6).filter(lambda turns: len(turns) % 2 == 0),
)

pytestmark = pytest.mark.parametrize("name", NAMES)


def objective(name: str) -> Objective:
    return plugins.load("objectives", name)()


def check(sequence: Sequence, template: Template) -> None:
    """What the loss relies on."""
    size = len(template.tokenizer)  # type: ignore[arg-type]
    assert all(0 <= token < size for token in sequence.tokens)
    assert sequence.taught
    assert list(sequence.taught) == sorted(set(sequence.taught))
    assert sequence.taught[0] > 0
    assert sequence.taught[-1] < len(sequence.tokens)


def test_it_says_what_it_is(name: str) -> None:
    assert objective(name).name == name


def test_it_teaches_some_shape_of_record(name: str) -> None:
    it = objective(name)
    assert any(it.accepts(record) for record in RECORDS)
    assert not all(it.accepts(record) for record in RECORDS)


def test_a_record_becomes_sequences(name: str, template: Template) -> None:
    it = objective(name)
    for record in filter(it.accepts, RECORDS):
        sequences = it.render(record, template)
        assert sequences
        for sequence in sequences:
            check(sequence, template)
        assert list(it.render(record, template)) == list(sequences)


def test_a_record_that_teaches_nothing_is_refused(name: str, template: Template) -> None:
    it = objective(name)
    for record in filter(it.accepts, UNTEACHABLE):
        with pytest.raises(RowError) as caught:
            it.render(record, template)
        assert caught.value.code == "nothing_taught"
        assert caught.value.fix


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=records)
def test_any_record_gives_sequences_or_a_row_error(
    name: str, template: Template, record: Record
) -> None:
    it = objective(name)
    if not it.accepts(record):
        return
    try:
        sequences = it.render(record, template)
    except RowError as error:
        assert error.code != RowError.default_code
        return
    for sequence in sequences:
        check(sequence, template)
