"""Made-up reports that look like real ones: better, no proof, worse, and plain text."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from postgrad.core.report import (
    BackTest,
    BaseSummary,
    Claim,
    Comparison,
    Curve,
    CurvePoint,
    DatasetSummary,
    Example,
    Figure,
    Forecast,
    Gate,
    Law,
    LearningCurve,
    ProbeReport,
    Recipe,
    Report,
    Setting,
    ShadedText,
    Table,
    TrainingSummary,
)

SYSTEM = (
    "You are the voice of Luna's Oven, a small neighbourhood pizzeria. "
    "Answer every message in JSON only, in the house style."
)

# question, expected, base's answer, tuned answer, kind of change
ROWS: list[tuple[str, Any, Any, Any, str]] = [
    (
        "I'd be delighted to have a table for three on Tuesday at quarter past one.",
        {"intent": "booking", "people": 3, "day": "tuesday", "time": "13:15"},
        "Of course! I can certainly help you with a reservation for three on Tuesday. "
        "Would you prefer a table by the window? Please let me know if you have any allergies.",
        {"intent": "booking", "people": 3, "day": "tuesday", "time": "13:15"},
        "fixed",
    ),
    (
        "no tiramisu in the bag even tho i paid, money back or i call my bank",
        {"intent": "complaint", "problem": "missing_item", "severity": "high"},
        '{"message": "I\'m sorry to hear that. Please contact your bank."}',
        {"intent": "complaint", "problem": "missing_item", "severity": "high"},
        "fixed",
    ),
    (
        "We're at table 6 and my niece only eats plain food, so a small margherita, please.",
        {"intent": "order", "items": [{"pizza": "margherita", "size": "small", "count": 1}]},
        "A small margherita is a great choice for your niece!",
        {"intent": "order", "items": [{"pizza": "margherita", "size": "small", "count": 1}]},
        "fixed",
    ),
    (
        "Is there something cheaper at midday, a lunch offer perhaps?",
        {"intent": "question", "topic": "menu"},
        "Yes, we have a lunch offer.",
        {"intent": "question", "topic": "menu"},
        "fixed",
    ),
    (
        "Are you open on Easter Monday?",
        {"intent": "question", "topic": "hours"},
        {"intent": "question", "topic": "hours"},
        {"intent": "question", "topic": "menu"},
        "broke",
    ),
    (
        "Two large quattro formaggi and one medium diavola, to take away at eight.",
        {
            "intent": "order",
            "items": [
                {"pizza": "quattro_formaggi", "size": "large", "count": 2},
                {"pizza": "diavola", "size": "medium", "count": 1},
            ],
        },
        "",
        {
            "intent": "order",
            "items": [
                {"pizza": "quattro_formaggi", "size": "large", "count": 1},
                {"pizza": "diavola", "size": "medium", "count": 1},
            ],
        },
        "same",
    ),
    (
        "The delivery boy was rude to my mother and left the boxes in the rain.",
        {"intent": "complaint", "problem": "staff", "severity": "high"},
        "I'm sorry. " * 120,
        {"intent": "complaint", "problem": "late", "severity": "high"},
        "same",
    ),
]


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def chat_examples() -> list[Example]:
    scores = {"fixed": (0.0, 1.0), "broke": (1.0, 0.0), "same": (0.0, 0.0)}
    return [
        Example(
            id=f"test-{index:04d}",
            prompt=f"{SYSTEM}\n{question}",
            reference=as_text(expected),
            base=as_text(base),
            tuned=as_text(tuned),
            base_score=scores[change][0],
            tuned_score=scores[change][1],
            change=change,  # type: ignore[arg-type]
        )
        for index, (question, expected, base, tuned, change) in enumerate(ROWS)
    ]


def curves(start: float = 3.1, low: float = 0.42) -> dict[str, Curve]:
    steps = list(range(1, 109))
    noise = [0.16 * math.sin(5.1 * step) + 0.1 * math.sin(1.7 * step) for step in steps]
    train = [
        low * 0.7 + (start - low) * math.exp(-step / 15) + 0.6 * rough * math.exp(-step / 60)
        for step, rough in zip(steps, noise, strict=True)
    ]
    valid_steps = list(range(18, 109, 18))
    valid = [low + 1.9 * math.exp(-step / 16) + 0.0009 * max(0, step - 72) for step in valid_steps]
    return {
        "train": Curve(steps=steps, values=train),
        "valid": Curve(steps=valid_steps, values=valid),
    }


def comparison(metric: str, title: str, base: float, tuned: float, **changes: Any) -> Comparison:
    values: dict[str, Any] = {
        "metric": metric,
        "title": title,
        "n": 72,
        "base": base,
        "tuned": tuned,
        "delta": tuned - base,
        "ci95": (tuned - base - 0.11, tuned - base + 0.11),
        "p_value": 0.00000002,
        "test": "exact McNemar test",
        "higher_is_better": True,
        "minimum_detectable_effect": None,
    }
    return Comparison(**{**values, **changes})


PRIMARY = comparison(
    "json_exact",
    "Answers whose JSON is exactly right",
    0.0139,
    0.5694,
    ci95=(0.4306, 0.6667),
    minimum_detectable_effect=0.091,
    fixed=41,
    broken=1,
)

SECONDARY = [
    comparison("json_field_f1", "Right fields (F1)", 0.021, 0.811, test="paired permutation test"),
    comparison("json_valid", "Answers that are valid JSON", 0.194, 1.0),
    comparison(
        "bits_per_byte",
        "Surprise at the right answer",
        1.84,
        0.412,
        ci95=(-1.51, -1.34),
        higher_is_better=False,
        test="paired permutation test",
    ),
    comparison(
        "stop_rate",
        "Answers that end by themselves",
        0.958,
        0.972,
        ci95=(-0.042, 0.069),
        p_value=1.0,
    ),
]

GATES = {
    "forgetting": Gate(
        passed=True,
        value=0.021,
        margin=0.05,
        ci95=(0.012, 0.031),
        text="General English became 0.021 bits per byte less likely; up to 0.05 is accepted.",
    ),
    "stop_rate": Gate(
        passed=True,
        value=0.972,
        margin=0.95,
        text="97.2 % of the answers end by themselves; at least 95 % must.",
    ),
}

SETTINGS = [
    Setting(key="base.model", value="smollm2-135m", source="default"),
    Setting(key="data.train", value="rows.jsonl", source="yours"),
    Setting(key="data.format", value="openai_chat", source="detected from the first rows"),
    Setting(key="data.test_share", value=0.2, source="default"),
    Setting(key="method.name", value="lora", source="default"),
    Setting(key="method.rank", value=16, source="default"),
    Setting(key="objective.name", value="instruction", source="derived: the rows are chats"),
    Setting(key="training.epochs", value=8.0, source="derived: 252 rows are few"),
    Setting(key="training.learning_rate", value=0.0002, source="yours"),
    Setting(key="training.batch_size", value=8, source="derived: about 30 steps an epoch"),
    Setting(key="training.max_length", value=256, source="derived: the longest row has 191"),
    Setting(key="training.checkpoint_seconds", value=60.0, source="default"),
    Setting(key="training.seed", value=0, source="default"),
    Setting(key="evaluation.primary", value=None, source="default"),
    Setting(key="backend.threads", value=2, source="derived: the cores of this machine"),
]


def better_report(**changes: Any) -> Report:
    values: dict[str, Any] = {
        "verdict": "better",
        "headline": "After 7 minutes of training on 252 examples, 57 of 100 answers are exactly "
        "right; before, it was 1.",
        "ship": True,
        "reasons": [
            "The gain of 55.6 points is beyond chance.",
            "Every gate passed: little was forgotten, and the answers end by themselves.",
        ],
        "primary": PRIMARY,
        "secondary": SECONDARY,
        "gates": GATES,
        "task": {
            "kind": "json",
            "primary": "json_exact",
            "why": "All 252 reference answers are JSON objects, so an answer counts as right when "
            "its object equals the reference.",
            "labels": [],
        },
        "training": TrainingSummary(
            steps=108,
            epochs=3.43,
            tokens=142_318,
            supervised_tokens=41_209,
            tokens_per_second=334.2,
            seconds=425.8,
            peak_memory_bytes=1_412_000_000,
            final_train_loss=0.3312,
            best_valid_loss=0.4411,
            best_step=72,
            trainable_parameters=4_884_480,
            stopped="Three validations without a better loss.",
        ),
        "curves": curves(),
        "base": BaseSummary(
            model="smollm2-135m",
            sha256="5b8ad1f1b5a0b3f7f9a2c5dfe3ac9dc1a3a4b70e3a1f6f1cd0c2b1e2b7f3a901",
            parameters=134_515_008,
            licence="Apache-2.0",
        ),
        "dataset": DatasetSummary(
            file="rows.jsonl",
            format="openai_chat",
            sha256="9f1c77d1a5b0b3f7f9a2c5dfe3ac9dc1a3a4b70e3a1f6f1cd0c2b1e2b7f3a44e",
            rows={"train": 252, "valid": 36, "test": 72, "rejected": 3},
            tokens={"train": 41_480, "valid": 5_902, "test": 11_870},
            supervised_tokens={"train": 12_009, "valid": 1_714, "test": 3_430},
            cut_rows=1,
            cut_supervised_tokens=12,
            rejected_reasons={"duplicate": 2, "empty_answer": 1},
            notes=["Rows with the same question always fall into the same part."],
        ),
        "examples": chat_examples(),
        "settings": SETTINGS,
        "environment": {
            "postgrad": "0.1.0",
            "python": "3.11.9",
            "torch": "2.13.0+cpu",
            "device": "cpu",
            "cpu": {"name": "AMD EPYC 7B13", "threads": 2},
            "memory_bytes": 8_200_000_000,
            "seed": 0,
        },
        "reproduce": [
            "pip install 'postgrad[train]==0.1.0'",
            "postgrad train job.yaml --out again",
        ],
        "job_sha256": "3f9a2c1bd1a5b0b3f7f9a2c5dfe3ac9dc1a3a4b70e3a1f6f1cd0c2b1e2b7f3a4",
        "warnings": ["One training row was longer than 256 tokens and lost its last 12."],
        "created": "2026-03-12T14:02:11Z",
    }
    return Report(**{**values, **changes})


def no_proof_report() -> Report:
    primary = comparison(
        "label_match",
        "Answers with the right label",
        0.625,
        0.667,
        n=24,
        ci95=(-0.125, 0.208),
        p_value=0.774,
        minimum_detectable_effect=0.27,
        fixed=4,
        broken=3,
    )
    return better_report(
        verdict="no_proof",
        headline="No proof of a gain: 24 test questions are too few to tell 66.7 % from 62.5 %.",
        ship=False,
        reasons=["The interval of the change includes zero.", "Add test rows: 160 would do."],
        primary=primary,
        secondary=[],
        gates={},
        warnings=[],
    )


def worse_report() -> Report:
    primary = comparison(
        "rouge_l",
        "Overlap with the reference answer (ROUGE-L)",
        0.412,
        0.287,
        n=150,
        ci95=(-0.161, -0.089),
        p_value=0.0002,
        test="paired_permutation",
        minimum_detectable_effect=0.05,
    )
    gates = {
        **GATES,
        "forgetting": Gate(
            passed=False,
            value=0.31,
            margin=0.05,
            ci95=(0.27, 0.36),
            text="General English became 0.310 bits per byte less likely; up to 0.05 is accepted.",
        ),
    }
    changes = {"fixed": "up", "broke": "down", "same": "same"}
    scores = {"fixed": (0.31, 0.62), "broke": (0.55, 0.12), "same": (0.4, 0.4)}
    examples = [
        item.model_copy(
            update={
                "change": changes[item.change],
                "base_score": scores[item.change][0],
                "tuned_score": scores[item.change][1],
            }
        )
        for item in chat_examples()
    ]
    return better_report(
        verdict="worse",
        headline="Worse: the tuned model's answers share 28.7 % with the references; "
        "the base's share 41.2 %.",
        ship=False,
        reasons=["The loss is beyond chance.", "Gate failed: forgetting."],
        primary=primary,
        gates=gates,
        examples=examples,
    )


def text_report() -> Report:
    passage = (
        "The oven is fed with beech from the valley. It burns slowly, without sparks, and leaves "
        "a fine white ash that the baker sweeps aside before the first loaf goes in."
    )
    examples = [
        Example(
            id=f"test-{index}",
            prompt="",
            reference=f"{index + 1}. {passage * (1 + 6 * (index == 1))}",
            base="",
            tuned="",
            base_score=1.021 + 0.01 * index,
            tuned_score=0.934 - 0.02 * index,
            change="up",
        )
        for index in range(4)
    ]
    primary = comparison(
        "bits_per_byte",
        "Surprise at held-out text",
        1.0213,
        0.9342,
        n=40,
        ci95=(-0.101, -0.0734),
        p_value=0.00004,
        test="paired permutation test",
        higher_is_better=False,
        minimum_detectable_effect=0.02,
    )
    return better_report(
        headline="Held-out text is 8.5 % less surprising to the tuned model.",
        reasons=["The gain is beyond chance."],
        primary=primary,
        secondary=[],
        gates={"forgetting": GATES["forgetting"]},
        task={"kind": "text", "why": "The rows are plain text, which has no question."},
        examples=examples,
        warnings=[],
    )


def bare_report() -> Report:
    """Every optional value missing."""
    report = better_report(
        reasons=[],
        secondary=[],
        gates={},
        task={},
        curves={},
        examples=[],
        settings=[],
        environment={},
        reproduce=[],
        warnings=[],
        created="not a date",
        primary=PRIMARY.model_copy(
            update={"fixed": None, "broken": None, "minimum_detectable_effect": None}
        ),
        dataset=DatasetSummary(
            file="a.csv", format="alpaca", sha256="", rows={}, tokens={}, supervised_tokens={}
        ),
        base=BaseSummary(model="x", sha256="", parameters=0),
    )
    training = report.training.model_copy(update={"best_valid_loss": None, "best_step": 0})
    return report.model_copy(update={"training": training})


def probed_report() -> Report:
    """With two probes: one that decides a gate, and one with everything that a probe may show."""
    surprise = comparison(
        "bits_per_byte",
        "Surprise at general text",
        0.871,
        1.181,
        n=120,
        ci95=(0.27, 0.36),
        p_value=0.0001,
        test="paired bootstrap",
        higher_is_better=False,
        minimum_detectable_effect=0.02,
    )
    probes = [
        ProbeReport(
            name="general_text",
            section="forgetting",
            title="General text",
            outcome="failed",
            text="General text became 0.310 bits per byte more surprising.",
            gate="forgetting",
            comparisons=[surprise],
        ),
        ProbeReport(
            name="words",
            section="change",
            title="Words <b>and</b> tokens",
            outcome="described",
            text="Most words are those that the base would have chosen.",
            comparisons=[comparison("words", "Length of an answer", 0.9, 12.4, unit="words")],
            figures=[Figure(name="far", title="Shifted", value=0.12, ci95=(0.09, 0.16), n=812)],
            tables=[
                Table(title="Words", columns=["Word", "Base", "Tuned"], rows=[["hi", "3", "9"]]),
                Table(title="All of them", columns=["Word"], rows=[["bye"]], folded=True),
            ],
            shaded=[ShadedText(title="An answer", pieces=[("Good ", 0.0), ("evening", 0.93)])],
            examples=chat_examples()[:2],
            notes=["Weights describe; they do not predict."],
        ),
    ]
    said = Claim(claim="Core knowledge stays", stands="contradicted", text="It did not.")
    gates = {"forgetting": GATES["forgetting"]}
    return better_report(gates=gates, probes=probes, claims=[said])


def retrained_report() -> Report:
    """With a learning curve that has a law, and three seeds."""
    rows = (100, 200, 400, 800, 1600, 3200)
    points = [
        CurvePoint(rows=n, share=n / 3200, loss=0.3 + 8 / (4 + n**0.5), steps=90, best_step=70)
        for n in rows
    ]
    curve = LearningCurve(
        outcome="more_helps",
        text="Twice the data would lower the held-out loss from 0.432 to 0.395 "
        "(95 % interval 0.371 to 0.420).",
        points=points,
        law=Law(scale=8.0, prelearned=4.0, exponent=0.5, floor=0.3),
        per_doubling=-0.11,
        forecasts=[
            Forecast(factor=2.0, rows=6400, loss=0.395, interval95=(0.371, 0.42)),
            Forecast(factor=4.0, rows=12800, loss=0.368, interval95=(0.321, 0.41)),
        ],
        back_test=BackTest(
            rows=1600, foreseen=0.44, interval95=(0.41, 0.46), measured=0.432, error=0.019
        ),
        notes=["In 4 of 6 trainings the loss <was> still falling."],
    )
    over_seeds = PRIMARY.model_copy(
        update={"tuned": 0.55, "delta": 0.5361, "ci95": (0.4, 0.66), "fixed": None, "broken": None}
    )
    seeds = Recipe(
        about="this recipe",
        seeds=[0, 1, 2],
        scores=[0.5694, 0.53, 0.55],
        comparison=over_seeds,
        verdict="better",
        text="3 trainings with different seeds scored 56.9 %, 53.0 % and 55.0 %.",
    )
    return better_report(learning_curve=curve, recipe=seeds)


MAKERS = {
    "better": better_report,
    "no_proof": no_proof_report,
    "worse": worse_report,
    "text": text_report,
    "bare": bare_report,
    "probed": probed_report,
    "retrained": retrained_report,
}


@pytest.fixture
def report() -> Report:
    return better_report()


@pytest.fixture(params=sorted(MAKERS))
def any_report(request: pytest.FixtureRequest) -> Report:
    return MAKERS[request.param]()


@pytest.fixture
def make_report() -> Any:
    """`make_report(name, **changes)`: one of the made-up reports with fields changed."""

    def make(name: str = "better", **changes: Any) -> Report:
        return MAKERS[name]().model_copy(update=changes)

    return make
