"""Plan: what a job will do and take, before anything is spent."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from postgrad.advice import duration
from postgrad.core.interfaces import StepContext
from postgrad.core.job import Job
from postgrad.core.job_file import write_job
from postgrad.data.pack import pack
from postgrad.engine.generate import SLOTS
from postgrad.evals.verdict import expected_power
from postgrad.steps.advise import counsel
from postgrad.steps.machine import use_machine
from postgrad.steps.prepare import Base, Prepared, prepare
from postgrad.training.loop import Row

PROBE_SECONDS = 0.5
SAMPLED_ROWS = 256
"""Rows packed to see how much a shared prefix saves; more would say the same."""


def plan(context: StepContext, request: Mapping[str, Any]) -> dict[str, Any]:
    """The complete job as YAML, with what it will take and whether to do it at all; nothing is
    trained. `advice`: see `steps/advise.py`; null if the request does not ask for it."""
    prepared = prepare(context, Job.build(request["job"]))
    advice = counsel(context, prepared) if request.get("advise") else None
    return {**describe(prepared), "advice": advice}


def describe(prepared: Prepared) -> dict[str, Any]:
    """A prepared job in plain values, for screens and programs."""
    job = prepared.job
    use_machine(job.backend)
    num_test = prepared.summary.rows["test"]
    return {
        "job": write_job(job, prepared.sources),
        "task": {
            "kind": prepared.task.kind,
            "primary": prepared.task.primary,
            "why": prepared.task.why,
        },
        "dataset": prepared.summary.model_dump(),
        "base": {
            "model": str(prepared.base.local.ref),
            "parameters": prepared.base.local.parameters,
            "licence": prepared.base.local.licence,
        },
        "power": expected_power(num_test, prepared.task),
        "estimate": _estimate(prepared),
    }


def _estimate(prepared: Prepared) -> dict[str, Any]:
    job, summary = prepared.job, prepared.summary
    assert job.training.epochs
    assert job.training.batch_size
    assert job.evaluation.max_new_tokens
    num_train = summary.rows["train"]
    tokens = round(summary.tokens["train"] * job.training.epochs)
    steps = max(1, -(-round(num_train * job.training.epochs) // job.training.batch_size))
    work = _workload(prepared.base, prepared)
    speed = _matrix_speed(torch.device(job.backend.device or "cpu"))
    validations = max(1, round(job.training.validations_per_epoch * job.training.epochs))
    answer_tokens = summary.supervised_tokens["test"] / max(1, summary.rows["test"])
    asked = min(job.evaluation.limit or summary.rows["test"], summary.rows["test"])
    # a base model rambles to the limit, a tuned one writes about what the reference has
    answering = sum(
        duration.answering_seconds(
            prepared.base.local.parameters, asked, length, min(SLOTS, max(1, asked)), speed
        )
        for length in (job.evaluation.max_new_tokens, answer_tokens)
    )
    reading = duration.forward_seconds(
        work, summary.tokens["valid"] * validations + 4 * summary.tokens["test"], speed
    )
    computed = round(tokens * _computed_share(prepared.rows["train"], job.training.batch_size))
    training = duration.training_seconds(work, computed, speed)
    return {
        "steps": steps,
        "tokens": tokens,
        "training_seconds": training,
        "evaluation_seconds": answering + reading,
        "seconds": training + answering + reading,
    }


def _computed_share(rows: Sequence[Row], batch_size: int) -> float:
    """Tokens that are computed per real token: a prefix that rows share is computed once."""
    real = computed = 0
    for start in range(0, min(len(rows), SAMPLED_ROWS), batch_size):
        sequences = [part for row in rows[start : start + batch_size] for part in row.sequences]
        real += sum(len(sequence.tokens) for sequence in sequences)
        computed += len(pack(sequences).tokens)
    return computed / real


def _workload(base: Base, prepared: Prepared) -> duration.Workload:
    job, summary = prepared.job, prepared.summary
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(base.config)
    linear = [
        module
        for module in model.modules()
        if hasattr(module, "weight")
        and type(module).__name__ in ("Linear", "Conv1D")
        and module is not model.get_output_embeddings()
    ]
    full = job.method.name == "full"
    adapters = sum(job.method.rank * sum(layer.weight.shape) for layer in linear)
    tokens, rows = summary.tokens["train"], summary.rows["train"]
    return duration.Workload(
        linear_parameters=sum(layer.weight.numel() for layer in linear),
        trained_parameters=0 if full else adapters,
        layers=base.config.num_hidden_layers,
        hidden_size=base.config.hidden_size,
        vocabulary=base.config.vocab_size,
        full=full,
        tokens_per_row=tokens / rows,
        taught_share=summary.supervised_tokens["train"] / tokens,
    )


def _matrix_speed(device: torch.device) -> float:
    """Floating-point operations per second of a product of the size that layers have."""
    left = torch.randn(512, 576, device=device)
    right = torch.randn(576, 1536, device=device)
    for _ in range(3):
        torch.mm(left, right)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < PROBE_SECONDS:
        float(torch.mm(left, right)[0, 0])  # reading a value waits for a GPU
        count += 1
    return 2 * 512 * 576 * 1536 * count / (time.perf_counter() - began)
