"""JSON exact: 1 if answer and reference are the same JSON value, else 0.

Source: RFC 8259. Its data is compared, not its writing: the order of keys and the spaces between
them don't count, the order of lists does, 1 is 1.0, `true` is not 1, strings are in Unicode NFC.
"""

from __future__ import annotations

from postgrad.evals import marking


class JsonExact:
    """The answer is the reference as data, every field of it."""

    name = "json_exact"
    title = "JSON exactly right"
    higher_is_better = True
    right_or_wrong = True

    def score(self, answer: str, reference: str) -> float | None:
        wanted = marking.read_json(reference)
        if wanted is None:
            return None
        given = marking.read_json(answer)
        return float(given is not None and marking.json_form(given) == marking.json_form(wanted))
