"""Should you fine-tune at all? Measured rungs in, advice out, with the rule that fired.

The rules are asked in the order of this file, and the first that fires decides. Everything that
they rest on is in the advice, so that a person can disagree with the rule and keep the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal[
    "fine_tune", "prompt", "retrieval", "better_data", "stronger_base", "not_measurable"
]

TITLES: dict[Action, str] = {
    "fine_tune": "Fine-tune",
    "prompt": "A prompt is enough",
    "retrieval": "Use retrieval",
    "better_data": "Get better data first",
    "stronger_base": "Try a stronger base model first",
    "not_measurable": "Not measurable yet",
}

GOOD = 0.9
"""A way that is right nine times in ten leaves less to gain than most tests can see: with 100 rows
of which 10 % change, a gain under 9 points stays hidden (docs/evaluation.md)."""

LARGEST_EFFECT = 0.25
"""A test that can't see a gain of 25 points is no test: the gains of fine-tuning on narrow tasks
are of this size (34 points in the mean over 310 models, LoRA Land, arXiv:2405.00732)."""

FEWEST_ROWS = 50
"""OpenAI's fine-tuning guide: improvements are clear from 50 to 100 examples on."""

MOST_DEFECTS = 0.2
"""Share of rows with a finding that hurts: every fifth row teaches something wrong."""

MOST_UNKNOWN = 0.5
"""Share of rows that teach mostly facts which the base does not know: then facts are the task, and
those are learned slowly and raise invention elsewhere (Gekhman et al., arXiv:2405.05904)."""

NOTHING_RIGHT = 0.05
"""If even with similar examples in its prompt the base is hardly ever right, form is not what it
lacks."""

FORM_GAIN = 0.1
"""Ten points by examples in the prompt: the base can do it and lacks only the form."""


@dataclass(frozen=True, slots=True)
class RungScore:
    """What one way does: mean score with its 95 % interval, shares of 1."""

    title: str
    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules look at.

    Attributes:
        kind: of the task: label, json, prose or text.
        num_train: rows to train on.
        num_test: rows of the test.
        rungs: by name, as `evals/ladder.py` names them; empty where nothing could be asked.
        smallest_gain: that the whole test can show, as a share of 1; None: none at all.
        defect_share: rows with a finding that hurts, of all.
        unknown_share: rows that teach mostly unknown facts, of those sampled; None: not sampled.
    """

    kind: str
    num_train: int
    num_test: int
    rungs: Mapping[str, RungScore]
    smallest_gain: float | None
    defect_share: float
    unknown_share: float | None


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do.

    Attributes:
        action: see TITLES.
        case: what was found, in a few words.
        rule: the rule that fired, with its figures.
        text: what it means, and what to do next.
    """

    action: Action
    case: str
    rule: str
    text: str


def advise(it: Evidence) -> Advice:
    """The advice of the first rule that fires."""
    found = _unmeasurable(it) or _poor_data(it)
    if found:
        return found
    if not it.rungs:
        return _unasked(it)
    return _prompt(it) or _lookup(it) or _facts(it) or _weak(it) or _fine_tune(it)


def _unmeasurable(it: Evidence) -> Advice | None:
    if it.smallest_gain is not None and it.smallest_gain <= LARGEST_EFFECT:
        return None
    seen = (
        "no gain at all"
        if it.smallest_gain is None
        else f"no gain under {_points(it.smallest_gain)}"
    )
    return Advice(
        "not_measurable",
        "too few rows to test on",
        f"The {it.num_test} test rows can show {seen}; {_points(LARGEST_EFFECT)} are wanted.",
        "Collect more rows, or hold out more of them (data.test_share), before training.",
    )


def _poor_data(it: Evidence) -> Advice | None:
    if it.defect_share > MOST_DEFECTS:
        return Advice(
            "better_data",
            "too little good data",
            f"{it.defect_share:.0%} of the rows have a finding that hurts; "
            f"at most {MOST_DEFECTS:.0%} should.",
            "See them with: postgrad data check FILE. Mend what can be with: postgrad data clean.",
        )
    if it.num_train < FEWEST_ROWS:
        return Advice(
            "better_data",
            "too little good data",
            f"There are {it.num_train} rows to train on; at least {FEWEST_ROWS} are wanted.",
            "Write or collect more; until then, put examples into the prompt.",
        )
    return None


