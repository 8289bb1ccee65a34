"""The price list: every number with its source, and the user's own over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from postgrad.advice.prices import ELECTRICITY, MACHINES, read_prices
from postgrad.errors import JobError


def test_every_machine_tells_where_its_numbers_come_from() -> None:
    assert {machine.kind for machine in MACHINES} == {"cpu", "gpu"}
    assert len({machine.name for machine in MACHINES}) == len(MACHINES)
    for machine in MACHINES:
        assert len(machine.source) > 40
        assert (machine.per_hour is not None) == (machine.kind == "gpu")
    assert read_prices(None).machines == MACHINES


def written(folder: Path, text: str) -> str:
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    found = read_prices(
        written(
            tmp_path,
            "electricity: 0.5\n"
            "this_machine: {watts: 90}\n"
            "machines:\n"
            "  - {name: ours, like: h100, per_hour: 2.1}\n"
            "  - {name: l4, per_hour: 0.6}\n",
        )
    )
    named = {machine.name: machine for machine in found.machines}
    assert (found.currency, found.electricity, found.this_machine.watts) == ("USD", 0.5, 90)
    assert named["ours"].per_hour == 2.1
    assert named["ours"].flop_per_second == named["h100"].flop_per_second
    assert named["h100"].per_hour == 3.78
    assert named["l4"].per_hour == 0.6
    assert list(named) == [*(machine.name for machine in MACHINES), "ours"]


def test_rents_in_another_currency_are_left_out(tmp_path: Path) -> None:
    found = read_prices(written(tmp_path, "currency: EUR\nelectricity: 0.29\n"))
    assert [machine.name for machine in found.machines] == ["laptop", "desktop"]
    assert found.electricity != ELECTRICITY


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("currency: EUR\n", "electricity"),
        ("machines: [{per_hour: 1}]", "no name"),
        ("machines: [{name: a, like: b}]", "like: 'b' is not one of laptop"),
        ("machines: [{name: a, kind: cpu}]", "Field required"),
        ("electricity: free", "electricity: "),
        ("rent: 3", "rent: "),
        ("- 3", ""),
        ("{", ""),
    ],
)
def test_a_list_that_can_not_be_used(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(JobError, match=r"can't be used") as caught:
        read_prices(written(tmp_path, text))
    assert why in caught.value.why
    assert caught.value.code == "bad_prices"


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="can't be read"):
        read_prices(str(tmp_path / "none.yaml"))
