"""A name -> a class: the built-in tables, and entry points of other packages.

Rows are strings, so that listing names loads nothing. Another package adds a row with an entry
point in the group `postgrad.<kind>`, for example in its pyproject.toml:

    [project.entry-points."postgrad.scorers"]
    my_metric = "my_package:MyMetric"
"""

from __future__ import annotations

import difflib
import importlib
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from postgrad.errors import JobError, SetupError

TABLES: dict[str, dict[str, str]] = {
    "formats": {
        "openai_chat": "postgrad.data.formats.openai_chat:OpenAIChat",
        "prompt_completion": "postgrad.data.formats.prompt_completion:PromptCompletion",
        "alpaca": "postgrad.data.formats.alpaca:Alpaca",
        "sharegpt": "postgrad.data.formats.sharegpt:ShareGPT",
        "text": "postgrad.data.formats.text:PlainText",
    },
    "collectors": {
        "completions": "postgrad.data.collect.sources.completions:Completions",
        "helpdesk": "postgrad.data.collect.sources.helpdesk:Helpdesk",
        "rows": "postgrad.data.collect.sources.rows:Rows",
        "mailbox": "postgrad.data.collect.sources.mailbox:Mailbox",
        "code": "postgrad.data.collect.sources.code:Code",
        "documents": "postgrad.data.collect.sources.documents:Documents",
    },
    "rules": {
        "broken_rows": "postgrad.data.cleaning.broken_rows:BrokenRows",
        "exact_duplicates": "postgrad.data.cleaning.exact_duplicates:ExactDuplicates",
        "contradictions": "postgrad.data.cleaning.contradictions:Contradictions",
        "encoding": "postgrad.data.cleaning.encoding:Encoding",
        "labels": "postgrad.data.cleaning.labels:Labels",
        "language": "postgrad.data.cleaning.language:Language",
        "leaks": "postgrad.data.cleaning.leaks:Leaks",
        "markup": "postgrad.data.cleaning.markup:Markup",
        "near_duplicates": "postgrad.data.cleaning.near_duplicates:NearDuplicates",
        "placeholders": "postgrad.data.cleaning.placeholders:Placeholders",
        "refusals": "postgrad.data.cleaning.refusals:Refusals",
        "repetition": "postgrad.data.cleaning.repetition:Repetition",
        "tool_calls": "postgrad.data.cleaning.tool_calls:ToolCalls",
        "trivial_rows": "postgrad.data.cleaning.trivial_rows:TrivialRows",
        "personal_data": "postgrad.data.cleaning.personal_data:PersonalData",
        "secrets": "postgrad.data.cleaning.secrets:Secrets",
    },
    "methods": {
        "full": "postgrad.methods.full:Full",
        "lora": "postgrad.methods.lora:Lora",
    },
    "objectives": {
        "instruction": "postgrad.objectives.instruction:Instruction",
        "next_token": "postgrad.objectives.next_token:NextToken",
    },
    "scorers": {
        "exact_match": "postgrad.evals.scorers.exact_match:ExactMatch",
        "label_match": "postgrad.evals.scorers.label_match:LabelMatch",
        "json_valid": "postgrad.evals.scorers.json_valid:JsonValid",
        "json_exact": "postgrad.evals.scorers.json_exact:JsonExact",
        "json_field_f1": "postgrad.evals.scorers.json_field_f1:JsonFieldF1",
        "token_f1": "postgrad.evals.scorers.token_f1:TokenF1",
        "rouge_l": "postgrad.evals.scorers.rouge_l:RougeL",
        "chrf": "postgrad.evals.scorers.chrf:Chrf",
    },
    "backends": {
        "local": "postgrad.backends.local:Local",
    },
    "steps": {
        "plan": "postgrad.steps.plan:plan",
        "train": "postgrad.steps.train:train",
        "evaluate": "postgrad.steps.evaluate:evaluate",
        "chat": "postgrad.steps.chat:chat",
        "pull": "postgrad.steps.pull:pull",
        "check": "postgrad.steps.check:check",
        "check_on_base": "postgrad.steps.check_on_base:check_on_base",
        "clean": "postgrad.steps.clean:clean",
        "clean_on_base": "postgrad.steps.clean_on_base:clean_on_base",
        "restore": "postgrad.steps.clean:restore",
        "collect": "postgrad.steps.collect:collect",
    },
}


def names(kind: str) -> list[str]:
    """Every name of a kind: built-in rows first, then entry points. Loads nothing."""
    outside = {point.name for point in entry_points(group=f"postgrad.{kind}")}
    return [*TABLES[kind], *sorted(outside - set(TABLES[kind]))]


@cache
def load(kind: str, name: str) -> Any:
    """The class (or function) behind a name.

    Raises:
        JobError: no such name; the nearest one is given.
        SetupError: it needs a package that is not installed.
    """
    target = TABLES[kind].get(name)
    try:
        if target is not None:
            module, _, attribute = target.partition(":")
            return getattr(importlib.import_module(module), attribute)
        for point in entry_points(group=f"postgrad.{kind}", name=name):
            return point.load()
    except ModuleNotFoundError as error:
        raise SetupError(
            f"{name!r} needs the package {error.name!r}, which is not installed.",
            fix="Install it with: pip install 'postgrad[train]'",
            code="missing_package",
        ) from error
    near = difflib.get_close_matches(name, names(kind), n=1)
    raise JobError(
        f"There is no {kind.rstrip('s')} named {name!r}.",
        fix=f"Did you mean {near[0]}?" if near else "Known: " + ", ".join(names(kind)),
        code=f"unknown_{kind.rstrip('s')}",
    )
