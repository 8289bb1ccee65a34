"""What training did to a matrix, against full decompositions in double precision."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from families import tiny_model
from postgrad.engine import weights
from postgrad.engine.weights import Change, Factors

SHAPES = st.sampled_from([(12, 12), (30, 8), (8, 30), (6, 20)])
SEEDS = st.integers(0, 10_000)


def matrix(shape: tuple[int, int], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(SHAPES, SEEDS, st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_singular_values_of_a_product_without_forming_it(
    shape: tuple[int, int], seed: int, rank: int
) -> None:
    left_OR, right_RI = matrix((shape[0], rank), seed), matrix((rank, shape[1]), seed + 1)
    wanted = torch.linalg.svdvals(left_OR.double() @ right_RI.double())[:rank]
    found = weights.singular_values(Factors(left_OR, right_RI))
    torch.testing.assert_close(found, wanted)


@given(SHAPES, SEEDS)
@settings(max_examples=30, deadline=None)
def test_singular_values_of_a_dense_matrix(shape: tuple[int, int], seed: int) -> None:
    delta = matrix(shape, seed)
    found = weights.singular_values(delta)
    torch.testing.assert_close(found, torch.linalg.svdvals(delta.double()), rtol=1e-6, atol=1e-6)


@given(SHAPES, SEEDS)
@settings(max_examples=30, deadline=None)
def test_left_vectors_are_those_of_the_decomposition(shape: tuple[int, int], seed: int) -> None:
    weight = matrix(shape, seed)
    left, _, _ = torch.linalg.svd(weight.double(), full_matrices=False)
    found = weights.left_vectors(weight).double()
    cosines = (left * found).sum(0).abs()  # either sign is right
    assert cosines[:3].min() > 0.99


def test_ranks_of_what_is_known() -> None:
    assert weights.effective_rank(torch.ones(4)) == pytest.approx(4)
    assert weights.effective_rank(torch.tensor([1.0, 0.0, 0.0])) == pytest.approx(1)
    assert weights.effective_rank(torch.tensor([0.5, 0.25, 0.25])) == pytest.approx(
        math.exp(1.5 * math.log(2))
    )


def readings(*changes: Change, is_quick: bool = False) -> list[dict[str, float]]:
    found = weights.weigh(tiny_model("llama"), changes, is_quick=is_quick)
    return [dict(reading.values) for reading in found]


def test_an_unchanged_matrix_has_no_new_direction_and_no_rank() -> None:
    weight = matrix((12, 12), 0)
    [values] = readings(Change("model.layers.0.a", weight, torch.zeros(12, 12)))
    assert values == {"norm": pytest.approx(float(weight.norm())), "change": 0.0}


def test_a_strong_new_direction_is_an_intruder() -> None:
    """W has strength in twelve of forty dimensions; what is added lies outside them."""
    weight = torch.zeros(40, 12)
    weight[:12] = torch.diag(torch.linspace(2.0, 1.0, 12))
    left, right = torch.zeros(40, 1), torch.ones(1, 12) / math.sqrt(12)
    left[30] = 50.0
    change = Change("model.layers.0.a", weight, Factors(left, right))
    [values] = readings(change)
    assert values["change"] == pytest.approx(50 / float(weight.norm()))
    assert values["stable_rank"] == pytest.approx(1)
    assert values["effective_rank"] == pytest.approx(1)
    assert values["possible_rank"] == 1
    assert values["directions"] == 10
    assert values["intruders_0.3"] == 1
    dense = Change("model.layers.0.a", weight, left @ right)
    [same] = readings(dense)
    assert same["intruders_0.3"] == 1
    assert same["effective_rank"] == pytest.approx(1, abs=1e-4)
    [quick] = readings(change, is_quick=True)
    assert not [name for name in quick if "intruders" in name]


def test_a_small_change_brings_no_intruder() -> None:
    weight = torch.diag(torch.linspace(12.0, 1.0, 12))
    delta = 1e-3 * matrix((12, 12), 1)
    [values] = readings(Change("model.layers.1.b", weight, delta))
    assert [values[f"intruders_{limit}"] for limit in weights.COSINES] == [0, 0, 0]


def test_large_models_are_looked_at_in_every_so_many_layers() -> None:
    model = tiny_model("llama")
    total = sum(min(p.shape) ** 3 for p in model.parameters() if p.dim() == 2)
    assert weights.stride(model, total) == 1
    assert weights.stride(model, total / 2) == 2
    assert weights.stride(model, total / 1000) is None


def test_what_lies_between_is_measured_by_size_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("llama")
    total = sum(min(p.shape) ** 3 for p in model.parameters() if p.dim() == 2)
    monkeypatch.setattr(weights, "MOST_WORK", total / 2)
    weight = matrix((8, 8), 0)
    changes = [Change(f"model.layers.{n}.a", weight, 0.1 * weight) for n in (0, 1)]
    first, second = readings(*changes, Change("embed", weight, 0.1 * weight))[:2]
    assert [each["change"] for each in (first, second)] == pytest.approx([0.1, 0.1])
    assert "effective_rank" in first
    assert second.keys() == {"norm", "change"}
