"""Options that several commands share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import click
import yaml

from postgrad.core.report import Report
from postgrad.errors import JobError

Command = Callable[..., Any]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

strict_option = click.option(
    "--strict", is_flag=True, help="Exit with 3 if the verdict is not better."
)


base_option = click.option(
    "--base", metavar="MODEL", help="The base model (default: smollm2-135m)."
)

set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any key of the job, as training.learning_rate=2e-4. May be repeated.",
)


def job_options(command: Command) -> Command:
    """--base, --method and --set: what a job may be given on the command line."""
    for option in (
        set_option,
        click.option("--method", metavar="NAME", help="Which weights move: lora or full."),
        base_option,
    ):
        command = option(command)
    return command


def changes(base: str | None, method: str | None, settings: Sequence[str]) -> dict[str, Any]:
    """The options as dotted keys with values.

    Raises:
        JobError: a --set without an equals sign.
    """
    found: dict[str, Any] = {}
    if base:
        found["base.model"] = base
    if method:
        found["method.name"] = method
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise JobError(
                f"--set {setting} has no value.",
                why="A setting is KEY=VALUE.",
                fix="For example: --set training.epochs=2",
                code="invalid_setting",
            )
        found[key.strip()] = _value(value)
    return found


_EXPONENT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+")
"""YAML 1.1 takes 2e-4 for a text: it wants a point before the e and a sign behind it."""


def _value(text: str) -> Any:
    """A value as a job file would read it; 2e-4 is a number here, as people expect."""
    try:
        return float(text) if _EXPONENT.fullmatch(text.strip()) else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError):
        return text


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def end(report: Report, strict: bool) -> None:
    """Exit with 3 if asked to be strict and the model is not better."""
    if strict and report.verdict != "better":
        raise click.exceptions.Exit(3)
