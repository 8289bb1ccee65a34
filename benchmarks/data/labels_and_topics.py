"""Wrong labels and topics: what the data doctor finds of those that are planted into real sets.

    python benchmarks/data/labels_and_topics.py DATA_FOLDER [--noise 0.05]

Labels: a share of the rows of sets with labels gets another label by chance; recall and precision
are those of `doubtful_label`. Precision is a lower bound: these sets have wrong labels of their
own, and rightly doubted ones count as false alarms. The agreement (Cohen's kappa) of the rule's
models with the labels says how much words alone tell; below 0.4 the rule is silent.

Topics: sets are mixed so that one has 60 to 80 % of the rows, or so that one has 2.5 %; and each
set alone, where nothing should be found.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np

from postgrad.core.findings import Hit
from postgrad.core.interfaces import Rule
from postgrad.core.records import Chat, Message
from postgrad.data.cleaning.topics import Topics
from postgrad.data.cleaning.wrong_labels import WrongLabels, agreement, probabilities
from postgrad.data.rows import Row, Rows, Size

LABELS = {
    "support_banking77": "",
    "nlu_snips": "intent",
    "legal_overruling": "",
    "legal_unfair_tos": "",
    "medical_pubmedqa": "",
}
"""Sets with labels; of answers in JSON, the field that holds them."""

TOPICS = (
    *("support_banking77", "medical_medquad", "code_wikisql", "math_gsm8k", "instruct_human_seed"),
    *("nlu_snips", "legal_overruling", "support_multidogo", "code_mbpp", "legal_unfair_tos"),
)
MIXTURES = 30

Pair = tuple[str, str]


def pairs(folder: Path) -> list[Pair]:
    """Question and answer of each row of a set."""
    found: list[Pair] = []
    for part in ("train", "valid", "test"):
        for line in (folder / f"{part}.jsonl").read_text("utf-8").splitlines():
            turns = json.loads(line)["messages"]
            asked = "\n".join(turn["content"] or "" for turn in turns if turn["role"] == "user")
            found.append((asked, turns[-1]["content"] or ""))
    return found


def rows_of_pairs(found: list[Pair]) -> Rows:
    return Rows(
        [
            Row(
                index,
                "train",
                "rows.jsonl",
                index + 1,
                Chat((Message("user", asked or "?"), Message("assistant", said or "?"))),
                None,
                Size(20, 10),
            )
            for index, (asked, said) in enumerate(found)
        ]
    )


def timed(rule: Rule, rows: Rows) -> tuple[list[Hit], float]:
    began = time.perf_counter()
    return list(rule.find(rows)), time.perf_counter() - began


def wrong_labels(folder: Path, noise: float) -> None:
    print(f"{'labels':<20} rows labels  kappa wrong doubted recall precision seconds")
    for name, field in LABELS.items():
        clean = [(asked, json.loads(a)[field] if field else a) for asked, a in pairs(folder / name)]
        names = sorted({said for _, said in clean})
        draw = random.Random(1)
        wrong = set(draw.sample(range(len(clean)), int(noise * len(clean))))
        planted = [
            (asked, draw.choice([each for each in names if each != said]) if at in wrong else said)
            for at, (asked, said) in enumerate(clean)
        ]
        rows = rows_of_pairs(planted)
        hits, seconds = timed(WrongLabels(), rows)
        found = {hit.row for hit in hits}
        numbers = np.array([names.index(said) for _, said in planted])
        chances = probabilities([rows.prompts[at] for at in range(len(rows))], numbers, len(names))
        assert chances is not None
        kappa = agreement(numbers, chances.argmax(1), len(names))
        right = len(found & wrong)
        precision = f"{right / len(found):9.2f}" if found else "        -"
        print(
            f"{name:<20} {len(rows):>4} {len(names):>6} {kappa:>6.2f} {len(wrong):>5} "
            f"{len(found):>7} {right / len(wrong):>6.2f} {precision} {seconds:>7.1f}"
        )


def topics(folder: Path) -> None:
    sets = {name: pairs(folder / name) for name in TOPICS}
    draw = random.Random(5)
    found: Counter[str] = Counter()
    for name, rows in sets.items():
        hits, _ = timed(Topics(), rows_of_pairs(rows))
        for code in {hit.code for hit in hits}:
            found[f"{code}, a set alone"] += 1
            print(f"  false alarm: {code} in {name}: {hits[0].what}")
    right = strange = 0
    for _ in range(MIXTURES):
        large, *small = draw.sample(TOPICS, draw.choice((3, 4, 5)))
        count = min(len(sets[large]), draw.choice((300, 400, 500)))
        mixed = draw.sample(sets[large], count)
        for name in small:
            mixed += draw.sample(sets[name], int(count * draw.uniform(0.09, 0.15)))
        hits, _ = timed(Topics(), rows_of_pairs(mixed))
        found["dominating_topic, mixtures"] += any(h.code == "dominating_topic" for h in hits)
        large, other = draw.sample(TOPICS, 2)
        count = min(len(sets[large]), draw.choice((400, 800)))
        few = draw.sample(sets[other], max(8, int(0.025 * count)))
        hits, _ = timed(Topics(), rows_of_pairs(draw.sample(sets[large], count) + few))
        told = [hit.row for hit in hits if hit.code == "strange_topic"]
        found["strange_topic, mixtures"] += any(row >= count for row in told)
        strange += len(told)
        right += sum(row >= count for row in told)
    print(f"{len(TOPICS)} sets alone, {MIXTURES} mixtures of either kind:")
    for what, number in sorted(found.items()):
        print(f"  {what}: {number}")
    print(f"  of {strange} rows told to be strange, {right} are from the other set")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--noise", type=float, default=0.05)
    options = parser.parse_args()
    wrong_labels(options.folder, options.noise)
    topics(options.folder)


if __name__ == "__main__":
    main()
