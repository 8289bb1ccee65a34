"""Which rule fires for which evidence."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.advice.should import TITLES, Evidence, RungScore, advise


def rung(score: float, spread: float = 0.05) -> RungScore:
    return RungScore("A way", score, max(0.0, score - spread), min(1.0, score + spread))


def rungs(**scores: float) -> dict[str, RungScore]:
    return {name: rung(score) for name, score in scores.items()}


USUAL = Evidence(
    kind="json",
    num_train=600,
    num_test=200,
    rungs=rungs(constant=0.0, nearest=0.1, zero_shot=0.0, few_shot=0.05, similar_shot=0.3),
    smallest_gain=0.11,
    defect_share=0.0,
    unknown_share=None,
)
WEAK = rungs(zero_shot=0.0, similar_shot=0.0, nearest=0.0, constant=0.0)
WEAK = {name: dataclasses.replace(each, high=0.01) for name, each in WEAK.items()}

CASES = [
    ({}, "fine_tune", "a consistent, specific task"),
    ({"kind": "prose"}, "fine_tune", "a particular style or format"),
    (
        {"kind": "prose", "rungs": rungs(zero_shot=0.6, similar_shot=0.6)},
        "fine_tune",
        "a generic model that is close but off",
    ),
    ({"rungs": rungs(zero_shot=0.97)}, "prompt", "a generic model that already does it well"),
    (
        {"rungs": rungs(zero_shot=0.1, few_shot=0.97)},
        "prompt",
        "a task that a few examples explain",
    ),
    (
        {"rungs": rungs(zero_shot=0.1, nearest=0.97)},
        "retrieval",
        "answers that only need looking up",
    ),
    (
        {"kind": "prose", "unknown_share": 0.8},
        "retrieval",
        "facts that the base model does not know",
    ),
    (
        {"kind": "prose", "rungs": WEAK},
        "stronger_base",
        "a base model that is too weak for the task, whatever the data",
    ),
    ({"num_train": 20}, "better_data", "too little good data"),
    ({"defect_share": 0.5}, "better_data", "too little good data"),
    ({"smallest_gain": 0.4, "num_test": 30}, "not_measurable", "too few rows to test on"),
    ({"smallest_gain": None, "num_test": 3}, "not_measurable", "too few rows to test on"),
    ({"kind": "text", "rungs": {}}, "fine_tune", "a language or a domain of its own"),
    ({"rungs": {}}, "fine_tune", "not compared with simpler ways"),
]


@pytest.mark.parametrize(("changes", "action", "case"), CASES)
def test_the_rule_that_fires(changes: dict[str, object], action: str, case: str) -> None:
    found = advise(dataclasses.replace(USUAL, **changes))  # type: ignore[arg-type]
    assert (found.action, found.case) == (action, case)


@given(
    st.sampled_from(["label", "json", "prose", "text"]),
    st.integers(0, 10_000),
    st.dictionaries(
        st.sampled_from(["constant", "nearest", "zero_shot", "few_shot", "similar_shot"]),
        st.floats(0, 1).map(rung),
    ),
    st.none() | st.floats(0, 2),
    st.floats(0, 1),
    st.none() | st.floats(0, 1),
)
def test_always_an_advice_with_its_rule(
    kind: str,
    num_train: int,
    scores: dict[str, RungScore],
    smallest: float | None,
    defects: float,
    unknown: float | None,
) -> None:
    found = advise(Evidence(kind, num_train, 100, scores, smallest, defects, unknown))
    assert found.action in TITLES
    for text in (found.rule, found.text):
        assert text.endswith((".", "train"))
    assert found.case
