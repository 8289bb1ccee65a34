"""Tool calls that the row's own tools would not accept.

A model that is taught a call of a function that is not there, or arguments that its JSON Schema
forbids, makes such calls, and each one fails where it is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import referencing
from referencing.exceptions import Unresolvable

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Chat, ToolCall
from postgrad.data.rows import Rows

library: Any = jsonschema  # the types of both are incomplete
references: Any = referencing


def _unchecked(*_: Any) -> None:
    """Patterns are not tried: those in a stranger's file can take a lifetime to match."""


Validator: Any = library.validators.extend(
    library.Draft202012Validator, {"pattern": _unchecked, "patternProperties": _unchecked}
)

EMPTY: Any = references.Registry()

SOURCE = "JSON Schema 2020-12; OpenAI, Function calling guide"


class ToolCalls:
    """Taught calls of unknown functions, and with arguments that do not fit."""

    name = "tool_calls"
    title = "tool calls that do not fit the tools"
    optional = False
    kinds = (
        Kind(
            "unknown_tool",
            "hurts",
            "calls of a function that is not among the row's tools",
            "The model learns to call what is not there.",
            "Add the function to `tools`, or take out the call.",
            source=SOURCE,
        ),
        Kind(
            "invalid_arguments",
            "hurts",
            "calls whose arguments do not match the function's schema",
            "The model learns calls that fail.",
            "Correct the arguments, or the schema.",
            source=SOURCE,
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit for each taught call that does not fit."""
        validators: dict[str, Any] = {}
        for row in rows.readable:
            if not isinstance(row.record, Chat) or not row.record.tools:
                continue
            known = {str(name): schema for name, schema in map(_signature, row.record.tools)}
            names = ", ".join(sorted(known))
            for turn, message in enumerate(row.record.messages):
                for number, call in enumerate(message.tool_calls if message.weight > 0 else ()):
                    path = f"messages[{turn}].tool_calls[{number}].function"
                    if call.name not in known:
                        what = f"{call.name} is none of {names}."
                        yield Hit("unknown_tool", row.index, what, f"{path}.name")
                    elif told := _mismatch(call, known[call.name], validators):
                        yield Hit("invalid_arguments", row.index, told, f"{path}.arguments")


def _signature(tool: Mapping[str, Any]) -> tuple[Any, Any]:
    function = tool.get("function", tool)
    return function.get("name"), function.get("parameters")


def _mismatch(call: ToolCall, schema: Any, validators: dict[str, Any]) -> str:
    """What is wrong with the arguments; "" for nothing, or where the schema itself is none."""
    if not isinstance(schema, Mapping):
        return ""
    key = json.dumps(schema, sort_keys=True, default=str)
    if key not in validators:
        validators[key] = _validator(schema)
    validator = validators[key]
    if validator is None:
        return ""
    try:
        error = library.exceptions.best_match(validator.iter_errors(dict(call.arguments)))
    except (Unresolvable, RecursionError, re.error):  # a schema that points nowhere, or at itself
        return ""
    if error is None:
        return ""
    where = ".".join(str(part) for part in error.absolute_path)
    return f"{call.name}: {where + ': ' if where else ''}{error.message[:200]}"


def _validator(schema: Any) -> Any:
    """A validator; None where the schema itself is none."""
    try:
        Validator.check_schema(schema)
    except (jsonschema.SchemaError, RecursionError):
        return None
    # the registry is empty: a schema in a data file must not send us to the network
    return Validator(schema, registry=EMPTY)
