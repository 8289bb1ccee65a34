"""What every suite of the table promises; a new row is picked up by itself."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from postgrad import plugins
from postgrad.core.interfaces import Suite
from postgrad.core.suite import SuiteRequest
from postgrad.errors import UserError

PAGE = Path(__file__).parents[2] / "docs" / "suites.md"


@pytest.fixture(params=plugins.names("suites"))
def suite(request: pytest.FixtureRequest) -> Suite:
    return plugins.load("suites", request.param)()


def test_names_itself(suite: Suite) -> None:
    assert plugins.TABLES["suites"][suite.name].endswith(f":{type(suite).__name__}")
    assert suite.title
    assert inspect.getdoc(inspect.getmodule(type(suite)))


def test_the_page_tells_how_it_is_asked(suite: Suite) -> None:
    assert f"--suite {suite.name.replace('_', '-')}:" in PAGE.read_text(encoding="utf-8")


def test_an_impossible_option_or_a_missing_package_is_said_at_once(
    suite: Suite, tmp_path: Path
) -> None:
    request = SuiteRequest(suite.name, (str(tmp_path / "none.py"),), {"limit": -1})
    with pytest.raises(UserError) as found:
        suite.open(request)
    assert found.value.code in ("suite_option", "missing_package")
    assert found.value.fix
