"""Every format of the table (and of other packages) keeps the contract of `DataFormat`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad import plugins
from postgrad.core.interfaces import DataFormat
from postgrad.core.records import Record
from postgrad.data.canonical import record_of, row_of
from postgrad.data.detect import detect
from postgrad.errors import RowError

NAMES = plugins.names("formats")

TURN = {"role": "user", "content": "Hi"}
ANSWER = {"role": "assistant", "content": "Ho"}
SAMPLES: dict[str, dict[str, Any]] = {
    "openai_chat": {"messages": [TURN, ANSWER]},
    "prompt_completion": {"prompt": "Hi", "completion": "Ho"},
    "alpaca": {"instruction": "Say", "input": "Hi", "output": "Ho"},
    "sharegpt": {
        "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]
    },
    "text": {"text": "Hi"},
}

# Keys and values that the formats look for, so that chance gets past their first checks.
WORDS = """
    messages prompt completion instruction input output system history conversations text tools
    functions role content weight tool_calls function name arguments parameters tool_call_id
    function_call from value type id user assistant tool human gpt {} [] [{}] null
"""
words = st.sampled_from(WORDS.split())
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words | st.text()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words | st.text(), inner, max_size=5)
    ),
    max_leaves=20,
)
turns = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "role": st.sampled_from(["system", "user", "assistant", "tool", "function"]),
            "content": values,
            "from": st.sampled_from(["human", "gpt", "function_call", "observation"]),
            "value": values,
            "weight": values,
            "tool_calls": values,
            "function_call": values,
            "tool_call_id": values,
        },
    ),
    max_size=4,
)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    data_format: DataFormat = plugins.load("formats", name)()
    assert data_format.name == name
    assert data_format.title
    assert data_format.recognises({}) is False


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_row_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(RowError) as caught:
        plugins.load("formats", name)().record({})
    assert caught.value.what
    assert caught.value.fix
    assert caught.value.path
    assert caught.value.code != RowError.default_code


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_any_row_gives_a_record_or_a_row_error(name: str, data: st.DataObject) -> None:
    data_format = plugins.load("formats", name)()
    row = data.draw(st.dictionaries(words, values | turns, max_size=4), "row")
    for key in getattr(data_format, "keys", ()):
        row[key] = data.draw(values | turns, key)
    data_format.recognises(row)
    result = outcome(data_format, row)
    if isinstance(result, RowError):
        assert result.what
        assert result.code != RowError.default_code
    else:
        assert record_of(row_of(result)) == result


def outcome(data_format: DataFormat, row: dict[str, Any]) -> Record | RowError:
    try:
        return data_format.record(row)
    except RowError as error:
        return error


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_detected_and_its_canonical_row_is_a_row_again(name: str) -> None:
    assert detect([SAMPLES[name]]).name == name
    record = plugins.load("formats", name)().record(SAMPLES[name])
    row = row_of(record)
    again = plugins.load("formats", detect([row]).name)().record(row)
    assert again == record == record_of(row)


def test_every_built_in_format_has_a_sample() -> None:
    assert set(SAMPLES) == set(plugins.TABLES["formats"])
