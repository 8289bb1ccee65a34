"""Under which licence code stands, and whether it may be learned from without asking.

Texts of licences are recognised by the library identify (it knows those of choosealicense.com),
SPDX expressions are read by license-expression, whose list (ScanCode LicenseDB) also says of each
licence whether it is permissive. A model may write what it learned: code that is copyleft, or whose
licence is not known, is therefore used only where a person says so.
"""

from __future__ import annotations

import importlib
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from postgrad.errors import SetupError

UNKNOWN = "unknown"
MAX_LICENCE_BYTES = 200_000
"""The longest text on choosealicense.com has 35,000; comparing takes the square of the length."""

_PERMISSIVE = ("Permissive", "Public Domain")
_MAIN_FILE = re.compile(r"(?i)(?:un)?licen[cs]e(?:\.(?:txt|md|rst))?|copying(?:\.(?:txt|md|rst))?")
_OTHER_FILE = re.compile(r"(?i)(?:licen[cs]e|copying)[-._].+")
_HEADER = re.compile(r"(?m)SPDX-License-Identifier:[ \t]*([^\n*]+?)[ \t]*(?:\*/|-->)?[ \t]*$")


def licence_of_folder(folder: Path) -> str | None:
    """The licence that a folder's own files name, as an SPDX expression; "unknown" if there is a
    licence that is not recognised; None if there is none.

    Raises:
        SetupError: a package that recognises licences is missing.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file())
    except OSError:
        return None
    main = [name for name in names if _MAIN_FILE.fullmatch(name)]
    # several of them, as LICENSE-MIT and LICENSE-APACHE, are a choice
    files = main[:1] or [name for name in names if _OTHER_FILE.fullmatch(name)]
    found = [_recognised(folder / name) for name in files]
    if found:
        return UNKNOWN if UNKNOWN in found else " OR ".join(dict.fromkeys(found))
    return _of_project(folder / "pyproject.toml")


def licence_of_header(text: str) -> str | None:
    """The licence that the head of a file names; None if it names none."""
    found = _HEADER.search(text)
    return found[1].strip() if found else None


def is_permitted(licence: str, allow: tuple[str, ...]) -> bool:
    """Whether code under a licence may be used: it is permissive, or it is allowed by name.

    Raises:
        SetupError: a package that knows licences is missing.
    """
    allowed = {name.casefold() for name in allow}
    if licence.casefold() in allowed:
        return True
    try:
        tree = _expressions().parse(licence)
    except Exception:  # what is no expression has errors of several libraries
        return UNKNOWN in allowed
    return tree is not None and _node_permitted(tree, allowed)


def _node_permitted(node: Any, allowed: set[str]) -> bool:
    if getattr(node, "args", ()):
        parts = [_node_permitted(part, allowed) for part in node.args]
        return any(parts) if type(node).__name__ == "OR" else all(parts)
    key = str(getattr(getattr(node, "license_symbol", node), "key", "")).casefold()
    category = _categories().get(key)
    return key in allowed or category in _PERMISSIVE or (category is None and UNKNOWN in allowed)


def _recognised(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_LICENCE_BYTES:
            return UNKNOWN
        return _identify_licences().license_id(str(path)) or UNKNOWN
    except (OSError, UnicodeDecodeError):
        return UNKNOWN
    except ModuleNotFoundError as error:  # of the distance between two texts
        raise _missing(error.name or "ukkonen") from error


def _of_project(path: Path) -> str | None:
    """`project.license` of a pyproject.toml, where that is an SPDX expression (PEP 639)."""
    try:
        project = tomllib.loads(path.read_text("utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    licence = project.get("license")
    return licence if isinstance(licence, str) else None


@cache
def _expressions() -> Any:
    return _license_expression().get_spdx_licensing()


@cache
def _categories() -> dict[str, str]:
    """The category of each licence, by its SPDX names in lower case."""
    index = _license_expression().get_license_index()
    return {
        name.casefold(): entry["category"]
        for entry in index
        for name in (entry.get("spdx_license_key"), *entry.get("other_spdx_license_keys", ()))
        if name
    }


def _license_expression() -> Any:
    try:
        return importlib.import_module("license_expression")
    except ModuleNotFoundError as error:
        raise _missing("license-expression") from error


def _identify_licences() -> Any:
    try:
        return importlib.import_module("identify.identify")
    except ModuleNotFoundError as error:
        raise _missing("identify") from error


def _missing(name: str) -> SetupError:
    return SetupError(
        f"The package {name}, which recognises licences, is not installed.",
        fix="Install it with: pip install 'postgrad[collect]'",
        code="missing_package",
    )
