"""Findings as people read them: in groups, in one line, with the command that mends them.

They are given as JSON, as `postgrad data check --json` prints them.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from postgrad.reports import words

HEADINGS = {"blocks": "Blocks training", "hurts": "Hurts", "look": "Worth a look"}
"""Severities, the worst first."""

Finding = Mapping[str, Any]


def grouped(findings: Iterable[Finding]) -> list[tuple[str, str, list[Finding]]]:
    """(severity, heading, findings) of each severity that there is."""
    every = list(findings)
    groups = [
        (severity, heading, [each for each in every if each["severity"] == severity])
        for severity, heading in HEADINGS.items()
    ]
    return [group for group in groups if group[2]]


def splits(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, int]]]:
    """(name, counts) of each split of an answer, in the order of its use."""
    counts: Mapping[str, Mapping[str, int]] = found["splits"]
    known = [name for name in ("train", "valid", "test") if name in counts]
    return [(name, counts[name]) for name in dict.fromkeys((*known, *counts))]


def share(finding: Finding) -> str:
    """The share of the taught tokens that the finding's rows have."""
    value = finding["share_of_trained_tokens"]
    if 0 < value < 0.0005:
        return f"under 0.1{words.NBSP}%"
    return words.percent(value)


def summary(finding: Finding) -> str:
    """A finding in one short line."""
    rows = words.count(finding["count"], "row")
    return f"{rows}: {finding['title']} ({finding['code']}, {share(finding)} of what is taught)"


def place(finding: Finding, file: str, line: int) -> str:
    """Where a row is; the file is named where there are several."""
    return f"line {line}" if len(finding["by_file"]) == 1 else f"{file} line {line}"


def ranges(lines: Sequence[int], most: int) -> tuple[str, int]:
    """Line numbers with neighbours put together, as 3, 7-9, 40; and how many were left out."""
    parts: list[str] = []
    told = index = 0
    ordered = sorted(set(lines))
    while index < len(ordered) and len(parts) < most:
        end = index
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        first, last = ordered[index], ordered[end]
        parts.append(f"{first}" if first == last else f"{first}-{last}")
        told += end + 1 - index
        index = end + 1
    return ", ".join(parts), len(ordered) - told


def one_line(text: str, width: int) -> str:
    """A text in one line of at most this many characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: max(1, width - 1)].rstrip() + "…"


def clean_command(source: str, file: str, code: str = "", options: Sequence[str] = ()) -> str:
    """The command that cleans a file: of one finding, or of all that can be mended.

    Args:
        source: the file, or the job that trains on it.
        file: its path; the cleaned one is to lie beside it.
        code: of the finding; "" for all.
        options: more of the command's options.
    """
    path = Path(file)
    parts = ["postgrad", "data", "clean", source]
    parts += ["-o", str(path.with_name(f"{path.stem}-clean.jsonl"))]
    parts += ["--only", code] if code else []
    return shlex.join([*parts, *options])


def with_commands(
    found: Mapping[str, Any], source: str | None, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The answer of `data check` with the command that mends each finding, "" where a person has
    to, and the one that mends all.

    Args:
        found: the answer.
        source: the data file or job as the user gave it; None: it has no name.
        changes: of the job, by dotted key; its base and its data are named in the commands too.
    """
    paths: Mapping[str, str] = found["paths"]
    train = next(iter(paths))
    is_job = source is None or source.endswith((".yaml", ".yml"))
    file = near(paths[train]) if source is None or is_job else source
    base = ["--base", str(changes["base.model"])] if changes.get("base.model") else []
    settings = [
        part
        for key, value in changes.items()
        if key.startswith("data.") and key not in ("data.train", "data.allow")
        for part in ("--set", f"{key}={value}")
    ]

    def command(labels: Iterable[str], code: str) -> str:
        label = train if train in labels else next(iter(labels))
        if label != train:  # it is cleaned as a file of its own
            return clean_command(near(paths[label]), near(paths[label]), code, base)
        return clean_command(source or file, file, code, [*base, *settings])

    findings = [
        {**each, "command": command(each["by_file"], each["code"]) if each["cleaned"] else ""}
        for each in found["findings"]
    ]
    mended = any(
        each["cleaned"] and each["severity"] != "look" and train in each["by_file"]
        for each in findings
    )
    return {**found, "findings": findings, "command": command([train], "") if mended else ""}


def near(path: str) -> str:
    """The path as seen from the current folder, where it lies in it."""
    near = os.path.relpath(path)
    return path if near.startswith("..") else near
