"""Alpaca: `{"instruction": "...", "input": "...", "output": "..."}`.

Source: tatsu-lab/stanford_alpaca, without its "Below is an instruction" wording: that was the
prompt of one model, here the chat template of the base model is used. `system` and `history` (pairs
of question and answer) are LLaMA-Factory's additions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.records import Chat, Message
from postgrad.data.fields import filled, list_at, optional_text, required_text, text_at, wrong_type


class Alpaca:
    """Rows with `instruction` and `output`."""

    name = "alpaca"
    title = "Alpaca"
    keys = ("instruction", "output")

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Whether the row has `instruction` and `output`."""
        return "instruction" in row and "output" in row

    def record(self, row: Mapping[str, Any]) -> Chat:
        """The row as a chat; instruction and input are joined with a blank line.

        Raises:
            RowError: with the path inside the row and a hint.
        """
        instruction, added = required_text(row, "instruction"), optional_text(row, "input")
        question = f"{instruction}\n\n{added}" if added else instruction
        system = optional_text(row, "system")
        return Chat(
            (
                *((Message("system", system),) if system else ()),
                *_history(row.get("history")),
                Message("user", question),
                Message("assistant", required_text(row, "output")),
            )
        )


def _history(value: object) -> tuple[Message, ...]:
    if value is None or value == "":
        return ()
    messages: list[Message] = []
    for index, pair in enumerate(list_at(value, "history")):
        path = f"history[{index}]"
        texts = list_at(pair, path)
        if len(texts) != 2:
            raise wrong_type(pair, path, "a pair of question and answer")
        question, answer = (
            filled(text_at(text, f"{path}[{i}]"), f"{path}[{i}]") for i, text in enumerate(texts)
        )
        messages += [Message("user", question), Message("assistant", answer)]
    return tuple(messages)
