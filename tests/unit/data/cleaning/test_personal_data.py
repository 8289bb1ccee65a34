"""What the scan for personal data finds, what it leaves alone, and the masks."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.records import Chat, Message
from postgrad.data.cleaning.personal_data import PersonalData
from postgrad.data.personal.recognise import find
from postgrad.data.personal.signs import signs_of
from postgrad.data.rows import Row, Rows, Size


def rows(*chats: tuple[str, str]) -> Rows:
    records = [Chat((Message("user", q), Message("assistant", a))) for q, a in chats]
    return Rows(
        [Row(i, "train", "a.jsonl", i + 1, r, None, Size(20, 10)) for i, r in enumerate(records)]
    )


def luhn_digit(digits: str) -> str:
    doubled = [int(c) * (2 - i % 2) for i, c in enumerate(reversed(digits))]
    return str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


@given(st.from_regex(r"4[0-9]{14}", fullmatch=True), st.sampled_from(["", " ", "-"]))
def test_a_card_is_one_only_with_its_check_digit(start: str, sign: str) -> None:
    right = luhn_digit(start)
    wrong = str((int(right) + 1) % 10)
    for digit, kinds in ((right, ["CARD"]), (wrong, [])):
        whole = start + digit
        written = sign.join(whole[i : i + 4] for i in range(0, 16, 4))
        found = [span.kind for span in find(f"Charge {written} today.", "assistant")]
        assert [kind for kind in found if kind == "CARD"] == kinds


@given(st.from_regex(r"[0-9]{18}", fullmatch=True), st.booleans(), st.integers(1, 96))
def test_an_iban_is_one_only_with_its_check_digits(account: str, grouped: bool, off: int) -> None:
    check = 98 - int(f"{account}131400") % 97  # D is 13, E is 14
    for digits, expected in ((check, True), ((check + off - 2) % 97 + 2, off % 97 == 0)):
        whole = f"DE{digits:02d}{account}"
        if grouped:
            whole = " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))
        spans = [span for span in find(f"Pay to {whole}.", "assistant") if span.kind == "IBAN"]
        assert [span.value for span in spans] == ([whole] if expected else [])


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Write to ana.wolf@posteo.net.", "EMAIL", "ana.wolf@posteo.net"),
        ("Call me on (415) 555-2671 please", "PHONE", "(415) 555-2671"),
        ("My number is +44 20 7946 0958.", "PHONE", "+44 20 7946 0958"),
        ("my ssn is 219-09-9999", "ID", "219-09-9999"),
        ("The account number is 88317724.", "ACCOUNT", "88317724"),
        ("my password is Tr0ub4dor", "PASSWORD", "Tr0ub4dor"),
        ("My name is Ana Wolf.", "NAME", "Ana Wolf"),
        ("Send it to 12 Elm Street, Boston MA 02115", "ADDRESS", "12 Elm Street, Boston MA 02115"),
        ("Log in from 93.184.216.34", "IP", "93.184.216.34"),
        ("order number 7741-2203", "ORDER", "7741-2203"),
    ],
)
def test_finds(text: str, kind: str, value: str) -> None:
    assert (kind, value) in [(span.kind, span.value) for span in find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Write to support@example.com or see logo@2x.png.",
        "Version 10.2.14.1 runs on 192.168.0.1 and 127.0.0.1.",
        "The order of 1234567 pieces cost $1,234,567.89 on 2024-11-05.",
        "Pi is 3.14159265358979, and 2147483647 is the largest.",
        "Dear Hiring Manager, your name is needed; my name is not.",
        "The pharmacy on Elm Street is open 24 hours.",
        "The password is wrong, and passwords need 8 characters.",
        "Between 1914 and 1918, 20 million people died.",
    ],
)
def test_leaves_alone(text: str) -> None:
    assert find(text, "assistant") == []


def test_the_same_value_gets_the_same_mask_in_every_row() -> None:
    checked = rows(
        ("I am at ana@posteo.net", "Thanks, Ana@Posteo.net it is."),
        ("ben@posteo.net and [EMAIL_7] wrote", "Both did."),
        ("Is it ana@posteo.net?", "It is."),
    )
    hits = [hit for hit in PersonalData().find(checked) if hit.code == "personal_email"]
    masks = {(hit.row, hit.path): dict(hit.replace) for hit in hits}
    assert masks == {
        (0, "messages[0].content"): {"ana@posteo.net": "[EMAIL_8]"},  # 7 is taken
        (0, "messages[1].content"): {"Ana@Posteo.net": "[EMAIL_8]"},
        (1, "messages[0].content"): {"ben@posteo.net": "[EMAIL_9]"},
        (2, "messages[0].content"): {"ana@posteo.net": "[EMAIL_8]"},
    }


def test_a_report_does_not_tell_the_value() -> None:
    [hit] = PersonalData().find(rows(("Hm?", "Pay DE89370400440532013000.")))
    assert hit.code == "personal_iban"
    assert "370400440532013000" not in hit.what


@given(st.text(max_size=300), st.sampled_from(["user", "assistant"]))
def test_spans_are_parts_of_the_text_and_do_not_overlap(text: str, role: str) -> None:
    end = 0
    for span in find(text, role):
        assert span.start >= end
        assert text[span.start : span.end] == span.value != ""
        end = span.end


@pytest.mark.timeout(20)  # it takes a fraction of a second; a quadratic pattern takes minutes
@pytest.mark.parametrize(
    "piece", ["a@", "1 ", "12 a ", "my name is ", "A B ", "4 e ", "address is 1", "pin: ", "::1"]
)
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_the_worst_text_of_a_pattern_ends(piece: str, role: str) -> None:
    text = piece * (100_000 // len(piece))
    assert all(text[span.start : span.end] == span.value for span in find(text, role))


@given(st.text() | st.text(alphabet="ab Z'’_-.,09é\u00a0İKſßÀ“”…٣²½文ª\n\t\x1c\x85😀", max_size=20))
def test_the_signs_of_a_text_are_its_words_and_numbers(text: str) -> None:
    signs = signs_of(text)
    lengths = [len(number) for number in re.findall(r"\d+", text)]
    assert len(signs.lower) == len(text)
    assert signs.words == frozenset(re.findall(r"[^\W\d_]+", signs.lower))
    assert (signs.num_digits, signs.num_numbers) == (sum(lengths), len(lengths))
    assert signs.longest_number == max(lengths, default=0)
