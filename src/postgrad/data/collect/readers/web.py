"""Web pages, as Markdown: headings, lists, tables and code stay what they are.

The landmarks of a page that are not its content (WAI-ARIA 1.2, section 5.3.4, and their elements in
HTML) are left out, as are its forms' controls, scripts and pictures. Links keep their words.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from postgrad.core.collecting import CollectSettings
from postgrad.data.collect.readers.document import Document, missing
from postgrad.data.collect.texts import decoded, read_bytes, sound
from postgrad.errors import RowError

_NOT_CONTENT = (
    *("[role=navigation]", "[role=banner]", "[role=contentinfo]", "[role=search]"),
    *("[role=dialog]", "[role=alertdialog]", "button", "select", "input", "textarea"),
)
_CHARSET = re.compile(rb"""(?i)<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""")
_CHARSET_BYTES = 1024
"""A page says its encoding in these first bytes (HTML Standard, 4.2.5.4)."""


def read_web_page(path: Path, settings: CollectSettings) -> Document:
    """A web page as Markdown.

    Raises:
        RowError: it can't be read, its encoding is not known, or it is nested too deep.
        SetupError: the package that reads it is missing.
    """
    data = read_bytes(path)
    said = _CHARSET.search(data[:_CHARSET_BYTES])
    declared = said[1].decode("ascii", "replace") if said else ""
    return Document(markdown_of(decoded(data, settings.encoding, declared)), is_markdown=True)


def markdown_of(html: str) -> str:
    """A piece of HTML as Markdown.

    Raises:
        RowError: it is nested so deep that words would be lost.
        SetupError: the package that reads it is missing.
    """
    library, options = _converter()
    found = library.convert(sound(html), options)
    if any(str(warning.kind) == "depth_limit_exceeded" for warning in found.warnings):
        raise RowError(
            "Its elements are nested more than 1024 deep.",
            why="What lies deeper would be lost.",
            fix="Save it anew from a browser, or as text.",
            code="too_deep",
        )
    return sound(found.content).strip("\n")


@cache
def _converter() -> tuple[Any, Any]:
    try:
        library: Any = importlib.import_module("html_to_markdown")
    except ModuleNotFoundError as error:
        raise missing("html-to-markdown") from error
    cleaning = library.PreprocessingOptions(preset="aggressive", remove_forms=False)
    return library, library.ConversionOptions(
        preprocessing=cleaning,
        exclude_selectors=list(_NOT_CONTENT),
        hidden_content="reachable",  # what a tab hides can be read, what a script hides can't
        strip_tags=["a"],
        extract_metadata=False,
        skip_images=True,
        compact_tables=True,
    )
