"""The tables and the entry points: every plug-in, ours or another package's, is found by name."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from postgrad import plugins
from postgrad.errors import JobError, SetupError

KINDS = sorted(plugins.TABLES)
SOURCE = Path(plugins.__file__).parent


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_named_as_what_it_loads(kind: str) -> None:
    for name in plugins.TABLES[kind]:
        loaded = plugins.load(kind, name)
        assert (loaded.__name__ if kind == "steps" else loaded().name) == name


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"steps"}))
def test_every_file_of_a_kind_has_a_row(kind: str) -> None:
    """Or it was written and nobody can reach it."""
    rows = {target.partition(":")[0] for target in plugins.TABLES[kind].values()}
    package = next(iter(rows)).rpartition(".")[0]
    folder = SOURCE.joinpath(*package.split(".")[1:])
    files = {
        f"{package}.{path.stem}"
        for path in folder.iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem[0] != "_"
    }
    assert files == rows


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_is_refused_with_the_nearest_one(kind: str) -> None:
    name = next(iter(plugins.TABLES[kind]))
    with pytest.raises(JobError) as caught:
        plugins.load(kind, name + "s")
    assert caught.value.code == f"unknown_{kind[:-1]}"
    assert name in caught.value.fix


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_like_no_other_is_refused_with_all_names(kind: str) -> None:
    with pytest.raises(JobError) as caught:
        plugins.load(kind, "#")
    assert all(name in caught.value.fix for name in plugins.TABLES[kind])


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """A plug-in of one test is unknown to the next."""
    yield
    plugins.load.cache_clear()
    sys.modules.pop("postgrad_outside", None)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Make a package `outside` with a module and an entry point, as pip would install it."""

    def make(entry_point: str, code: str) -> None:
        kind, _, line = entry_point.partition(":")
        information = tmp_path / "outside-1.0.dist-info"
        information.mkdir()
        head = "Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n"
        (information / "METADATA").write_text(head)
        (information / "entry_points.txt").write_text(f"[postgrad.{kind}]\n{line}\n")
        (tmp_path / "postgrad_outside.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()

    return make


SCORER = """
class Loud:
    name = "loud"
    title = "Loud"
    higher_is_better = True
    right_or_wrong = True

    def score(self, answer, reference):
        return float(answer == reference.upper())
"""


def test_a_plug_in_of_another_package_is_listed_and_loaded(
    install: Callable[[str, str], None],
) -> None:
    assert "loud" not in plugins.names("scorers")
    install("scorers:loud = postgrad_outside:Loud", SCORER)
    assert plugins.names("scorers") == [*plugins.TABLES["scorers"], "loud"]
    assert plugins.load("scorers", "loud")().score("HI", "hi") == 1.0


def test_our_own_row_wins_over_an_entry_point_of_the_same_name(
    install: Callable[[str, str], None],
) -> None:
    install("scorers:chrf = postgrad_outside:Loud", SCORER)
    assert plugins.names("scorers").count("chrf") == 1
    assert plugins.load("scorers", "chrf").__name__ == "Chrf"


def test_a_missing_package_is_named(install: Callable[[str, str], None]) -> None:
    install("methods:broken = postgrad_outside:Broken", "import a_package_that_nobody_has\n")
    with pytest.raises(SetupError) as caught:
        plugins.load("methods", "broken")
    assert caught.value.code == "missing_package"
    assert "a_package_that_nobody_has" in caught.value.what
    assert "pip install" in caught.value.fix


def test_a_missing_package_of_an_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, extra in (("ftfy", "data"), ("onnxruntime", "names"), ("safetype", "toxicity")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(SetupError) as caught:
            plugins.package(module, "a_rule")
        assert f"pip install 'postgrad[{extra}]'" in caught.value.fix
        assert module in caught.value.what


def test_every_package_of_an_extra_is_known() -> None:
    """Or its absence is told with the wrong command."""
    project = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text())["project"]
    of_package: dict[str, set[str]] = {}
    for module, packages in importlib.metadata.packages_distributions().items():
        for package in packages:
            of_package.setdefault(canonicalize_name(package), set()).add(module)
    for extra, lines in project["optional-dependencies"].items():
        for requirement in map(Requirement, lines if extra != "dev" else []):
            name = canonicalize_name(requirement.name)
            if name != "postgrad" and name in of_package:
                told = {plugins.EXTRAS.get(module) for module in of_package[name]} - {None}
                assert told == {extra}, name


def test_listing_names_loads_nothing() -> None:
    """Rows are strings; a class in the table would be an import at the start."""
    for table in plugins.TABLES.values():
        for target in table.values():
            assert re.fullmatch(r"postgrad(\.\w+)+:\w+", target)
