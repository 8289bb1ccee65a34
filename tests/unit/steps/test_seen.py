"""Tokens as a person sees them: every character once, in the right colour."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postgrad.data.render import Sequence
from postgrad.steps.seen import RUN_TOKENS, seen, token_texts


def decode(tokens: list[int]) -> str:
    """A tokenizer of bytes, which drops a space at the beginning as sentencepiece does."""
    text = bytes(tokens).decode("utf-8", "replace")
    return text.removeprefix(" ")


@given(st.text(max_size=40).filter(lambda text: "\ufffd" not in text))
def test_the_texts_of_tokens_make_the_whole_text(text: str) -> None:
    tokens = list(text.encode())
    texts = token_texts(tokens, decode)
    assert len(texts) == len(tokens)
    assert "".join(texts) == decode(tokens)


@given(st.integers(1, 50), st.integers(0, 60), st.data())
def test_each_token_has_its_kind(count: int, limit: int, data: st.DataObject) -> None:
    taught = tuple(sorted(data.draw(st.sets(st.integers(0, count - 1)))))
    sequence = Sequence(tuple(range(65, 65 + count)), taught)
    [runs] = seen([sequence], decode, limit)
    kinds = [run["kind"] for run in runs for _ in run["tokens"]]
    for index, kind in enumerate(kinds):
        expected = "trained" if index in taught else "context"
        assert kind == (expected if index < limit else "cut")
    assert len(kinds) == count


def test_a_long_run_is_shortened_and_says_by_how_much() -> None:
    [runs] = seen([Sequence((97,) * (RUN_TOKENS + 50), ())], decode, 10_000)
    assert [run["kind"] for run in runs] == ["context", "gap", "context"]
    shown = sum(len(run.get("tokens", ())) for run in runs)
    assert shown + runs[1]["count"] == RUN_TOKENS + 50
