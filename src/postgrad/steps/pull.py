"""Pull: bring a model onto this machine, checked: a base model, or a small one that rules ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.interfaces import StepContext
from postgrad.core.job import BaseSection, DataSection, Job
from postgrad.models.small import SMALL, opened
from postgrad.steps.prepare import open_base


def pull(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the model that now lies in the cache."""
    if request["model"] in SMALL:
        small = SMALL[request["model"]]
        return {
            "model": small.name,
            "title": small.title,
            "folder": str(opened(small.name, context)),
            "licence": small.licence,
            "source": small.source,
        }
    job = Job(base=BaseSection(model=request["model"]), data=DataSection(train=""))
    base = open_base(context, job)
    return {
        "model": str(base.local.ref),
        "folder": str(base.local.folder),
        "sha256": base.local.sha256,
        "licence": base.local.licence,
        "parameters": base.local.parameters,
        "context_tokens": base.context_tokens,
        "architecture": type(base.config).__name__.removesuffix("Config"),
        "chat_template": bool(getattr(base.template.tokenizer, "chat_template", None)),
    }
