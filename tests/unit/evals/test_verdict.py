"""One word, one sentence, and ship or not."""

from __future__ import annotations

import pytest

from postgrad.core.report import Comparison, Gate
from postgrad.core.task import Answer, Task
from postgrad.evals.verdict import decide, expected_power, gates, headline, ship

TASK = Task("json", "json_exact", (), "")
TEXT = Task("text", "bits_per_byte", (), "")


def comparison(**changes: object) -> Comparison:
    values: dict[str, object] = {
        "metric": "json_exact",
        "title": "JSON exactly right",
        "n": 200,
        "base": 0.0,
        "tuned": 0.57,
        "delta": 0.57,
        "ci95": (0.5, 0.64),
        "p_value": 1e-30,
        "test": "exact McNemar test",
        "higher_is_better": True,
        "minimum_detectable_effect": 0.11,
        "fixed": 114,
        "broken": 0,
    }
    return Comparison.model_validate(values | changes)


@pytest.mark.parametrize(
    ("p", "interval", "delta", "higher", "expected"),
    [
        (0.01, (0.1, 0.3), 0.2, True, "better"),
        (0.01, (-0.3, -0.1), -0.2, True, "worse"),
        (0.01, (0.1, 0.3), 0.2, False, "worse"),
        (0.01, (-0.3, -0.1), -0.2, False, "better"),
        (0.05, (0.1, 0.3), 0.2, True, "no_proof"),
        (0.06, (0.1, 0.3), 0.2, True, "no_proof"),
        (0.01, (-0.1, 0.3), 0.1, True, "no_proof"),
        (0.01, (0.0, 0.3), 0.1, True, "no_proof"),
        (0.01, (0.1, 0.3), -0.1, True, "no_proof"),
    ],
)
def test_decide(
    p: float, interval: tuple[float, float], delta: float, higher: bool, expected: str
) -> None:
    it = comparison(p_value=p, ci95=interval, delta=delta, higher_is_better=higher)
    assert decide(it, 0.05) == expected


def test_a_stricter_significance() -> None:
    assert decide(comparison(p_value=0.02), 0.05) == "better"
    assert decide(comparison(p_value=0.02), 0.01) == "no_proof"


def test_headline() -> None:
    assert headline("better", comparison(), TASK) == (
        "The tuned model got 57 % of 200 held-out questions exactly right; the base model got 0 % "
        "(+57 points, 95 % interval 50 to 64, p < 0.001)."
    )


def test_headline_of_a_loss_and_of_no_proof() -> None:
    loss = comparison(base=0.6, tuned=0.405, delta=-0.195, ci95=(-0.3, -0.09), p_value=0.0123)
    assert headline("worse", loss, TASK) == (
        "Worse: the tuned model got 40.5 % of 200 held-out questions exactly right; the base model "
        "got 60 % (−19.5 points, 95 % interval −30 to −9, p = 0.012)."
    )
    open_end = comparison(tuned=0.02, delta=0.02, ci95=(-0.01, 0.05), p_value=0.125)
    assert headline("no_proof", open_end, TASK).endswith(
        "(+2 points, 95 % interval −1 to 5, p = 0.12; a change under 11 points may not be seen)."
    )
    assert "may not" not in headline("no_proof", comparison(minimum_detectable_effect=None), TASK)


def test_headline_in_other_units() -> None:
    bits = comparison(
        metric="bits_per_byte", base=1.2, tuned=0.91, delta=-0.29, ci95=(-0.31, -0.27), n=1,
        higher_is_better=False, fixed=None, broken=None,
    )  # fmt: skip
    assert headline("better", bits, TEXT) == (
        "The tuned model needed 0.910 bits per byte to predict 1 held-out text, where fewer is "
        "better; the base model needed 1.200 (−0.290 bits per byte, 95 % interval −0.310 to "
        "−0.270, p < 0.001)."
    )
    points = comparison(metric="my_metric", base=31.04, tuned=42.5, delta=11.46, ci95=(9, 14))
    assert "scored 42.5 on 200 held-out questions; the base model scored 31 (+11.5 points" in (
        headline("better", points, TASK)
    )


