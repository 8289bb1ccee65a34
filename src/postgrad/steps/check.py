"""Check: with a base model, the data as that model will see it, and which tokens are taught."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.steps.prepare import prepare


def check(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """The data's summary, and the first row cut into taught and untaught text."""
    prepared = prepare(context, Job.build(request["job"]))
    first = prepared.rows["train"][0]
    pieces: list[dict[str, Any]] = []
    for sequence in first.sequences:
        taught = set(sequence.taught)
        for index, token in enumerate(sequence.tokens):
            text = prepared.base.template.tokenizer.decode([token])
            if pieces and pieces[-1]["taught"] == (index in taught):
                pieces[-1]["text"] += text
            else:
                pieces.append({"taught": index in taught, "text": text})
    return {
        "dataset": prepared.summary.model_dump(),
        "rejected": [
            {
                "file": row.file,
                "line": row.line,
                "code": row.code,
                "path": row.path,
                "what": row.what,
                "fix": row.fix,
            }
            for row in prepared.dataset.rejected
        ],
        "task": {
            "kind": prepared.task.kind,
            "primary": prepared.task.primary,
            "why": prepared.task.why,
        },
        "example": {"id": first.id, "pieces": pieces},
    }
