from __future__ import annotations

import re

import pytest

from postgrad.errors import ModelError
from postgrad.models import catalog


def test_default_model_comes_first() -> None:
    assert catalog.names()[0] == "smollm2-135m"


@pytest.mark.parametrize("name", catalog.names())
def test_rows_are_pinned(name: str) -> None:
    entry = catalog.find(name)
    assert entry.name == name
    assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
    assert re.fullmatch(r"[0-9a-f]{64}", entry.wheel_sha256)
    assert entry.requirement == f"{entry.package}=={entry.version}"


def test_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"Did you mean smollm2-135m\?") as caught:
        catalog.find("smolm2-135")
    assert caught.value.code == "unknown_model"
    with pytest.raises(ModelError) as caught:
        catalog.find("qqq")
    assert "Did you mean" not in str(caught.value)
    assert "hf:OWNER/NAME" in caught.value.fix
