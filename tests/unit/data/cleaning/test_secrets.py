"""Which keys are found, and which only look like one."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.core.records import Chat, Message
from postgrad.data.cleaning.secrets import Secrets, secrets
from postgrad.data.rows import Row, Rows, Size

RANDOM = "q8Zt3LxW0vRb6Hn1YkPc5JdFgS2mTa9uEoVi7QwX"
HEX = "3f9a1c7be20d4586" * 4


@pytest.mark.parametrize(
    "key",
    [
        f"sk-proj-{RANDOM}",
        f"sk-ant-api03-{RANDOM}",
        f"ghp_{RANDOM[:36]}",
        f"glpat-{RANDOM[:20]}",
        "AKIA" + "Q3XZ7PLM2WKT9RVB",
        f"AIza{RANDOM[:35]}",
        f"xoxb-{'204817392645'}-{RANDOM[:24]}",
        f"npm_{RANDOM[:36]}",
        f"dop_v1_{HEX}",
    ],
)
def test_finds_the_keys_of_providers(key: str) -> None:
    assert [span.value for span in secrets(f"export TOKEN={key}; run")] == [key]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"api_key = '{RANDOM[:24]}'", RANDOM[:24]),
        (f'"clientSecret": "{RANDOM[:32]}"', RANDOM[:32]),
        (f"Authorization: Bearer {RANDOM}", RANDOM),
        ("postgres://app:Xk29vTq8@db.example.org/shop", "Xk29vTq8"),
    ],
)
def test_finds_what_is_assigned(text: str, value: str) -> None:
    assert [span.value for span in secrets(text)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "api_key = 'your-api-key-goes-here-123456'",
        "api_key = os.environ['OPENAI_API_KEY']",
        "token = tokenizer.convert_tokens_to_ids_2",
        "secret: aaaaaaaaaaaaaaaaaaaaaaaa1",
        "sk-learn is scikit-learn, a library for machine-learning-with-python",
        "ghp_" + "x" * 36,
        "The key to success is patience.",
        "https://user:password@example.org/",
        "-----BEGIN PUBLIC KEY-----\n" + RANDOM * 3 + "\n-----END PUBLIC KEY-----",
        "A file that says PRIVATE KEY in its first line.",
    ],
)
def test_leaves_alone(text: str) -> None:
    assert secrets(text) == []


@given(
    st.sampled_from(["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""]),
    st.text(string.ascii_letters + string.digits + "+/\n", min_size=60, max_size=400),
)
def test_a_private_key_is_masked_whole(kind: str, body: str) -> None:
    key = f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"
    record = Chat((Message("user", "Show it."), Message("assistant", f"Here: {key} Bye.")))
    hits = list(Secrets().find(Rows([Row(0, "train", "a", 1, record, None, Size(9, 9))])))
    assert [hit.replace for hit in hits] == [((key, "[PRIVATE_KEY_1]"),)]
    assert body.strip() not in hits[0].what
