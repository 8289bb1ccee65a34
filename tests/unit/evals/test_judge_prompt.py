"""What a judge's reply says."""

from __future__ import annotations

import pytest

from postgrad.core.pair import Pair
from postgrad.evals.judge_prompt import CRITERIA, choice, messages


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("A is right.\nVERDICT: A", "first"),
        ("B is right, A is not.\n\n**Verdict: B**", "second"),
        ("VERDICT: TIE.", "tie"),
        ("Verdict: Answer B", "second"),
        ("<think>VERDICT: A? No.</think>\nVERDICT: B", "second"),
        ("Both are fine. [[C]]", "tie"),
        ("[[A]]", "first"),
        ("b", "second"),
        ("VERDICT: A\nVERDICT: B\nVERDICT: TIE", None),
        ("As an assistant I can't choose.", None),
        ("A good question.", None),
        ("VERDICT: C", None),
        ("", None),
    ],
)
def test_choice(reply: str, place: str | None) -> None:
    assert choice(reply) == place


def test_the_order_is_the_only_difference() -> None:
    pair = Pair("1", ({"role": "user", "content": "Why?"},), "", "base text", "tuned text")
    one = messages(pair, "base", CRITERIA, reference=True)[1]["content"]
    other = messages(pair, "tuned", CRITERIA, reference=True)[1]["content"]
    assert one.index("base text") < one.index("tuned text")
    assert other.index("tuned text") < other.index("base text")
    assert sorted(one) == sorted(other)
    assert "wanted" not in one
