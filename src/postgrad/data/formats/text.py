"""Plain text: `{"text": "..."}`, for continued pre-training; every token is learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from postgrad.core.records import Text
from postgrad.data.fields import required_text


class PlainText:
    """Rows with `text`, and the parts of .txt and .md files."""

    name = "text"
    title = "plain text"
    keys = ("text",)

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Whether the row has `text`."""
        return "text" in row

    def record(self, row: Mapping[str, Any]) -> Text:
        """The row as a text.

        Raises:
            RowError: the text is missing, no string, or blank.
        """
        return Text(required_text(row, "text"))
