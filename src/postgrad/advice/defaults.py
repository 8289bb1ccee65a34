"""Defaults: every value that a job leaves open, derived from facts, with its source in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from postgrad.core.job import Job
from postgrad.core.task import Task

TARGET_EPOCHS = 3
LEAST_EXAMPLE_PASSES, MOST_EPOCHS = 100, 25
MOST_EXAMPLE_PASSES = 25_000
"""OpenAI's published rule for the number of epochs (its cookbook's data preparation notebook):
three, more for tiny sets until 100 examples were seen, fewer for sets over 25,000 passes."""

FULL_RATE_AT_2000 = 5e-5
RATE_EXPONENT = 0.781
LORA_FACTOR = 10.0
"""Learning rate = 5e-5 * (2000 / hidden size) ** 0.781 for full fine-tuning and ten times that
for LoRA: the rule of tinker-cookbook's hyperparam_utils for Llama models; the factor ten is also
the finding of "LoRA Without Regret" (Thinking Machines, 2025)."""

SMALLEST_BATCH, LARGEST_BATCH = 4, 16
LEAST_STEPS = 400
"""LoRA loses more than full fine-tuning in large batches, and prefers many small steps (the same
source): the batch is as large as leaves 400 steps, from 4 to 16 rows. On nlu_snips (600 rows,
three epochs) 4 rows reach in two epochs the validation loss that 8 rows reach in three."""

MOST_TOKENS = 2048
"""Longest row unless the user allows more: attention and memory grow with it."""

ANSWER_ROOM = 1.25
MOST_ANSWER_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Facts:
    """What the defaults are derived from."""

    format: str
    objective: str
    num_train_rows: int
    longest_row_tokens: int
    longest_answer_tokens: int
    hidden_size: int
    context_tokens: int
    device: str
    num_cores: int
    task: Task


def complete(job: Job, facts: Facts) -> tuple[Job, dict[str, str]]:
    """The job with every open value filled in, and by dotted key where the value came from."""
    derived: dict[str, tuple[Any, str]] = {
        "data.format": (facts.format, "detected"),
        "objective.name": (facts.objective, "from the rows' shape"),
        "training.epochs": epochs(facts.num_train_rows),
        "training.learning_rate": rate(job.method.name, facts.hidden_size),
        "training.batch_size": batch_size(job, facts.num_train_rows),
        "training.max_length": _max_length(facts),
        "evaluation.primary": (facts.task.primary, facts.task.why),
        "evaluation.max_new_tokens": _answer_tokens(facts),
        "backend.device": (facts.device, "found on this machine"),
        "backend.threads": (facts.num_cores, "the cores that it may use here"),
    }
    values = job.model_dump()
    changes: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for key, (value, source) in derived.items():
        section, _, name = key.partition(".")
        if values[section][name] is None:
            changes[key], sources[key] = value, source
    return job.replace(changes), sources


def epochs(num_rows: int) -> tuple[int, str]:
    """Passes over the data by OpenAI's rule, with the reason."""
    if num_rows * TARGET_EPOCHS < LEAST_EXAMPLE_PASSES:
        most = min(MOST_EPOCHS, LEAST_EXAMPLE_PASSES // max(1, num_rows))
        return most, f"few rows: until about {LEAST_EXAMPLE_PASSES} were seen (OpenAI's rule)"
    if num_rows * TARGET_EPOCHS > MOST_EXAMPLE_PASSES:
        fewest = max(1, MOST_EXAMPLE_PASSES // num_rows)
        return fewest, f"many rows: at most {MOST_EXAMPLE_PASSES} passes (OpenAI's rule)"
    return TARGET_EPOCHS, "the usual three; early stopping may end sooner"


def batch_size(job: Job, num_rows: int) -> tuple[int, str]:
    """Rows per optimizer step, with the reason."""
    passes = num_rows * (job.training.epochs or epochs(num_rows)[0])
    wanted = min(LARGEST_BATCH, max(SMALLEST_BATCH, round(passes / LEAST_STEPS)))
    return min(wanted, num_rows), f"as large as leaves {LEAST_STEPS} steps, from 4 to 16"


def rate(method: str, hidden_size: int) -> tuple[float, str]:
    """The peak learning rate, rounded to two digits, with the reason."""
    full = FULL_RATE_AT_2000 * (2000 / hidden_size) ** RATE_EXPONENT
    if method == "full":
        return float(f"{full:.1e}"), f"for full fine-tuning at hidden size {hidden_size}"
    value = float(f"{full * LORA_FACTOR:.1e}")
    return value, f"ten times full fine-tuning's at hidden size {hidden_size}"


def _max_length(facts: Facts) -> tuple[int, str]:
    limit = min(facts.context_tokens, MOST_TOKENS)
    if facts.longest_row_tokens <= limit:
        return max(8, facts.longest_row_tokens), "the longest row: nothing is cut"
    name = "the base model's context" if limit == facts.context_tokens else "the default limit"
    return limit, f"{name}; the longest row has {facts.longest_row_tokens} tokens"


def _answer_tokens(facts: Facts) -> tuple[int, str]:
    wanted = round(facts.longest_answer_tokens * ANSWER_ROOM) + 1
    value = max(1, min(wanted, MOST_ANSWER_TOKENS))
    return value, f"the longest reference has {facts.longest_answer_tokens} tokens"
