"""A comparison in words: what one may read out of base, tuned and the interval between them."""

from __future__ import annotations

from typing import Literal

from postgrad.core.pair import PERSON
from postgrad.core.report import Comparison, Looks, Report, Unit
from postgrad.reports import words
from postgrad.reports.words import MINUS, NBSP

Leaning = Literal["gain", "loss", "open"]
"""Where the whole interval lies: on the good side, on the bad side, or across zero."""

DECIDES = (
    "The first row decides the verdict. The p-values of the other measures are Holm-adjusted: the "
    "chance of any wrong claim among them stays below the level."
)

FRESH_ROWS = "Keep rows that were never asked for the last word: --set data.test=FILE"

VERDICTS = {"better": "Better", "worse": "Worse", "no_proof": "No proof"}


def readiness(report: Report) -> str:
    """Whether the model may be shipped, in a few words."""
    if report.ship:
        return "Ready to ship"
    if report.verdict == "better" and all(it.outcome != "failed" for it in report.gates.values()):
        return "Not yet shown ready to ship"
    return "Not to be shipped"


def unit_of(comparison: Comparison) -> Unit:
    """What the metric is counted in. Scorers give shares of 1; anything above is points."""
    if comparison.metric.startswith("bits_per_byte"):
        return "bits_per_byte"
    if comparison.unit:
        return "points"
    return "share" if max(abs(comparison.base), abs(comparison.tuned)) <= 1 else "points"


def score(comparison: Comparison, value: float) -> str:
    """A value of the metric: 57.0 %, 1.234 bits per byte, 38.2."""
    return short_score(comparison, value) + (
        f"{NBSP}bits per byte" if unit_of(comparison) == "bits_per_byte" else ""
    )


def short_score(comparison: Comparison, value: float) -> str:
    """A value of the metric, for a table whose head tells the unit."""
    unit = unit_of(comparison)
    if unit == "share":
        return words.percent(value)
    return words.number(value, 3 if unit == "bits_per_byte" else 1)


def signed(comparison: Comparison, value: float) -> str:
    """A difference without its unit: +57.0."""
    unit = unit_of(comparison)
    scale, digits = (100, 1) if unit == "share" else (1, 3 if unit == "bits_per_byte" else 1)
    text = words.number(value * scale, digits)
    nought = not float(text.replace(",", "").replace(MINUS, "-")) if text[-1].isdigit() else True
    return text if nought or text.startswith(MINUS) else "+" + text


def difference_unit(comparison: Comparison) -> str:
    """Differences of shares are points, never per cent: +5 % of 20 % would be 21 %."""
    if comparison.unit:
        return comparison.unit
    return "bits per byte" if unit_of(comparison) == "bits_per_byte" else "points"


def difference(comparison: Comparison, value: float) -> str:
    """A difference with its unit: +57.0 points."""
    return f"{signed(comparison, value)}{NBSP}{difference_unit(comparison)}"


def interval(comparison: Comparison) -> str:
    """The 95 % interval of the difference: +45.8 to +67.9."""
    low, high = comparison.ci95
    return f"{signed(comparison, low)} to {signed(comparison, high)}"


def leaning(comparison: Comparison) -> Leaning:
    """Which side of zero the whole interval lies on."""
    low, high = comparison.ci95
    if low <= 0 <= high:
        return "open"
    return "gain" if (low > 0) == comparison.higher_is_better else "loss"


def nouns(report: Report) -> str:
    """What the test is made of: texts where nothing is asked, questions elsewhere."""
    return "texts" if is_text(report) else "questions"


def is_text(report: Report) -> bool:
    """Whether the task is plain text, which has no answers."""
    return report.task.get("kind") == "text"


def counted(report: Report, number: int) -> str:
    """3 questions, 1 text."""
    noun = nouns(report)
    return words.count(number, noun[:-1], noun)


