"""Licences: what they are called and whether they permit."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from postgrad.data.collect.licences import is_permitted, licence_of_folder, licence_of_header

LICENCES = importlib.import_module("identify.vendor.licenses").LICENSES


@pytest.mark.parametrize(("name", "text"), LICENCES, ids=[name for name, _ in LICENCES])
def test_texts_are_recognised(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "LICENSE.txt").write_text(f"Copyright (c) 2026 Some People\n\n{text}")
    assert licence_of_folder(tmp_path) == name


@pytest.mark.parametrize(
    ("licence", "permitted"),
    [
        ("MIT", True),
        ("Apache-2.0", True),
        ("CC0-1.0", True),
        ("Unlicense", True),
        ("GPL-3.0-or-later", False),
        ("GPL-2.0+", False),
        ("LGPL-2.1", False),
        ("MPL-2.0", False),
        ("AGPL-3.0-only OR Apache-2.0", True),
        ("AGPL-3.0-only AND Apache-2.0", False),
        ("(MIT OR GPL-2.0-only) AND BSD-2-Clause", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("LicenseRef-Proprietary", False),
        ("unknown", False),
        ("", False),
        ("see the website, please (", False),
    ],
)
def test_permissive_licences_permit(licence: str, permitted: bool) -> None:
    assert is_permitted(licence, ()) is permitted


def test_what_is_allowed_by_name() -> None:
    assert is_permitted("GPL-3.0-only", ("gpl-3.0-only",))
    assert is_permitted("GPL-3.0-only AND MIT", ("GPL-3.0-only",))
    assert not is_permitted("GPL-3.0-only AND LGPL-2.1-only", ("GPL-3.0-only",))
    assert is_permitted("unknown", ("unknown",))
    assert is_permitted("LicenseRef-Proprietary", ("unknown",))
    assert not is_permitted("GPL-3.0-only", ("unknown",))


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("# SPDX-License-Identifier: MIT\nx = 1", "MIT"),
        ("/* SPDX-License-Identifier: MIT OR Apache-2.0 */\n", "MIT OR Apache-2.0"),
        ("# SPDX-License-Identifier:   BSD-3-Clause  \n", "BSD-3-Clause"),
        ("# a licence\n", None),
    ],
)
def test_heads_of_files(text: str, licence: str | None) -> None:
    assert licence_of_header(text) == licence