@pytest.mark.parametrize(
    "metric",
    ["exact_match", "label_match", "macro_f1", "json_valid", "json_field_f1", "token_f1",
     "rouge_l", "chrf", "bits_per_byte", "stop_rate"],
)  # fmt: skip
@pytest.mark.parametrize("verdict", ["better", "worse", "no_proof"])
def test_every_headline_is_one_sentence(metric: str, verdict: str) -> None:
    said = headline(verdict, comparison(metric=metric), TASK)  # type: ignore[arg-type]
    assert said.endswith(").")
    assert "{" not in said
    assert said[0].isupper()


def stops(stopped: int, n: int) -> list[Answer]:
    return [Answer(str(i), (), "", "", "stop" if i < stopped else "length") for i in range(n)]


@pytest.mark.parametrize(
    ("base", "tuned", "n", "passed"),
    [
        (100, 100, 100, True),
        (100, 97, 100, True),  # 97 % of 100 speaks for itself
        (100, 80, 100, False),
        (60, 90, 100, True),  # better than the base, if not good
        (60, 60, 100, True),  # no drop at all: the very same answers stop
        (100, 94, 100, False),
        (19, 19, 19, False),  # too few to show anything
        (20, 20, 20, True),
        (1, 1, 1, False),
    ],
)
def test_stop_rate_gate(base: int, tuned: int, n: int, passed: bool) -> None:
    gate = gates(stops(base, n), stops(tuned, n), TASK)["stop_rate"]
    assert gate.passed is passed
    assert gate.value == pytest.approx((tuned - base) / n)
    assert gate.margin == 0.05
    assert gate.ci95 is not None
    assert gate.text.endswith(".")


def test_plain_text_has_no_gate_of_answers() -> None:
    assert gates(stops(3, 3), stops(0, 3), TEXT) == {}


@pytest.mark.parametrize(
    ("passed", "ci95", "outcome"),
    [
        (True, (-0.04, 0.1), "passed"),
        (False, (-0.2, -0.06), "failed"),
        (False, (-0.2, 0.1), "undecided"),
        (False, (-0.2, -0.01), "undecided"),
        (False, None, "failed"),
    ],
)
def test_a_gate_has_failed_only_where_too_large_a_loss_is_shown(
    passed: bool, ci95: tuple[float, float] | None, outcome: str
) -> None:
    gate = Gate(passed=passed, value=-0.05, margin=0.05, ci95=ci95)
    assert gate.outcome == outcome
    _, reasons = ship("better", {"stop_rate": gate})
    assert reasons[-1].startswith(f"Gate stop_rate {outcome}:")


def test_ship() -> None:
    good = Gate(passed=True, value=0.0, margin=0.05, text="fine.")
    bad = Gate(passed=False, value=-0.2, margin=0.05, text="not fine.")
    assert ship("better", {"stop_rate": good})[0]
    assert ship("better", {})[0]
    assert not ship("better", {"stop_rate": good, "forgetting": bad})[0]
    assert not ship("no_proof", {"stop_rate": good})[0]
    assert not ship("worse", {})[0]
    assert "Gate forgetting failed: not fine." in ship("better", {"forgetting": bad})[1]


def test_expected_power() -> None:
    assert expected_power(200, TASK) == (
        "With 200 test rows, a gain under 11 points may not be seen "
        "(80 % power, if 30 % of the answers change between right and wrong)."
    )
    assert "5 points" in expected_power(200, Task("prose", "rouge_l", (), ""))
    assert "0.020 bits per byte" in expected_power(200, TEXT)
    assert "no change can be proven" in expected_power(5, TASK)
    assert "1 test row " in expected_power(1, TASK)
