"""What a repository's .gitignore files leave out; the library pathspec reads them as git does."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from postgrad.errors import SetupError


class Ignored:
    """The .gitignore files of a tree; a deeper one has the last word. Only those on the way to the
    path in question are held, so the tree may be as wide as it likes."""

    def __init__(self, root: Path) -> None:
        try:
            self._library: Any = importlib.import_module("pathspec")
        except ModuleNotFoundError as error:
            raise SetupError(
                "The package pathspec, which reads .gitignore, is not installed.",
                fix="Install it with: pip install 'postgrad[collect]'",
                code="missing_package",
            ) from error
        self._root = root
        self._specs: dict[str, Any] = {}

    def has(self, inner: str, is_folder: bool) -> bool:
        """Whether a path inside the tree, with slashes, is ignored."""
        folders = [inner[:at] for at, sign in enumerate(inner) if sign == "/"]
        self._specs = {
            folder: self._specs[folder] if folder in self._specs else self._spec(folder)
            for folder in ("", *folders)
        }
        for folder in reversed(("", *folders)):
            within = inner[len(folder) + 1 :] if folder else inner
            told = self._specs[folder].check_file(f"{within}/" if is_folder else within).include
            if told is not None:
                return bool(told)
        return False

    def _spec(self, folder: str) -> Any:
        try:
            text = (self._root / folder / ".gitignore").read_text("utf-8", "replace")
        except OSError:
            text = ""
        lines = text.splitlines()
        try:
            return self._library.GitIgnoreSpec.from_lines(lines)
        except ValueError:  # one pattern that git would not read either
            return self._library.GitIgnoreSpec.from_lines(_readable(self._library, lines))


def _readable(library: Any, lines: list[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        try:
            library.GitIgnoreSpec.from_lines([line])
            kept.append(line)
        except ValueError:
            continue
    return kept
