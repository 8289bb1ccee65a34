"""Rules about the shape of rows: their length, their turns, how their answers end."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad import plugins
from postgrad.core.events import Event
from postgrad.core.findings import Hit
from postgrad.core.interfaces import StepContext
from postgrad.core.records import Chat, Message, Record, Text, ToolCall
from postgrad.data.files import Example
from postgrad.data.rows import Row, Rows, Size, estimate
from postgrad.steps.check import check


def rows_of_records(records: list[Record], limit_tokens: float = 2048) -> Rows:
    measure = partial(estimate, limit_tokens=limit_tokens)
    return Rows(
        [
            Row(i, "train", "a.jsonl", i + 1, each, None, measure(Example(f"a:{i}", i + 1, each)))
            for i, each in enumerate(records)
        ]
    )


def chat(*turns: str | Message) -> Chat:
    """Turns as user and assistant alternate."""
    roles = ("user", "assistant")
    return Chat(
        tuple(
            turn if isinstance(turn, Message) else Message(roles[index % 2], turn)  # type: ignore[arg-type]
            for index, turn in enumerate(turns)
        )
    )


def found(rule: str, records: list[Record], limit_tokens: float = 2048) -> list[Hit]:
    return list(plugins.load("rules", rule)().find(rows_of_records(records, limit_tokens)))


def varied(count: int) -> list[Record]:
    """Chats whose lengths vary as those of people do."""
    return [
        chat("Why is it so, in a word or two? " * (1 + n % 3), "It is so because. " * (2 + n % 5))
        for n in range(count)
    ]


# --- Lengths ------------------------------------------------------------------------------------


def test_a_cut_row_says_what_is_lost() -> None:
    [hit] = found("lengths", [chat("a" * 400, "b" * 400), chat("a", "b")], limit_tokens=150)
    assert (hit.code, hit.row) == ("too_long", 0)
    assert hit.what == "Of 200 tokens, 50 of the 100 taught are cut off, and the stop token with " \
        "them."  # fmt: skip
    [hit] = found("lengths", [chat("a" * 400, "b" * 400)], limit_tokens=100)
    assert "all of the 100 taught are cut off" in hit.what
    [hit] = found("lengths", [Text("a" * 400)], limit_tokens=99)
    assert hit.what == "Of 100 tokens, 1 of the 100 taught are cut off."


def test_a_cut_end_that_is_not_taught_is_no_loss() -> None:
    shown = Message("assistant", "b" * 400, weight=0)
    assert found("lengths", [chat("a" * 40, "c" * 40, "a" * 40, shown)], limit_tokens=40) == []


@given(
    st.lists(st.tuples(st.text(max_size=60), st.text(min_size=1, max_size=60)), min_size=1),
    st.integers(0, 300),
)
def test_what_is_lost_is_taught_and_grows_as_the_limit_falls(
    pairs: list[tuple[str, str]], limit_tokens: int
) -> None:
    example = Example("a:1", 1, chat(*(text for pair in pairs for text in pair)))
    whole, cut = estimate(example), estimate(example, limit_tokens)
    tighter = estimate(example, limit_tokens / 2)
    assert whole.lost == 0
    assert whole[:2] == cut[:2]
    assert 0 <= cut.lost <= tighter.lost <= whole.taught
    assert cut.lost == 0 or whole.tokens + 1 > limit_tokens


def test_outliers_are_far_from_what_is_usual() -> None:
    usual = varied(150)
    odd = [chat("Why?", "So it is. " * 400), chat("Why so? " * 300, "It is so because. " * 3)]
    assert {(hit.code, hit.row) for hit in found("lengths", [*usual, *odd], 10**6)} == {
        ("length_outlier", 150),
        ("length_outlier", 151),
    }
    assert found("lengths", usual) == []
    assert found("lengths", [*usual[:50], *odd], 10**6) == []  # too few to tell
    many = [chat("Why?", "So it is. " * 400)] * 15
    assert found("lengths", [*usual, *many], 10**6) == []  # another kind of row


def test_the_jobs_own_limit_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [f'{{"prompt": "Why {n}?", "completion": "{"so " * 40}{n}."}}' for n in range(20)]
    path.write_text("\n".join(rows), encoding="utf-8")
    events: list[Event] = []
    context = StepContext(tmp_path, events.append, lambda: False, tmp_path)

    def codes(training: dict[str, int]) -> set[str]:
        job = {"data": {"train": str(path)}, "training": training}
        answer = check(context, {"job": job, "rules": ["lengths"]})
        return {finding["code"] for finding in answer["findings"]}

    assert codes({}) == set()
    assert codes({"max_length": 20}) == {"too_long"}


# --- Turns --------------------------------------------------------------------------------------

CALL = Message("assistant", "", (ToolCall("look", {}, "1"),))
RESULT = Message("tool", "ok", tool_call_id="1")


@pytest.mark.parametrize(
    ("turns", "code", "path"),
    [
        ([("user", "a"), ("user", "b"), ("assistant", "c")], "odd_turns", "messages[1]"),
        ([("user", "a"), ("assistant", "b"), ("assistant", "c")], "odd_turns", "messages[2]"),
        ([("user", "a"), ("system", "b"), ("assistant", "c")], "odd_turns", "messages[1]"),
        ([("system", "s"), ("assistant", "c")], "odd_turns", "messages[1]"),
        (
            [("system", " "), ("user", "a"), ("assistant", "c")],
            "empty_system",
            "messages[0].content",
        ),
        ([("user", "a b"), ("assistant", "A  b")], "echo", ""),
    ],
)  # fmt: skip
def test_odd_turns_are_found_where_they_are(
    turns: list[tuple[str, str]], code: str, path: str
) -> None:
    odd = Chat(tuple(Message(role, text) for role, text in turns))  # type: ignore[arg-type]
    [hit] = found("odd_rows", [odd, *varied(20)])
    assert (hit.code, hit.path, hit.row) == (code, path, 0)


def test_tool_turns_have_their_order() -> None:
    def told(*turns: Message) -> list[str]:
        return [hit.what for hit in found("odd_rows", [Chat(turns), *varied(20)])]

    asked, done = Message("user", "Look."), Message("assistant", "It is there.")
    assert told(asked, CALL, RESULT, RESULT, done) == []
    assert told(asked, CALL) == []
    assert told(asked, RESULT, done) == ["A tool's result without a call."]
    assert told(asked, CALL, asked, done) == ["A call without a result."]
    assert told(asked, CALL, RESULT, asked, done) == ["A tool's result that nobody answers."]
    shown = Message("assistant", "Well.", weight=0)
    what = "The last answer has weight 0, but the test asks for it."
    assert told(asked, done, asked, shown) == [what]


def test_repeating_may_be_the_task() -> None:
    echoes: list[Record] = [chat(f"This is text {n}.", f"This is text {n}.") for n in range(5)]
    assert len(found("odd_rows", [*echoes, *varied(60)])) == 5
    assert found("odd_rows", [*echoes, *varied(20)]) == []


# --- Ends and marks -----------------------------------------------------------------------------

SENTENCE = "Open the app, choose the card that was lost, and then press the red button."


def test_an_answer_that_waits_for_more_is_found_anywhere() -> None:
    [hit] = found("unfinished", [chat("How?", SENTENCE.replace(" red button.", ""))])
    assert hit.what.endswith("press the” is its end.")


def test_where_answers_end_with_a_full_stop_an_open_one_is_found() -> None:
    open_end = chat("How?", SENTENCE.rstrip("."))
    ended: list[Record] = [chat(f"How {n}?", SENTENCE) for n in range(60)]
    assert [hit.row for hit in found("unfinished", [*ended, open_end])] == [60]
    assert found("unfinished", [*ended[:10], open_end]) == []  # too few to tell
    lists: list[Record] = [chat(f"How {n}?", SENTENCE.rstrip(".") + f" {n}a") for n in range(30)]
    assert found("unfinished", [*ended, *lists, open_end]) == []  # not how answers end here


@pytest.mark.parametrize("end", ["!", "?”", "42", "`", "https://example.org/x", "*", "。"])
def test_ends_of_all_kinds_are_ends(end: str) -> None:
    ended: list[Record] = [chat(f"How {n}?", SENTENCE) for n in range(60)]
    assert found("unfinished", [*ended, chat("How?", SENTENCE.rstrip(".") + " " + end)]) == []


def test_short_answers_and_code_have_no_end_to_miss() -> None:
    ended: list[Record] = [chat(f"How {n}?", SENTENCE) for n in range(60)]
    code = (
        "def look(card):\n    for each in card.turns:\n"
        "        yield each if each else None or 3 and the"
    )
    assert found("unfinished", [*ended, chat("Who?", "Jane Austen"), chat("Code?", code)]) == []


@pytest.mark.parametrize(
    "mark", ["<|im_end|>", "[/INST]", "</s>", "<end_of_turn>", "\n### Response:\n", "<|eot_id|>"]
)
def test_marks_of_templates_are_found(mark: str) -> None:
    [hit] = found("template_remains", [chat("When?", f"At nine.{mark}"), chat("Why?", "So.")])
    assert (hit.row, hit.path) == (0, "messages[1].content")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When?", "At nine, i.e. <s>eight</s>."),
        ("Which token ends a turn?", "<|im_end|> does."),
        ("Show it.", "```\n<|im_end|>\n```"),
        ("Structure it.", "## Response times\n### Input\nNothing."),
        ("Who?", "<|nobody|> and a | b |> c"),
    ],
)
def test_what_only_looks_like_a_mark_is_left_alone(question: str, answer: str) -> None:
    question = question if answer.count("<s>") == 0 else "Strike it out in HTML."
    assert found("template_remains", [chat(question, answer)]) == []


def test_sizes_are_plain_numbers() -> None:
    assert Size(5, 3) == (5, 3, 0)
