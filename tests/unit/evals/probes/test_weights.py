"""What is told of the matrices: by kind, by depth, layer by layer, and with its caveat."""

from __future__ import annotations

from dataclasses import replace

from postgrad.core.interfaces import Criteria
from postgrad.core.probe import Reading
from postgrad.core.task import Task
from postgrad.evals.probes.weights import CAVEAT, Weights

CRITERIA = Criteria(Task("label", "label_match", (), ""), 0.02, 0.05, 500, 0, False)


def matrices(intruders: bool = True) -> list[Reading]:
    found: list[Reading] = []
    for layer in range(6):
        for kind in ("q_proj", "up_proj"):
            values = {"norm": 10.0, "change": 0.01 * (layer + 1), "stable_rank": 2.0}
            values |= {"effective_rank": 5.0, "possible_rank": 16.0}
            if intruders and layer % 2 == 0:
                values |= {"directions": 10.0, "intruders_0.3": 1.0}
                values |= {"intruders_0.5": 2.0, "intruders_0.7": 4.0}
            detail = {"layer": layer, "kind": kind, "shape": [8, 8]}
            name = f"model.layers.{layer}.{kind}"
            found.append(Reading(name, f"layer {layer}", values, detail=detail))
    outside = {"layer": None, "kind": "embed_tokens", "shape": [99, 8]}
    return [*found, Reading("model.embed_tokens", "", {"norm": 9.0, "change": 0.5}, detail=outside)]


def test_told_by_kind_by_depth_and_by_layer() -> None:
    report = Weights().judge(matrices(), [], CRITERIA).report
    assert report.outcome == "described"
    assert "13 weight matrices moved by 7.1 % of their size" in report.text
    assert "along 5.0 directions each where 16 are possible" in report.text
    assert "12 of 60 are new" in report.text
    kinds, depths, layers = report.tables
    assert kinds.rows[0] == [
        *("q_proj", "6", "3.5 %", "6 %", "2.0", "5.0"),
        *("3 of 30", "6 of 30", "12 of 30"),
    ]
    assert [row[:3] for row in depths.rows] == [
        ["first third", "4", "1.5 %"],
        ["middle third", "4", "3.5 %"],
        ["last third", "4", "5.5 %"],
    ]
    assert layers.folded
    assert layers.columns == ["Layer", "q_proj", "up_proj"]
    assert layers.rows[0] == ["1", "1 %", "1 %"]
    assert len(layers.rows) == 6
    assert report.notes[0] == CAVEAT
    assert "6 of 13 matrices" in report.notes[1]


def test_quick_looks_for_no_new_directions() -> None:
    report = Weights().judge(matrices(False), [], replace(CRITERIA, is_quick=True)).report
    assert "new" not in report.text
    assert "no new directions" in report.notes[1]
    assert not [name for name in report.tables[0].columns if name.startswith("New")]


def test_a_change_without_ranks_can_be_told() -> None:
    report = Weights().judge(matrices()[-1:], [], CRITERIA).report
    assert report.text == (
        "1 weight matrices moved by 50 % of their size in the mean, from 50 % to 50 %."
    )
    assert len(report.tables) == 1
