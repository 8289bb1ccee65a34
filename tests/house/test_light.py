"""The light install, `pip install postgrad` without extras, is enough for the light side.

The environment is a bare one with links to the packages that pyproject.toml's `dependencies`
need, so that nothing else can be imported, not by a worker either.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def needed(requirements: list[str]) -> dict[str, importlib.metadata.Distribution]:
    """The distributions that a list of requirements brings, with what they need themselves."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found[name] = importlib.metadata.distribution(name)
        waiting += [Requirement(text) for text in found[name].requires or []]
    return found


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the light install and nothing else."""
    place = tmp_path_factory.mktemp("light")
    venv.create(place / "venv", with_pip=False, symlinks=True)
    [site] = place.glob("venv/lib/python*/site-packages")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for distribution in needed(project["dependencies"]).values():
        for name in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
            (site / name).symlink_to(Path(str(distribution.locate_file(name))).resolve())
    (site / "postgrad").symlink_to(ROOT / "src" / "postgrad")
    return place


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the light environment, in an empty folder."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    environment |= {"PYTHONNOUSERSITE": "1", "POSTGRAD_CACHE": str(place / "cache")}
    return subprocess.run(
        [str(place / "venv" / "bin" / "python"), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=place,
        check=False,
    )


def test_import_and_help(light: Path) -> None:
    assert run(light, "-c", "import postgrad; postgrad.Job").stderr == ""
    shown = run(light, "-m", "postgrad", "--help")
    assert shown.returncode == 0, shown.stderr
    assert "postgrad demo" in shown.stdout


def test_what_needs_no_model_works(light: Path) -> None:
    shown = run(light, "-m", "postgrad", "models", "list", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["models"]


def test_doctor_says_what_is_missing(light: Path) -> None:
    shown = run(light, "-m", "postgrad", "doctor", "--json")
    assert shown.returncode == 1, shown.stderr
    findings = {item["name"]: item for item in json.loads(shown.stdout)["findings"]}
    assert findings["torch"]["value"] == "missing"
    assert "pip install" in findings["torch"]["fix"]


def test_what_needs_a_model_says_what_to_install(light: Path) -> None:
    rows = [{"prompt": f"Say {number}.", "completion": str(number)} for number in range(20)]
    (light / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shown = run(light, "-m", "postgrad", "plan", "rows.jsonl")
    assert shown.returncode == 1, shown.stderr
    assert "pip install 'postgrad[train]'" in shown.stderr
    assert "Traceback" not in shown.stderr
