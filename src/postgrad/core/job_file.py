"""The job file: a job as YAML text that people read, with a comment for each derived value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from postgrad.core.job import Job
from postgrad.errors import JobError


def parse_job(text: str, name: str = "The job file") -> dict[str, Any]:
    """The values of a job file; `Job.build` checks them.

    Raises:
        JobError: not YAML, or not a mapping.
    """
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise JobError(f"{name} is not YAML: {error}", code="invalid_yaml") from None
    if not isinstance(values, dict):
        raise JobError(
            f"{name} holds no sections.",
            why="A job file is a mapping with the sections base, data, method, training, ...",
            fix="Write one with: postgrad plan DATA -o job.yaml",
        )
    return values


def write_job(job: Job, sources: Mapping[str, str]) -> str:
    """A job as YAML text that `parse_job` reads back.

    Args:
        job: what to write.
        sources: by dotted key, where a value came from; written behind it as a comment.
    """
    lines = ["# A postgrad job. Run it with: postgrad train THIS_FILE"]
    for section, values in job.model_dump().items():
        lines += ["", f"{section}:"]
        for name, value in values.items():
            source = sources.get(f"{section}.{name}", "")
            comment = f"  # {source}" if source else ""
            # JSON's scalars are YAML's; ensure_ascii keeps odd characters from YAML's rules
            lines.append(f"  {name}: {json.dumps(value)}{comment}")
    return "\n".join(lines) + "\n"
