"""How hits become findings, and which of them stop training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from postgrad import verbs
from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Chat, Message
from postgrad.data import doctor
from postgrad.data.doctor import examine, refuse_if_blocked
from postgrad.data.files import read_files
from postgrad.data.rows import Row, Rows, Size, estimate, rows_of
from postgrad.errors import DataError, JobError


def kind(code: str, severity: str) -> Kind:
    return Kind(code, severity, f"rows with {code}", "Because.", "Mend it.")  # type: ignore[arg-type]


class Pointing:
    """A rule that points where it is told to."""

    name = title = "pointing"
    optional = False

    def __init__(self, *hits: Hit, severity: str = "hurts") -> None:
        self.hits = hits
        self.kinds = tuple(kind(code, severity) for code in dict.fromkeys(h.code for h in hits))

    def find(self, rows: Rows) -> Iterator[Hit]:
        return iter(self.hits)


def some_rows(count: int = 10) -> Rows:
    record = Chat((Message("user", "Why?"), Message("assistant", "So.")))
    return Rows(
        [
            Row(i, "train", "a.jsonl" if i < 5 else "b.jsonl", i + 1, record, None, Size(20, 10))
            for i in range(count)
        ]
    )


def test_a_row_counts_once_however_often_it_is_hit() -> None:
    rule = Pointing(Hit("odd", 2, "one"), Hit("odd", 2, "two"), Hit("odd", 7, "three"))
    [found] = examine(some_rows(), [rule]).findings
    assert found.count == 2
    assert found.by_file == {"a.jsonl": [3], "b.jsonl": [8]}
    assert found.share_of_trained_tokens == pytest.approx(0.2)
    assert [place.what for place in found.examples] == ["one", "three"]


def test_as_json_every_line_and_the_first_example() -> None:
    rule = Pointing(*(Hit("odd", index, f"row {index}") for index in range(9)))
    [found] = examine(some_rows(), [rule]).as_dict()["findings"]
    assert found["lines"] == list(range(1, 10))
    assert found["example"]["line"] == 1
    assert len(found["examples"]) == 3


def test_the_worst_first_then_the_most() -> None:
    rules = [
        Pointing(*(Hit("seen", i, "x") for i in range(5)), severity="look"),
        Pointing(Hit("few", 0, "x"), severity="hurts"),
        Pointing(Hit("many", 0, "x"), Hit("many", 1, "x"), severity="hurts"),
        Pointing(Hit("bad", 0, "x"), severity="blocks"),
    ]
    found = examine(some_rows(), rules).findings
    assert [finding.code for finding in found] == ["bad", "many", "few", "seen"]


def test_what_blocks_names_lines_and_how_to_go_on() -> None:
    rule = Pointing(Hit("secret", 3, "A key."), severity="blocks")
    found = examine(some_rows(), [rule])
    with pytest.raises(DataError) as caught:
        refuse_if_blocked(found, ())
    assert "a.jsonl line 4" in caught.value.what
    assert "data.allow=secret" in caught.value.fix
    assert caught.value.code == "blocking_findings"
    refuse_if_blocked(found, ("secret",))


def test_all_that_blocks_is_allowed_or_mended_at_once() -> None:
    rules = [
        Pointing(Hit("secret", 3, "A key."), severity="blocks"),
        Pointing(Hit("card", 4, "A card."), severity="blocks"),
        Pointing(Hit("bank", 5, "A bank."), severity="blocks"),
    ]
    with pytest.raises(DataError) as caught:
        refuse_if_blocked(examine(some_rows(), rules), ("bank",), "postgrad data clean a.jsonl")
    assert "2 findings that block training" in caught.value.what
    assert "postgrad data clean a.jsonl\n" in caught.value.fix
    assert "data.allow=bank,card,secret" in caught.value.fix


def test_what_is_allowed_has_to_be_a_finding() -> None:
    doctor.check_allowed(())
    doctor.check_allowed(("secret_api_key", "near_duplicate"))
    with pytest.raises(JobError) as caught:
        doctor.check_allowed(("secret_api_key", "secret_api_keys"))
    assert caught.value.code == "unknown_finding"
    assert caught.value.fix == "Did you mean secret_api_key?"
    with pytest.raises(JobError, match=r"data\.allow") as caught:
        doctor.check_allowed(("all",))
    assert "personal_card, personal_iban, secret_" in caught.value.fix
    own = Pointing(Hit("secret", 3, "A key."), severity="blocks")
    doctor.check_allowed(("secret",), [own])


def test_what_hurts_does_not_block() -> None:
    refuse_if_blocked(examine(some_rows(), [Pointing(Hit("odd", 3, "x"))]), ())


def test_rules_are_told_of_before_they_run() -> None:
    said: list[tuple[str, int, int]] = []
    examine(some_rows(), [Pointing(), Pointing()], lambda *told: said.append(told))
    assert said == [("pointing", 0, 2), ("pointing", 1, 2)]


def test_optional_rules_run_when_named() -> None:
    running = {rule.name for rule in doctor.rules()}
    optional = {rule.name for rule in doctor.rules(sorted(running))} - running
    assert optional == set()
    with pytest.raises(JobError, match="no rule named 'exact_duplicate'"):
        doctor.rules(["exact_duplicate"])


def test_rows_of_files_keep_lines_splits_and_what_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "Why?", "completion": "So."}\nnone\n{"text": 1}\n' * 4)
    job = verbs.load_job(path)
    files = read_files(job.data)
    rows = rows_of(files, estimate, {"a.jsonl:1": "test"})
    assert [row.line for row in rows] == list(range(1, 13))
    assert [row.split for row in rows.readable] == ["test", "train", "train", "train"]
    assert [row.line for row in rows if row.rejection] == [2, 3, 5, 6, 8, 9, 11, 12]
    assert rows.readable[0].prompt == "user\x1fwhy?"
    assert rows.readable[0].size.taught >= 1
