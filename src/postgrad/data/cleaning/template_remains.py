"""Remains of a chat template inside a text: <|im_start|>, [INST], "### Response:".

Rows that were taken from a rendered prompt bring its marks along. The base model's own template
adds the real ones; what stands in the text is only text, and the model learns to write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from postgrad.core.findings import Hit, Kind
from postgrad.data.prose import asks_about, excerpt, without_code
from postgrad.data.rows import Piece, Row, Rows

MARKS = re.compile(
    r"<\|(?:im_start|im_end|im_sep|endoftext|begin_of_text|end_of_text|start_header_id"
    r"|end_header_id|eot_id|eom_id|system|user|assistant|end|endofprompt|message|channel|start"
    r"|turn)\|>"
    r"|<(?:start|end)_of_turn>|</?s>|\[/?INST\]|<</?SYS>>|\[/?(?:AVAILABLE_TOOLS|TOOL_CALLS)\]"
    r"|^\#{2,3} ?(?:Instruction|Response|Input|Human|Assistant|System)(?: ?\d+)?:",
    re.M,
)
"""What the templates of ChatML, Llama 2 to 4, Mistral, Gemma, Phi, GPT-OSS and Zephyr write, and
the headings of Alpaca and Vicuna."""

SIGNS = ("<|", "_of_turn>", "s>", "INST]", "SYS>>", "_TOOLS]", "_CALLS]", "##")

ASKED = re.compile(r"(?i)\b(?:token|template|prompt format|chatml|html|markdown|tokenizer)")
"""Rows about such marks are left alone, and so is HTML's struck-out text, <s>."""


class TemplateRemains:
    """Marks of chat templates in any turn of a row."""

    name = "template_remains"
    title = "remains of a chat template"
    optional = False
    kinds = (
        Kind(
            "template_remains",
            "hurts",
            "marks of a chat template inside a text",
            "The base model's template adds its own; the model learns to write these as text.",
            "Take the marks out; if turns lie between them, make them turns of their own.",
            source="the chat templates of ChatML, Llama, Mistral, Gemma and Phi; Alpaca's prompt",
        ),
    )

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> list[Hit]:
        """One hit for each turn with remains."""
        hits: list[Hit] = []
        is_asked_for: Callable[[], bool] | None = None
        for piece in pieces:
            if not any(map(piece.text.__contains__, SIGNS)):
                continue
            text = without_code(piece.text)
            found = MARKS.search(text)
            if not found:
                continue
            is_asked_for = is_asked_for or asks_about(row, ASKED)
            if not is_asked_for():
                what = f"“{excerpt(text, *found.span())}”"
                hits.append(Hit("template_remains", row.index, what, piece.path))
        return hits

    def find(self, rows: Rows) -> Iterator[Hit]:
        """The turns with remains of all rows."""
        return rows.hits(self.at_row)
