"""Sources as people name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from postgrad.data.collect.given import parse_sources
from postgrad.errors import DataError, JobError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("handbook", "a=5%", "code:old"):
        (tmp_path / name).mkdir()
    (tmp_path / "general.jsonl").write_text("{}")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "general.jsonl").write_text("{}")
    return tmp_path


def test_a_path_is_all_that_is_needed(folder: Path) -> None:
    [given] = parse_sources(["handbook/"], folder)
    assert (given.path, given.label) == (folder / "handbook", "handbook")
    assert (given.kind, given.share, given.limit) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "kind", "share", "limit"),
    [
        ("general.jsonl=5%", None, 0.05, None),
        ("general.jsonl=2.5 %", None, 0.025, None),
        ("general.jsonl=500", None, None, 500),
        ("rows:general.jsonl=5%", "rows", 0.05, None),
        ("documents:handbook", "documents", None, None),
    ],
)
def test_kinds_and_weights(
    folder: Path, text: str, kind: str | None, share: float | None, limit: int | None
) -> None:
    [given] = parse_sources([text], folder)
    assert (given.kind, given.share, given.limit) == (kind, share, limit)


@pytest.mark.parametrize("name", ["a=5%", "code:old", "./a=5%"])
def test_a_name_that_is_there_is_meant_as_it_stands(folder: Path, name: str) -> None:
    [given] = parse_sources([name], folder)
    assert given.path == folder / name
    assert given.kind is None
    assert given.share is None


def test_two_sources_of_one_name_are_told_apart(folder: Path) -> None:
    labels = [
        given.label
        for given in parse_sources(["general.jsonl", "handbook", "other/general.jsonl"], folder)
    ]
    assert labels == ["1-general.jsonl", "handbook", "3-general.jsonl"]


def test_this_folder_has_a_name(folder: Path) -> None:
    assert parse_sources(["."], folder)[0].label == folder.name
    assert parse_sources(["handbook/.."], folder)[0].label == folder.name


@pytest.mark.parametrize("weight", ["=0%", "=100%", "=0", "=1.5", "=250%"])
def test_weights_that_can_not_be_used(folder: Path, weight: str) -> None:
    with pytest.raises(JobError) as caught:
        parse_sources([f"general.jsonl{weight}"], folder)
    assert caught.value.code == "invalid_weight"


def test_what_is_not_there_is_refused_with_the_nearest_name(folder: Path) -> None:
    with pytest.raises(DataError, match=r"general\.jsonl") as caught:
        parse_sources(["generel.jsonl=5%"], folder)
    assert caught.value.code == "file_not_found"
    with pytest.raises(JobError) as unknown:
        parse_sources(["document:handbook"], folder)
    assert unknown.value.code == "unknown_collector"
    assert "documents" in unknown.value.fix


def test_no_source(folder: Path) -> None:
    with pytest.raises(JobError) as caught:
        parse_sources([], folder)
    assert caught.value.code == "no_source"
