"""The answer for a person in a hurry: better, worse or no proof; one sentence; ship or not.

"No proof" is not "the same": it says that this many rows can't tell. What they could have told,
the minimum detectable effect, is said before training (`expected_power`) and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from postgrad.core.pair import PERSON
from postgrad.core.report import Comparison, Gate, Verdict
from postgrad.core.task import Answer, Task
from postgrad.evals import metrics, statistics
from postgrad.evals.compare import pair_answers

STOP_RATE_MARGIN = 0.05
"""One answer in twenty. A cut answer is a failed one for whoever waits for it; five points is the
largest loss that a gain in the primary metric could be hoped to outweigh."""

ENOUGH_ROWS_TO_STOP = 20
"""Rows from which a stop rate of 95 % speaks for itself: below 1 / 0.05 rows a single cut answer
is more than the margin, and no cut answer at all proves nothing."""

EXPECTED_DISCORDANCE = 0.3
"""Assumed share of rows that a fine-tune changes between right and wrong. The most cautious column
of the planning table in docs/evaluation.md; a gain of 20 points that breaks 5 of 100 rows changes
this many. An assumption: the report has what was seen."""

EXPECTED_SD = 0.25
"""Assumed spread of a graded score's change, 0..1: of two scores of one row, each with a spread of
0.25 and half of their variance in common (sqrt(2 x 0.25^2 x 0.5) = 0.25)."""

EXPECTED_SD_BITS = 0.1
"""Assumed spread of the change in bits per byte. Both models find the same texts hard, so a change
varies far less than the about 1 bit per byte itself; an assumption, the report has what was seen.
"""

FEWEST_ROWS = 6
"""With five rows the best possible result, all of them fixed, still has p = 2 / 2^5 = 0.06."""

MINUS = "\u2212"

_PHRASES = {
    "exact_match": ("got {value} of {rows} exactly right", "got {value}"),
    "json_exact": ("got {value} of {rows} exactly right", "got {value}"),
    "label_match": ("got {value} of {rows} right", "got {value}"),
    "macro_f1": (
        "got {value} of the labels of {rows} right, each label counting the same (macro-F1)",
        "got {value}",
    ),
    "json_valid": ("gave valid JSON for {value} of {rows}", "gave it for {value}"),
    "json_field_f1": ("got {value} of the JSON fields of {rows} right (F1)", "got {value}"),
    "token_f1": ("got {value} of the words of {rows} right (token F1)", "got {value}"),
    "rouge_l": ("met {value} of the wanted wording of {rows} (ROUGE-L)", "met {value}"),
    "chrf": ("met {value} of the wanted wording of {rows} (chrF)", "met {value}"),
    PERSON: (
        "was preferred by a person, who did not know which was which, on {value} of {rows}",
        "was preferred on {value}",
    ),
    "bits_per_byte": (
        "needed {value} bits per byte to predict {rows}, where fewer is better",
        "needed {value}",
    ),
}
"""What a model did, for the tuned model and, the rows being named, for the base model. Words only:
a metric that is missing here gets the plain ones below."""

_PLAIN_PHRASE = ("scored {value} on {rows}", "scored {value}")


def decide(primary: Comparison, significance: float) -> Verdict:
    """better or worse if p < significance and the interval leaves zero out on that side.

    Both are asked for, because test and interval can differ at the edge: a claim must pass both.

    Args:
        primary: the one comparison that was named before training, its p not adjusted.
        significance: accepted chance of a wrong claim where nothing changed.
    """
    low, high = primary.ci95
    if primary.p_value >= significance or low <= 0 <= high:
        return "no_proof"
    rose = low > 0
    if rose != (primary.delta > 0):
        return "no_proof"
    return "better" if rose == primary.higher_is_better else "worse"


def gates(
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    task: Task,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> dict[str, Gate]:
    """Conditions for shipping that the answers alone can show; none for plain text.

    "stop_rate" is a test of non-inferiority: a drop that is merely not proven does not pass; that
    it is small must be shown. It passes if either

    * the lower one-sided 95 % bound of (tuned - base) is above -5 points, or
    * 95 % or more of at least 20 tuned answers end by themselves, however good the base was.

    Source of the first: Schuirmann 1987 (one-sided bound against a margin).

    Raises:
        RunError: base and tuned don't answer the same rows.
    """
    if task.kind == "text":
        return {}
    pairs = pair_answers(base, tuned)
    before = [float(answer.finish == "stop") for answer, _ in pairs]
    after = [float(answer.finish == "stop") for _, answer in pairs]
    n = len(pairs)
    # The lower end of a two-sided 90 % interval is the one-sided 95 % bound.
    lower, _ = statistics.right_or_wrong_interval(before, after, resamples, seed, confidence=0.90)
    tuned_rate = sum(after) / n
    kept = lower > -STOP_RATE_MARGIN
    high = n >= ENOUGH_ROWS_TO_STOP and tuned_rate >= 1 - STOP_RATE_MARGIN
    said = (
        f"{_percent(tuned_rate)} of the tuned model's answers ended by themselves, "
        f"{_percent(sum(before) / n)} of the base model's"
    )
    if kept:
        reason = f"a drop of {_points(STOP_RATE_MARGIN)} or more is ruled out."
    elif high:
        reason = f"that is {_percent(1 - STOP_RATE_MARGIN)} or more of at least 20."
    else:
        reason = f"a drop of {_points(STOP_RATE_MARGIN)} is not ruled out with {_rows(n)}."
    gate = Gate(
        passed=kept or high,
        value=tuned_rate - sum(before) / n,
        margin=STOP_RATE_MARGIN,
        ci95=statistics.right_or_wrong_interval(before, after, resamples, seed),
        text=f"{said}; {reason}",
    )
    return {metrics.STOP_RATE.name: gate}


def ship(verdict: Verdict, gates: Mapping[str, Gate]) -> tuple[bool, list[str]]:
    """Whether to ship, and why: only what is better, and passed every gate."""
    reasons = {
        "better": ["The primary metric got better, with proof."],
        "worse": ["The primary metric got worse."],
        "no_proof": ["The primary metric is not proven to be better."],
    }[verdict]
    for name, gate in gates.items():
        reasons.append(f"Gate {name} {gate.outcome}: {gate.text}")
    return verdict == "better" and all(gate.passed for gate in gates.values()), reasons


def headline(
    verdict: Verdict,
    primary: Comparison,
    task: Task,
    names: tuple[str, str] = ("the base model", "the tuned model"),
) -> str:
    """The result in one sentence that can be forwarded; `names` are those of base and tuned."""
    rows = _held_out(primary.n, task)
    tuned_phrase, base_phrase = _PHRASES.get(primary.metric, _PLAIN_PHRASE)
    tuned = tuned_phrase.format(value=_value(primary, primary.tuned), rows=rows)
    base = base_phrase.format(value=_value(primary, primary.base))
    change = _signed(primary, primary.delta) + _unit(primary)
    low, high = (_signed(primary, edge).lstrip("+") for edge in primary.ci95)
    evidence = f"{change}, 95 % interval {low} to {high}, {_p(primary.p_value)}"
    sentence = f"{names[1]} {tuned}; {names[0]} {base} ({evidence})."
    if verdict == "better":
        return "T" + sentence[1:] if sentence.startswith("the ") else sentence
    if verdict == "worse":
        return f"Worse: {sentence}"
    effect = primary.minimum_detectable_effect
    if effect is None:
        return f"No proof of a change: {sentence}"
    unseen = _signed(primary, effect).lstrip("+") + _unit(primary)
    return f"No proof of a change: {sentence[:-2]}; a change under {unseen} may not be seen)."


def expected_effect(n: int, task: Task) -> float | None:
    """Smallest gain that a test of n rows will show in 80 % of cases, in units of the primary
    metric, under this module's assumptions; None: none can be proven."""
    if n < FEWEST_ROWS:
        return None
    metric = metrics.metric(task.primary)
    if metric.right_or_wrong:
        return statistics.minimum_detectable_effect(n, EXPECTED_DISCORDANCE)
    spread = EXPECTED_SD_BITS if metric is metrics.BITS_PER_BYTE else EXPECTED_SD
    return statistics.minimum_detectable_effect_continuous(n, spread)