def sentences(report: Report) -> list[tuple[str, str]]:
    """The primary comparison for a person in a hurry, as (term, explanation) pairs."""
    it = report.primary
    low, high = it.ci95
    rows = [
        (
            "Measured on",
            f"{counted(report, it.n)} held out from training, the same ones for both models."
            + clustered(it),
        ),
        (
            "95 % interval".replace(" %", NBSP + "%"),
            f"The true change lies between {signed(it, low)} and {difference(it, high)}, "
            f"as far as {counted(report, it.n)} can tell. " + _crossing(it),
        ),
        (
            "Chance",
            f"If training had changed nothing, a difference this large would still turn up "
            f"{words.odds(it.p_value)} ({words.p_value(it.p_value)}, {test_name(it)}).",
        ),
    ]
    if it.minimum_detectable_effect is not None:
        effect = difference(it, abs(it.minimum_detectable_effect)).lstrip("+")
        rows.append(
            (
                "Can detect",
                f"A test of this size shows a true change of {effect} or more "
                f"in 80{NBSP}% of cases. A smaller one can stay hidden.",
            )
        )
    rows.append(("Holds for", holds_for(report)))
    if report.looks:
        rows.append(("Freshness", freshness(report, report.looks)))
    if it.metric == PERSON:
        neither = it.n - (it.fixed or 0) - (it.broken or 0)
        rows.append(
            (
                "Preferred",
                f"The tuned model's answer {words.number(it.fixed or 0)} times, the base model's "
                f"{words.number(it.broken or 0)} times, neither {words.number(neither)} times. "
                "Whoever compared them did not know which was which.",
            )
        )
    elif it.fixed is not None and it.broken is not None:
        rows.append(
            (
                "Answers",
                f"{words.number(it.fixed)} wrong before and right now; "
                f"{words.number(it.broken)} right before and wrong now.",
            )
        )
    return rows


def recipe_title(report: Report) -> str:
    """What the row of the recipe is called."""
    assert report.recipe is not None
    return f"{report.primary.title}, over {words.count(len(report.recipe.seeds), 'seed')}"


def holds_for(report: Report) -> str:
    """Whether the figures are about these weights or about the way in which they were made."""
    if report.recipe is None:
        return (
            "This checkpoint: these weights, on more questions of this kind. Trained again with "
            "another seed they would be others; evaluation.seeds=3 shows how much that matters."
        ).replace("questions", nouns(report))
    if report.recipe.about == "this checkpoint":
        return f"This checkpoint. {_sentence(report.recipe.text)}"
    return (
        f"This checkpoint; the line of the recipe stands beside it. {_sentence(report.recipe.text)}"
    )


def freshness(report: Report, looks: Looks) -> str:
    """How often the test was looked at, and what a proof is worth after that."""
    if looks.number == 1:
        return (
            "The first run judged on these test rows, as far as the runs beside it and those that "
            "it was made from tell."
        )
    earlier = words.count(looks.number - 1, "other run was", "other runs were")
    text = (
        f"{earlier} judged on these test rows before. The best of several is the best partly by "
        "luck, so a gain found by trying many is worth less"
    )
    if report.verdict == "better":
        below = "" if report.primary.p_value < looks.level else "not "
        text += (
            f": for the best of {looks.number} to be a proof it takes {words.under(looks.level)} "
            f"(Bonferroni), and this run is {below}below that"
        )
    return f"{text}. {FRESH_ROWS}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def clustered(it: Comparison) -> str:
    """That some items belong together, as a further sentence; "" where each is by itself."""
    if it.clusters is None:
        return ""
    groups = words.count(it.clusters, "group")
    return f" Some belong together (they ask nearly the same); drawn together, they are {groups}."


def test_name(comparison: Comparison) -> str:
    """The statistical test, in words."""
    return comparison.test.replace("_", " ")


def _crossing(comparison: Comparison) -> str:
    side = leaning(comparison)
    if side == "open":
        return "It includes zero: there may be no change at all."
    return f"All of it is a {side}; zero is outside."


def task_sentences(report: Report) -> list[str]:
    """Why the task was seen so and why this metric decides: every sentence in `task`."""
    found = [value for value in report.task.values() if isinstance(value, str) and " " in value]
    return list(dict.fromkeys(found))
