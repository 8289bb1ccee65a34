"""Check with a base model: what its template refuses, what is cut, and which tokens are taught."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.data.files import read_files
from postgrad.steps import machine
from postgrad.steps.check import answer, settle
from postgrad.steps.diagnosis import diagnose
from postgrad.steps.evaluate import load_base
from postgrad.steps.facts import UnknownFacts
from postgrad.steps.prepare import Renderer, open_base


def check_on_base(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """As `check`, with tokens counted, and the first row cut into taught and untaught text."""
    job = Job.build(request["job"])
    context.emit(Event("stage", {"name": "check", "title": "Checking the data"}))
    base = open_base(context, job)
    renderer = Renderer(base, job)
    files = read_files(job.data, renderer.refuses)
    dataset, problem = settle(files, job)
    names = request.get("rules")
    model = None if names else load_base(base, machine.use_machine(job.backend))
    more = [] if model is None else [UnknownFacts(renderer, model, job.training.seed)]
    found = diagnose(context, files, dataset, renderer.size, names, more)
    shown = files["train"].examples[:1]
    return {
        **answer(found, files, dataset, problem),
        "exact": True,
        "example": {"id": shown[0].id, "pieces": renderer.pieces(shown[0])} if shown else None,
    }