def _unasked(it: Evidence) -> Advice:
    if it.kind == "text":
        return Advice(
            "fine_tune",
            "a language or a domain of its own",
            "The rows are plain texts, so that there is no answer that a prompt could give.",
            "Train, and see how much less surprising held-out texts become. For facts in them, "
            "retrieval serves better.",
        )
    return Advice(
        "fine_tune",
        "not compared with simpler ways",
        "The rows can't be answered in words (tool calls), or the base has no chat template.",
        "Train, and let the test decide.",
    )


def _prompt(it: Evidence) -> Advice | None:
    for name in ("zero_shot", "few_shot", "similar_shot"):
        rung = it.rungs.get(name)
        if rung and rung.low >= GOOD:
            case = (
                "a generic model that already does it well"
                if name == "zero_shot"
                else "a task that a few examples explain"
            )
            return Advice(
                "prompt",
                case,
                f"{rung.title}: {_told(rung)}; its whole interval is above {GOOD:.0%}.",
                "Training could gain little. It may still pay to make prompts shorter.",
            )
    return None


def _lookup(it: Evidence) -> Advice | None:
    for name in ("nearest", "retrieval"):
        rung = it.rungs.get(name)
        if rung and rung.low >= GOOD:
            return Advice(
                "retrieval",
                "answers that only need looking up",
                f"{rung.title}: {_told(rung)}; its whole interval is above {GOOD:.0%}.",
                "Look answers up instead of teaching them, or see whether test rows are copies "
                "of training rows.",
            )
    return None


def _facts(it: Evidence) -> Advice | None:
    if it.kind != "prose" or it.unknown_share is None or it.unknown_share <= MOST_UNKNOWN:
        return None
    return Advice(
        "retrieval",
        "facts that the base model does not know",
        f"{it.unknown_share:.0%} of the sampled rows teach mostly facts that the base does not "
        f"know; more than {MOST_UNKNOWN:.0%} is too much.",
        "Keep the facts in documents and give them to the model with the question: they can then "
        "change, and the model invents less. Fine-tune for the tone, if at all.",
    )


def _weak(it: Evidence) -> Advice | None:
    asked = [it.rungs[name] for name in ("zero_shot", "similar_shot") if name in it.rungs]
    nearest = it.rungs.get("nearest")
    if it.kind in ("label", "json") or not asked or (nearest and nearest.high > NOTHING_RIGHT):
        return None
    if any(rung.high > NOTHING_RIGHT for rung in asked):
        return None
    best = max(asked, key=lambda rung: rung.score)
    return Advice(
        "stronger_base",
        "a base model that is too weak for the task, whatever the data",
        f"{best.title}: {_told(best)}; even examples like the question make hardly any answer "
        "right.",
        "Try a larger base with the same file: postgrad plan FILE --base NAME.",
    )


def _fine_tune(it: Evidence) -> Advice:
    zero, shown = (it.rungs.get(name) for name in ("zero_shot", "similar_shot"))
    gain = shown.score - zero.score if zero and shown else 0.0
    best = max(it.rungs.values(), key=lambda rung: rung.score)
    if zero and zero.score >= 0.5:
        case = "a generic model that is close but off"
    elif it.kind in ("label", "json"):
        case = "a consistent, specific task"
    elif gain >= FORM_GAIN:
        case = "a particular style or format"
    else:
        case = "a task that no prompt explains"
    return Advice(
        "fine_tune",
        case,
        f"The best simpler way is {_lowered(best.title)}: {_told(best)}. None is surely above "
        f"{GOOD:.0%}.",
        "There is room that only training can fill. Run: postgrad train",
    )


def _told(rung: RungScore) -> str:
    return f"{rung.score:.0%} right (95 % interval {rung.low:.0%} to {rung.high:.0%})"


def _points(share: float) -> str:
    return f"{100 * share:.0f} points"


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:]
