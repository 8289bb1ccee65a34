"""Three common claims, from the reports of probes alone."""

from __future__ import annotations

from typing import Any

from postgrad.core.report import Claim, Comparison, Figure, Outcome, ProbeReport
from postgrad.evals.claims import claims


def report(name: str, section: Any, outcome: Outcome, **changes: Any) -> ProbeReport:
    text = f"The finding of {name}."
    return ProbeReport(
        name=name, section=section, title=name, outcome=outcome, text=text, **changes
    )


def figure(name: str, value: float, low: float, n: int = 100) -> Figure:
    return Figure(name=name, title=name, value=value, ci95=(low, value + 0.05), n=n)


def surprise(low: float, high: float) -> Comparison:
    return Comparison(
        metric="bits_per_byte",
        title="Surprise",
        n=80,
        base=0.9,
        tuned=0.9 + (low + high) / 2,
        delta=(low + high) / 2,
        ci95=(low, high),
        p_value=0.5,
        test="paired bootstrap",
        higher_is_better=False,
        minimum_detectable_effect=None,
    )


TOKENS = [
    figure("shifted", 0.3, 0.2),
    figure("shifted_surface", 0.6, 0.5),
    figure("surface", 0.5, 0.4),
]


def found(*reports: ProbeReport) -> list[Claim]:
    return claims(reports)


def test_nothing_asked_nothing_claimed() -> None:
    assert claims([]) == []
    asked_else = found(report("membership", "memory", "not_shown"))
    assert [claim.stands for claim in asked_else] == ["cannot_tell"] * 3


def test_knowledge_is_stable_only_if_every_gate_passed() -> None:
    passed = report("battery", "forgetting", "passed", gate="battery")
    lost = report(
        "general_text", "forgetting", "failed", gate="forgetting", comparisons=[surprise(0.1, 0.2)]
    )
    unsure = lost.model_copy(update={"comparisons": [surprise(-0.1, 0.2)]})
    assert found(passed)[0].stands == "shown"
    assert found(passed, lost)[0].stands == "contradicted"
    assert found(passed, unsure)[0].stands == "not_shown"
    assert found(passed, lost)[0].text == (
        "1 of 2 gates of forgetting passed. general_text: The finding of general_text."
    )


def test_surface_adapts_if_its_tokens_shifted() -> None:
    style = report("style", "change", "changed")
    [_, claim, _] = found(report("tokens", "change", "changed", figures=TOKENS), style)
    assert claim.stands == "shown"
    assert "30 % (20 % to 35 %) of the tokens" in claim.text
    assert "of those 60 % (50 % to 65 %) are surface" in claim.text
    assert claim.text.endswith("The finding of style.")
    assert "more than" not in claim.text
    more = [TOKENS[0], figure("shifted_surface", 0.9, 0.8), TOKENS[2]]
    less = [TOKENS[0], figure("shifted_surface", 0.2, 0.1), TOKENS[2]]
    for figures, words in ((more, "surface shifted more"), (less, "content shifted more")):
        assert words in found(report("tokens", "change", "changed", figures=figures))[1].text
    still = [figure("shifted", 0.0, 0.0)]
    assert found(report("tokens", "change", "not_shown", figures=still))[1].stands == "not_shown"


def test_connections_form_if_more_came_into_reach_than_went() -> None:
    gain = [figure("gained", 0.4, 0.3), figure("lost", 0.0, 0.0)]
    fixed = [*gain, figure("fixed_beyond_reach", 0.9, 0.7, n=20)]
    loss = [figure("gained", 0.0, 0.0), figure("lost", 0.4, 0.3)]

    def claim(outcome: Outcome, figures: list[Figure]) -> Claim:
        return found(report("skills", "change", outcome, figures=figures))[2]

    assert claim("changed", gain).stands == "shown"
    assert "18 of 20 fixed answers needed a word" in claim("changed", fixed).text
    assert claim("changed", loss).stands == "contradicted"
    assert claim("not_shown", gain).stands == "not_shown"
    assert claim("cannot_tell", gain).stands == "cannot_tell"
