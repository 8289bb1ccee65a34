"""How much of the personal data that people marked the scan finds, and how much it makes up.

    python benchmarks/data/personal.py [--show]

On ../shared/data/dirty_pii_multidogo: 600 turns of customers, half of them with marked spans. A
span counts as found if a span of the scan overlaps it. The rule was made with this set at hand, so
these figures say how well it fits the set; they are no forecast for other data.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from postgrad.data.personal.recognise import find

ITEMS = Path(__file__).parents[3] / "shared" / "data" / "dirty_pii_multidogo" / "items.jsonl"


def main() -> None:
    if not ITEMS.exists():
        sys.exit(f"The set is not here: {ITEMS}")
    marked: Counter[str] = Counter()
    found: Counter[str] = Counter()
    true = told = 0
    lost: list[str] = []
    for item in map(json.loads, ITEMS.read_text("utf-8").splitlines()):
        spans = find(item["text"])
        told += len(spans)
        true += sum(any(overlap(span, each) for each in item["spans"]) for span in spans)
        for each in item["spans"]:
            marked[each["type"]] += 1
            if any(overlap(span, each) for span in spans):
                found[each["type"]] += 1
            else:
                lost.append(f"{each['type']} {each['value']!r} in {item['text']!r}")
    for kind, count in marked.most_common():
        print(f"{kind:<10} {found[kind]:>4} of {count:>4}  recall {found[kind] / count:.3f}")
    print(f"recall {found.total() / marked.total():.3f}, precision {true / told:.3f}")
    if "--show" in sys.argv:
        print(*lost, sep="\n")


def overlap(span: Any, each: dict[str, Any]) -> bool:
    return span.start < each["end"] and each["start"] < span.end


if __name__ == "__main__":
    main()
