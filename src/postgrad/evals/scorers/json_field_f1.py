"""JSON field F1: how many of the fields are right, per item.

    F1 = 2 x credit / (leaves of the answer + leaves of the reference)

A leaf is a (path, value) at the end of the JSON. Leaves in lists are matched in any order (a bag:
`items[].size`), so that one missing item does not shift all after it; which values stood in the
same list item is therefore not marked (json_exact marks it). A value earns 1 or 0, strings without
case and surplus whitespace. A prose leaf, where the reference has more than four words, earns its
token-F1. An answer that is not JSON earns 0.

Source: micro F1 over slots, as in slot filling (CoNLL-2000's F1, Tjong Kim Sang and Buchholz 2000,
carried to slots by Mesnil et al. 2015), with the partial credit of SQuAD for prose. What is
reported is the mean over items, which pairs; not the F1 of all items pooled.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from postgrad.evals import marking

_Place = tuple[marking.Path, marking.Leaf]


class JsonFieldF1:
    """The share of right fields, with partial credit for prose."""

    name = "json_field_f1"
    title = "JSON fields right (F1)"
    higher_is_better = True
    right_or_wrong = False

    def score(self, answer: str, reference: str) -> float | None:
        wanted = marking.read_json(reference)
        if wanted is None:
            return None
        given = marking.read_json(answer)
        if given is None:
            return 0.0
        values: Counter[_Place] = Counter()
        prose: dict[marking.Path, list[str]] = defaultdict(list)
        for path, leaf in marking.json_leaves(wanted):
            if marking.is_prose(leaf):
                prose[path].append(leaf)
            else:
                values[path, marking.leaf_form(leaf)] += 1
        left: dict[marking.Path, list[str]] = defaultdict(list)
        credit, num_given = 0.0, 0
        for path, leaf in marking.json_leaves(given):
            num_given += 1
            place = path, marking.leaf_form(leaf)
            if values[place] > 0:
                values[place] -= 1
                credit += 1
            elif isinstance(leaf, str):
                left[path].append(leaf)
        num_wanted = sum(1 for _ in marking.json_leaves(wanted))
        credit += sum(_prose_credit(left[path], texts) for path, texts in prose.items())
        return 2 * credit / (num_given + num_wanted)


def _prose_credit(answers: list[str], references: list[str]) -> float:
    """Token-F1 of the pairs of answer and reference, the best pair first."""
    bags = [Counter(marking.squad_words(text)) for text in answers]
    pairs = sorted(
        (
            (_token_f1(text, bags[i], answers[i]), j, i)
            for j, text in enumerate(references)
            for i in range(len(answers))
        ),
        reverse=True,
    )
    credit, used, met = 0.0, set[int](), set[int]()
    for value, j, i in pairs:
        if i not in used and j not in met:
            used.add(i)
            met.add(j)
            credit += value
    return credit


def _token_f1(reference: str, bag: Counter[str], answer: str) -> float:
    words = Counter(marking.squad_words(reference))
    if not words:
        return float(marking.folded(answer) == marking.folded(reference))
    return marking.overlap_f1(bag, words)
