"""Clean with a base model: what its template refuses or what would be cut to nothing goes too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.steps.clean import mend
from postgrad.steps.prepare import Renderer, open_base


def clean_on_base(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """Clean the training file of a job as its base model sees it; see `steps.clean.mend`."""
    job = Job.build(request["job"])
    renderer = Renderer(open_base(context, job), job)
    return mend(context, request, renderer.refuses, renderer.size)
