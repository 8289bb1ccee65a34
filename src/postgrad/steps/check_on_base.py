"""Check with a base model: what its template refuses, what is cut, and which tokens are taught."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.events import Event
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.data.files import read_files
from postgrad.steps import machine
from postgrad.steps.check import answer, page, settle
from postgrad.steps.diagnosis import diagnose
from postgrad.steps.evaluate import load_base
from postgrad.steps.facts import UnknownFacts
from postgrad.steps.prepare import Renderer, open_base
from postgrad.steps.progress import Progress


def check_on_base(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """As `check`, with tokens counted. `example` is the first row as the model sees it, in runs of
    text that are trained, context or cut; the page has every row that it shows so."""
    job = Job.build(request["job"])
    context.emit(Event("stage", {"name": "check", "title": "Checking the data"}))
    base = open_base(context, job)
    renderer = Renderer(base, job)
    files = read_files(job.data, renderer.refuses, Progress(context).reading)
    dataset, problem = settle(files, job)
    names = request.get("rules")
    model = None if names else load_base(base, machine.use_machine(job.backend))
    seed, progress = job.training.seed, Progress(context)
    more = [] if model is None else [UnknownFacts(renderer, model, seed, progress)]
    found = diagnose(context, job.data, files, dataset, renderer.size, names, more)
    told = answer(found, files, dataset, problem, job)
    if request.get("page"):
        told["page"] = page(found, renderer.seen, renderer.limit)
    first = files["train"].examples[:1]
    runs = [run for part in first for runs in renderer.seen(part.record) for run in runs]
    return {
        **told,
        "exact": True,
        "example": {"id": first[0].id, "pieces": list(map(_piece, runs))} if first else None,
    }


def _piece(run: Mapping[str, Any]) -> dict[str, str]:
    if run["kind"] == "gap":
        return {"kind": "gap", "text": f" [... {run['count']:,} tokens ...] "}
    return {"kind": run["kind"], "text": "".join(run["tokens"])}
