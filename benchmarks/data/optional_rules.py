"""The optional rules: what they find of planted rows, and what they wrongly take for one.

    python benchmarks/data/optional_rules.py [--show]

Paraphrases and neighbours are those of paraphrases.py, names and insults those below. Clean rows
come from the sets in ../shared/data, where they are present. The small models have to be on this
machine: `postgrad models pull all-minilm-l6-v2` and `postgrad models pull rampart`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from paraphrases import NEIGHBOURS, PARAPHRASES

from postgrad.core.interfaces import StepContext
from postgrad.core.job import DataSection
from postgrad.core.records import Chat, Message
from postgrad.data import doctor
from postgrad.data.rows import Row, Rows, Size
from postgrad.models.cache import default_cache_root
from postgrad.models.recognisers.rampart import Rampart
from postgrad.steps.small_models import SmallModels

SHARED = Path(__file__).parents[3] / "shared" / "data"
SETS = ("medical_medquad", "instruct_human_seed", "code_wikisql", "code_mbpp")
EACH = 300

NAMES = (
    ("Could you ask Marta Nowak to call me back?", ("Marta Nowak",)),
    ("i spoke with priya yesterday and she said it is fine", ("priya",)),
    ("The invoice goes to Dominik Hartmann, not to Lena.", ("Dominik Hartmann", "Lena")),
    ("thanks riley that was quick", ("riley",)),
    ("My colleague Chidi Okafor will pick it up.", ("Chidi Okafor",)),
    ("is mr. fernandez in the office today", ("fernandez",)),
    ("Please put Sarah Connolly and Ahmed on the list.", ("Sarah Connolly", "Ahmed")),
    ("It was sold to Giulia Ferrari's brother.", ("Giulia Ferrari",)),
    ("Anna hat gesagt, dass Herr Vogel kommt.", ("Anna", "Vogel")),
    ("Je voudrais parler avec Camille Dubois.", ("Camille Dubois",)),
    ("book it for two, under the name of kowalczyk", ("kowalczyk",)),
    ("According to Wei Chen the parcel never arrived.", ("Wei Chen",)),
    ("The bus stops behind the church.", ()),
    ("Turn the rose bush towards the light in May.", ()),
    ("Our office in Victoria opens at nine.", ()),
    ("I would like a mark on the bill, and grace until Friday.", ()),
    ("The hunter sold his ford to the baker.", ()),
    ("Which vitamins are in carrots?", ()),
    ("does amazon deliver on sunday", ()),
    ("Add will and hope to the vocabulary.", ()),
)

INSULTS = (
    "How should I know, you stupid idiot?",
    "Shut up, nobody likes you.",
    "You are worthless and should kill yourself.",
    "What a load of bullshit.",
    "I hate you all, you filthy pigs.",
    "Go to hell, moron.",
    "This fucking app crashed again.",
    "People like you should not be allowed to breathe.",
    "You dumb bitch, give me my money.",
    "I will find you and break your legs.",
    "Those people are vermin and should be deported.",
    "Your mother should be ashamed of such a loser.",
    "Get lost, you pathetic loser.",
    "Women are too stupid for this job.",
    "sh1t, it failed again",
    "You're an a$$hole.",
    "What a retarded question.",
    "I'm going to kill you.",
    "You disgust me, you ugly cow.",
    "Screw you and your company.",
)


def rows_of_pairs(pairs: list[tuple[str, str]]) -> Rows:
    return Rows(
        [
            Row(
                index,
                "train",
                "rows.jsonl",
                index + 1,
                Chat((Message("user", question), Message("assistant", answer))),
                None,
                Size(20, 10),
            )
            for index, (question, answer) in enumerate(pairs)
        ]
    )


def clean_pairs(name: str, count: int) -> list[tuple[str, str]]:
    path = SHARED / name / "train.jsonl"
    lines = path.read_text("utf-8").splitlines()[:count] if path.exists() else []
    turns = [json.loads(line)["messages"] for line in lines]
    return [
        ("\n".join(t["content"] for t in row[:-1] if t["role"] != "system"), row[-1]["content"])
        for row in turns
    ]


def paraphrases(rule: Any) -> None:
    for name, pairs in (("paraphrases", PARAPHRASES), ("neighbours", NEIGHBOURS)):
        rows = rows_of_pairs([p[:2] for p in pairs] + [p[2:] for p in pairs])
        told = {hit.row - len(pairs): hit.what for hit in rule.find(rows)}
        right = sum(f"line {row + 1} " in what for row, what in told.items())
        print(f"semantic_duplicates: {len(pairs)} {name}: {len(told)} told, {right} as that pair")
    for name in SETS:
        rows = rows_of_pairs(clean_pairs(name, EACH))
        began = time.perf_counter()
        hits = list(rule.find(rows))
        seconds = time.perf_counter() - began
        print(f"semantic_duplicates: {name}: {len(hits)} of {len(rows)} rows told, {seconds:.1f} s")
        if "--show" in sys.argv:
            for hit in hits:
                print("   ", rows[hit.row].prompt[-150:], "|", hit.what)


def names(context: StepContext) -> None:
    places = Rampart().read([text for text, _ in NAMES], context)
    found = [
        {text[start:end] for start, end in spans}
        for (text, _), spans in zip(NAMES, places, strict=True)
    ]
    planted = sum(len(there) for _, there in NAMES)
    right = sum(len(each & set(there)) for each, (_, there) in zip(found, NAMES, strict=True))
    wrong = [each - set(there) for each, (_, there) in zip(found, NAMES, strict=True)]
    print(f"person_names: {right} of {planted} planted, {sum(map(len, wrong))} others: {wrong}")
    path = SHARED / "dirty_pii_multidogo" / "items.jsonl"
    if not path.exists():
        return
    items = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    began = time.perf_counter()
    spans = Rampart().read([item["text"] for item in items], context)
    seconds = time.perf_counter() - began
    marked = hit = told = true = 0
    for item, each in zip(items, spans, strict=True):
        people = [s for s in item["spans"] if s["type"] in ("PERSON", "USERNAME")]
        overlaps = [
            any(start < s["end"] and s["start"] < end for s in people) for start, end in each
        ]
        told, true = told + len(each), true + sum(overlaps)
        for span in (s for s in people if s["type"] == "PERSON"):
            marked += 1
            hit += any(start < span["end"] and span["start"] < end for start, end in each)
    print(
        f"person_names: {hit} of {marked} marked in MultiDoGO; {true} of {told} told are marked, "
        f"{seconds:.1f} s"
    )


def insults(rule: Any) -> None:
    told = {hit.row for hit in rule.find(rows_of_pairs([("Hello.", text) for text in INSULTS]))}
    missed = [text for row, text in enumerate(INSULTS) if row not in told]
    print(f"toxicity: {len(told)} of {len(INSULTS)} planted; missed: {missed}")
    pairs = [pair for name in SETS for pair in clean_pairs(name, 10_000)]
    began = time.perf_counter()
    found = list(rule.find(rows_of_pairs(pairs)))
    seconds = time.perf_counter() - began
    characters = sum(len(question) + len(answer) for question, answer in pairs)
    print(
        f"toxicity: {len(found)} of {len(pairs)} clean rows told, "
        f"{characters / seconds:,.0f} characters a second: {[hit.what for hit in found]}"
    )


def main() -> None:
    root = default_cache_root(os.environ)
    context = StepContext(Path(), lambda event: None, lambda: False, root, offline=True)
    models = SmallModels(context, DataSection(train=""))
    paraphrases(models.bound(doctor.rules(["semantic_duplicates"])[0]))
    names(context)
    insults(doctor.rules(["toxicity"])[0])


if __name__ == "__main__":
    main()
