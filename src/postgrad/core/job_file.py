"""The job file: a job as YAML text that people read, with a comment for each derived value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

import yaml

from postgrad.core.job import LINEAGE, Job
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
    return cast("dict[str, Any]", values)


_LINE = re.compile(r"  (\w+): (.*)")


def write_job(job: Job, sources: Mapping[str, str]) -> str:
    """A job as YAML text that `parse_job` reads back.

    Args:
        job: what to write.
        sources: by dotted key, where a value came from; written behind it as a comment.
    """
    lines = ["# A postgrad job. Run it with: postgrad train THIS_FILE"]
    for section, values in job.model_dump().items():
        if section == LINEAGE and job.lineage.parent is None:
            continue
        lines += ["", f"{section}:"]
        for name, value in values.items():
            source = sources.get(f"{section}.{name}", "")
            comment = f"  # {source}" if source else ""
            lines.append(f"  {name}: {_scalar(value)}{comment}")
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    """JSON is YAML, and its escapes keep odd characters from YAML's rules; but what lies beyond
    U+FFFF it escapes as two halves, which YAML does not join: that is written as it is."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(json.dumps(sign)[1:-1] if "\x7e" < sign <= "\uffff" else sign for sign in text)


def read_sources(text: str) -> dict[str, str]:
    """Where values came from, out of the comments that `write_job` wrote behind them."""
    sources: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if not found:
            section = line.removesuffix(":") or section
            continue
        # a value may hold the comment sign itself, so it is read and not searched through
        _, end = json.JSONDecoder().raw_decode(found[2])
        comment = found[2][end:].removeprefix("  # ")
        if comment:
            sources[f"{section}.{found[1]}"] = comment
    return sources
