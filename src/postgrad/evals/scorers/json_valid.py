"""JSON valid: 1 if the answer is a JSON object or array, else 0.

Source: RFC 8259. Only whitespace around it is allowed: no code fence, no sentence before it, no
NaN. Nothing is repaired, because the program that reads the answer would not repair it.
"""

from __future__ import annotations

from postgrad.evals import marking


class JsonValid:
    """The answer can be read by a JSON parser."""

    name = "json_valid"
    title = "Valid JSON"
    higher_is_better = True
    right_or_wrong = True

    def score(self, answer: str, reference: str) -> float | None:
        return float(marking.read_json(answer) is not None)
