"""Stored completions: with their messages, or side by side with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collecting import completion, gather, write
from postgrad.data.collect.json_objects import json_objects
from postgrad.errors import DataError

ASK = [{"role": "user", "content": "A haiku?"}]
CHAT = [("user", "A haiku?"), ("assistant", "Snow.")]


def page(*data: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(data), "first_id": None, "has_more": False}


def message(name: str, role: str, content: str | None, **more: object) -> dict[str, Any]:
    return {
        "id": name,
        "role": role,
        "content": content,
        "name": None,
        "content_parts": None,
        **more,
    }


WHOLE = {**completion("c-1", "Snow."), "messages": ASK}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", json.dumps(WHOLE)),
        ("a.json", json.dumps(WHOLE)),
        ("a.json", json.dumps([WHOLE], indent=2)),
        ("a.json", json.dumps(page(WHOLE))),
        ("a.json", json.dumps(page(WHOLE)) + json.dumps(page())),
        ("a.jsonl", json.dumps(page(WHOLE)) + "\n"),
        ("a.json", json.dumps([page(WHOLE), page()])),
        (
            "a.jsonl",
            json.dumps({"request": {"messages": ASK}, "response": completion("c", "Snow.")}),
        ),
        (
            "a.jsonl",
            json.dumps(
                {
                    "request": {"body": {"messages": ASK}},
                    "response": {"status_code": 200, "body": completion("c", "Snow.")},
                }
            ),
        ),
    ],
    ids=range(9),
)
def test_in_whatever_form_they_come(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, {name: text})
    found = gather(tmp_path, name)
    assert found.chats == [CHAT]
    assert found.result["sources"][0]["kind"] == "completions"


def test_pages_of_completions_and_of_messages(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "A haiku?"}]
    write(
        tmp_path / "export",
        {
            "completions.json": json.dumps(
                page(completion("c-1", "Snow."), completion("c-2", "Rain."))
            ),
            "messages.json": json.dumps(
                page(
                    message("c-1-1", "user", None, content_parts=parts),
                    message("c-1-0", "system", "Be brief."),
                    message("c-3-0", "user", "Lost?"),
                )
            ),
        },
    )
    found = gather(tmp_path, "export")
    assert found.chats == [[("system", "Be brief."), *CHAT]]
    assert found.codes == {
        "export/completions.json:object 2": "no_messages",
        "export/messages.json:object 3": "no_choices",
    }
    assert "docs/collect.md" in found.skipped[0]["fix"]


def test_tools_are_kept(tmp_path: Path) -> None:
    call = {"id": "t1", "type": "function", "function": {"name": "book", "arguments": '{"n": 2}'}}
    answer = {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None}
    tools = [{"type": "function", "function": {"name": "book", "parameters": {"type": "object"}}}]
    whole = {"choices": [{"message": answer, "finish_reason": "tool_calls"}], "messages": ASK}
    write(tmp_path, {"a.jsonl": json.dumps({**whole, "tools": tools})})
    [row] = gather(tmp_path, "a.jsonl").rows
    assert row["messages"][-1]["tool_calls"] == [call]
    assert row["tools"] == tools


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({**WHOLE, "choices": []}, "no_choices"),
        ({**completion("c", "Sno", finish_reason="length"), "messages": ASK}, "cut_answer"),
        ({**completion("c", ""), "messages": ASK}, "missing_content"),
        ({**WHOLE, "messages": [{"role": "usr", "content": "x"}]}, "unrecognized_role"),
        (
            {"choices": [{"message": {"role": "assistant", "refusal": "No."}}], "messages": ASK},
            "refusal",
        ),
        ({"object": "response", "output": []}, "no_completion"),
        (
            {**WHOLE, "messages": [{"role": "user", "content": "x", "weight": 9}]},
            "unexpected_weight",
        ),
    ],
)
def test_what_can_not_be_a_chat_has_a_reason(
    tmp_path: Path, row: dict[str, Any], code: str
) -> None:
    write(tmp_path, {"a.jsonl": f"{json.dumps(WHOLE)}\n{json.dumps(row)}\n"})
    found = gather(tmp_path, "a.jsonl")
    assert found.chats == [CHAT]
    assert found.codes == {"a.jsonl:2": code}


def test_a_broken_file_costs_what_comes_after_the_fault(tmp_path: Path) -> None:
    text = json.dumps([WHOLE, WHOLE])
    write(tmp_path / "x", {"a.json": text[:-20], "b.jsonl": "{broken\n" + json.dumps(WHOLE)})
    found = gather(tmp_path, "completions:x")
    assert found.chats == [CHAT, CHAT]
    assert found.codes == {"x/a.json": "invalid_json", "x/b.jsonl:1": "invalid_json"}


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("aé\n\u2028", max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4), max_size=5)


@given(OBJECTS, st.sampled_from(["list", "page", "one after the other", "lines"]))
@settings(max_examples=200, deadline=None)
def test_every_object_comes_back(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]], form: str
) -> None:
    path = tmp_path_factory.mktemp("json") / ("a.jsonl" if form == "lines" else "a.json")
    texts = [json.dumps(each) for each in objects]
    path.write_text(
        {
            "list": json.dumps(objects),
            "page": json.dumps(page(*objects)),
            "one after the other": "\n".join(texts) or "{}",
            "lines": "\n".join(texts) or "{}",
        }[form]
    )
    assert [value for _, value in json_objects(path) if value] == [each for each in objects if each]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN}', '{"a": tru', "", "\xff", '{"a":1}}'])
def test_json_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError) as caught:
        list(json_objects(path))
    assert caught.value.code in ("invalid_json", "too_deep")


def test_an_object_that_is_too_deep(tmp_path: Path) -> None:
    deep = '{"a":' * 3000 + "1" + "}" * 3000
    write(tmp_path, {"a.json": f"[{json.dumps(WHOLE)}, {deep}]"})
    found = gather(tmp_path, "completions:a.json")
    assert found.chats == [CHAT]
    assert found.codes == {"a.json:object 2": "too_deep"}