def expected_power(n: int, task: Task) -> str:
    """What a test of n rows will be able to show: one sentence, said before training."""
    smallest = expected_effect(n, task)
    if smallest is None:
        return (
            f"With {_rows(n)} no change can be proven, however large; it takes at least "
            f"{FEWEST_ROWS}, and better {_rows(200)}."
        )
    metric = metrics.metric(task.primary)
    if metric is metrics.BITS_PER_BYTE:
        effect = f"{smallest:.3f} bits per byte"
        assumed = f"if the rows' gains spread by {EXPECTED_SD_BITS} bits per byte"
    else:
        effect = _points(smallest, digits=0)
        assumed = (
            f"if {EXPECTED_DISCORDANCE:.0%} of the answers change between right and wrong"
            if metric.right_or_wrong
            else f"if the rows' gains spread by {_points(EXPECTED_SD)}"
        )
    assumed = assumed.replace("%", " %")
    return f"With {_rows(n)}, a gain under {effect} may not be seen (80 % power, {assumed})."


def _held_out(n: int, task: Task) -> str:
    noun = "text" if task.kind == "text" else "question"
    return f"{n:,} held-out {noun}{'' if n == 1 else 's'}"


def _rows(n: int) -> str:
    return f"{n:,} test row{'' if n == 1 else 's'}"


def _in_bits(primary: Comparison) -> bool:
    return primary.metric == metrics.BITS_PER_BYTE.name


def _in_shares(primary: Comparison) -> bool:
    """Scores of 0..1 are shares; a plug-in's larger scores are its own points."""
    return not _in_bits(primary) and max(abs(primary.base), abs(primary.tuned)) <= 1


def _value(primary: Comparison, value: float) -> str:
    if _in_bits(primary):
        return f"{value:.3f}"
    return _percent(value) if _in_shares(primary) else _short(value)


def _signed(primary: Comparison, value: float) -> str:
    if _in_bits(primary):
        text = f"{abs(value):.3f}"
    else:
        text = _short(abs(value) * (100 if _in_shares(primary) else 1))
    if not float(text.replace(",", "")):
        return text
    return (MINUS if value < 0 else "+") + text


def _unit(primary: Comparison) -> str:
    return " bits per byte" if _in_bits(primary) else " points"


def _percent(share: float) -> str:
    return _short(100 * share) + " %"


def _points(share: float, digits: int = 1) -> str:
    return _short(100 * share, digits) + " points"


def _short(value: float, digits: int = 1) -> str:
    """A number with at most one decimal: 57, 57.5."""
    text = f"{value:,.{digits}f}"
    return text.removesuffix(".0")


def _p(value: float) -> str:
    if value < 0.001:
        return "p < 0.001"
    return f"p = {value:.3f}" if value < 0.1 else f"p = {value:.2f}"
