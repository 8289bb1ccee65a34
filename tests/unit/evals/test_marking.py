"""When two texts or JSON values count as the same."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad import plugins
from postgrad.evals import marking
from postgrad.evals.scorers.rouge_l import common_subsequence

ASCII = st.text(st.characters(min_codepoint=9, max_codepoint=126), max_size=60)
WORDS = st.lists(
    st.sampled_from(["the", "a", "cat", "sat", "mat", "it's", "x_y", "12", "a-b"]),
    max_size=12,
)
SENTENCES = WORDS.map(" ".join)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def score(name: str, answer: str, reference: str) -> float | None:
    return plugins.load("scorers", name)().score(answer, reference)


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ("Yes", "Yes", 1),
        (" Yes\n", "Yes", 1),
        ("a  b\tc", "a b c", 1),
        ("cafe\u0301", "caf\u00e9", 1),
        ("yes", "Yes", 0),
        ("Yes.", "Yes", 0),
        ("", "Yes", 0),
    ],
)
def test_exact_match(answer: str, reference: str, right: float) -> None:
    assert score("exact_match", answer, reference) == right


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ('"Yes."', "yes", 1),
        ("**Other**", "Other", 1),
        ("`card_arrival`\n", "card_arrival", 1),
        ("STRASSE", "straße", 1),
        ("The answer is yes", "yes", 0),
        ("yes and no", "yes", 0),
        ("-1", "1", 0),
        ("C#", "C", 0),
        ("C++", "C", 0),
        ("?", "!", 0),
        ("", "yes", 0),
    ],
)
def test_label_match(answer: str, reference: str, right: float) -> None:
    assert score("label_match", answer, reference) == right


@pytest.mark.parametrize(
    ("answer", "valid"),
    [
        ("{}", 1),
        (" [1, 2]\n", 1),
        ('{"a": null}', 1),
        ("5", 0),
        ('"a"', 0),
        ("```json\n{}\n```", 0),
        ("Sure! {}", 0),
        ("{'a': 1}", 0),
        ('{"a": NaN}', 0),
        ('{"a": 1,}', 0),
        ('{"a": 1} {"a": 1}', 0),
        ("[" * 101 + "]" * 101, 0),
        ("[" * 100 + "]" * 100, 1),
        ("[" * 100_000, 0),
        ("", 0),
    ],
)
def test_json_valid(answer: str, valid: float) -> None:
    assert score("json_valid", answer, "{}") == valid


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ('{"b": 1.0, "a": "x"}', '{"a": "x", "b": 1}', 1),
        ('{"a": true}', '{"a": 1}', 0),
        ('{"a": "1"}', '{"a": 1}', 0),
        ('{"a": null}', "{}", 0),
        ("[1, 2]", "[2, 1]", 0),
        ('{"a": "X"}', '{"a": "x"}', 0),
        ("not json", "{}", 0),
        ("{}", "not json", None),
        ("5", "5", None),
    ],
)
def test_json_exact(answer: str, reference: str, right: float | None) -> None:
    assert score("json_exact", answer, reference) == right


@pytest.mark.parametrize(
    ("answer", "reference", "f1"),
    [
        ('{"a": 1, "b": 2}', '{"a": 1, "b": 2}', 1),
        ('{"a": 1, "b": 3}', '{"a": 1, "b": 2}', 1 / 2),
        ('{"a": 1}', '{"a": 1, "b": 2}', 2 / 3),
        ('{"a": 1, "b": 2, "c": 3}', '{"a": 1}', 2 / 4),
        ('{"x": {"a": 1}}', '{"a": 1}', 0),
        ('{"a": " Two  WORDS"}', '{"a": "two words"}', 1),
        # Lists as bags: one item more doesn't shift the others, a repeated one counts twice.
        ('{"a": [3, 1, 2]}', '{"a": [1, 2]}', 4 / 5),
        ('{"a": [1, 1]}', '{"a": [1]}', 2 / 3),
        ('{"a": []}', "{}", 0),
        ("{}", "{}", 1),
        ("[]", "{}", 0),
        ('{"a": true}', '{"a": 1}', 0),
        ("no", '{"a": 1}', 0),
        ("{}", "no", None),
        # Prose: token-F1; short strings: all or nothing.
        ('{"r": "we love hot pizza now"}', '{"r": "we love cold pizza now"}', 4 / 5),
        ('{"r": "hot pizza now"}', '{"r": "cold pizza now"}', 0),
        ('{"r": 5}', '{"r": "we love cold pizza now"}', 0),
        # Two texts at one path: the pairs that fit best.
        (
            '{"r": ["we love cold pizza now", "one two three four five"]}',
            '{"r": ["one two three four six", "we love cold pizza now"]}',
            (1 + 4 / 5) / 2,
        ),
    ],
)
def test_json_field_f1(answer: str, reference: str, f1: float | None) -> None:
    found = score("json_field_f1", answer, reference)
    assert found == (f1 if f1 is None else pytest.approx(f1))


@given(OBJECTS, OBJECTS)
def test_json_exact_and_field_f1_agree_where_all_is_right(left: Any, right: Any) -> None:
    answer, reference = json.dumps(left), json.dumps(right)
    exact, fields = (
        score("json_exact", answer, reference),
        score("json_field_f1", answer, reference),
    )
    assert fields is not None
    assert 0 <= fields <= 1
    if exact:
        assert fields == pytest.approx(1)


@given(OBJECTS, st.randoms())
def test_json_ignores_the_order_of_keys(value: dict[str, Any], random: Any) -> None:
    shuffled = dict(random.sample(sorted(value.items()), len(value)))
    for name in ("json_exact", "json_field_f1"):
        assert score(name, json.dumps(shuffled), json.dumps(value)) == 1


def squad_f1(prediction: str, gold: str) -> float:
    """compute_f1 of evaluate-v2.0.py (SQuAD, CC BY-SA 4.0), in its own steps."""

    def tokens(text: str) -> list[str]:
        lowered = "".join(sign for sign in text.lower() if sign not in string.punctuation)
        return re.sub(r"\b(a|an|the)\b", " ", lowered).split()

    gold_tokens, predicted = tokens(gold), tokens(prediction)
    common = Counter(gold_tokens) & Counter(predicted)
    if not gold_tokens or not predicted:
        return float(gold_tokens == predicted)
    same = sum(common.values())
    if same == 0:
        return 0.0
    precision, recall = same / len(predicted), same / len(gold_tokens)
    return 2 * precision * recall / (precision + recall)


@given(SENTENCES | ASCII, SENTENCES | ASCII)
def test_token_f1_is_squads(answer: str, reference: str) -> None:
    if marking.squad_words(reference):
        assert score("token_f1", answer, reference) == pytest.approx(squad_f1(answer, reference))


def test_token_f1_compares_a_reference_without_words_as_a_whole() -> None:
    assert score("token_f1", "", "A") == 0
    assert score("token_f1", "The", "A") == 0
    assert score("token_f1", "A", "A") == 1


@given(SENTENCES | ASCII, SENTENCES | ASCII)
def test_rouge_l_is_that_of_rouge_score(answer: str, reference: str) -> None:
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(["rougeL"])
    if marking.rouge_words(reference):
        expected = scorer.score(reference, answer)["rougeL"].fmeasure
        assert score("rouge_l", answer, reference) == pytest.approx(expected)


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_common_subsequence_is_the_tables(left: list[str], right: list[str]) -> None:
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            table[i + 1][j + 1] = (
                table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
            )
    assert common_subsequence(left, right) == table[-1][-1]


@given(SENTENCES | st.text(max_size=40), SENTENCES | st.text(max_size=40))
def test_chrf_is_sacrebleus(answer: str, reference: str) -> None:
    chrf = pytest.importorskip("sacrebleu.metrics").CHRF()
    answer, reference = marking.nfc(answer), marking.nfc(reference)
    if "".join(reference.split()):
        expected = chrf.sentence_score(answer, [reference]).score / 100
        assert score("chrf", answer, reference) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["token_f1", "rouge_l", "chrf"])
@pytest.mark.parametrize(
    ("near", "far", "reference"),
    [
        ("Столица Франции Париж", "Рим", "Париж это столица Франции"),
        ("我想预订一张桌子", "天气", "我想订一张桌子"),
        ("パリはフランスの首都", "ローマ", "フランスの首都はパリ"),
        ("हिन्दी भाषा", "नमस्ते", "हिन्दी एक भाषा है"),
    ],
)
def test_graded_scores_work_in_every_script(name: str, near: str, far: str, reference: str) -> None:
    found, other = score(name, near, reference), score(name, far, reference)
    assert found is not None
    assert other is not None
    assert found > 0.3 > other


@given(st.sampled_from(plugins.names("scorers")), st.text(min_size=1), st.text())
def test_scores_are_shares_and_a_copy_is_right(name: str, text: str, other: str) -> None:
    copy, found = score(name, text, text), score(name, other, text)
    assert copy in ((None, 1) if name.startswith("json") else (1,)) or name == "json_valid"
    assert found is None or 0 <= found <= 1


@given(st.text())
def test_label_form_is_stable(text: str) -> None:
    once = marking.label_form(text)
    if any(sign.isalnum() for sign in once):
        assert marking.label_form(f' "{once}." ') == once


def test_path_text() -> None:
    value = {"items": [{"size": 1}], "day": {}}
    paths = [marking.path_text(path) for path, _ in marking.json_leaves(value)]
    assert paths == ["items[].size", "day"]
    assert marking.path_text(("[]",)) == "[]"
