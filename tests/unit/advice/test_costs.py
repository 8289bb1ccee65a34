"""Seconds, memory, energy and money by arithmetic that can be done on paper."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgrad.advice import costs, duration, memory
from postgrad.advice.memory import Estimate, Parts
from postgrad.advice.prices import MACHINES, Prices, ThisMachine

LLAMA = duration.Workload(
    linear_parameters=106_200_000,
    adapter_parameters=4_884_480,
    layers=30,
    hidden_size=576,
    vocabulary=49_152,
    full=False,
    tokens_per_row=512,
    taught_share=0.4,
)
DEMAND = costs.Demand(
    work=LLAMA,
    computed_tokens=100_000,
    parts=400,
    read_tokens=50_000,
    taught_tokens=20_000,
    written_tokens=10_000,
    passes=500,
    part_tokens=2048,
    parameters=134_500_000,
)
PARTS = Parts(
    weights=538,
    adapter=20,
    gradients=20,
    optimizer=40,
    activations=1000,
    head=60,
    layer=30,
    framework=500,
    reading=600,
    answering=700,
    accumulates=False,
)


def test_flop_of_a_token_are_those_of_the_literature() -> None:
    """552 and 758 million for SmolLM2-135M at 512 tokens, 40 % of them taught: 2 P = 212.4, 2 H V =
    56.6 and A = 17.7 million, put into the formula by hand."""
    assert duration.training_flop_per_token(LLAMA) == pytest.approx(552e6, rel=0.002)
    full = dataclasses.replace(LLAMA, full=True, adapter_parameters=0)
    assert duration.training_flop_per_token(full) == pytest.approx(758e6, rel=0.002)


def test_training_a_model_from_scratch() -> None:
    """70 billion parameters: 1.4 trillion tokens and 5.9e23 operations (arXiv:2203.15556)."""
    assert costs.scratch_tokens(70_000_000_000) == 1_400_000_000_000
    assert costs.scratch_flop(70_000_000_000) == pytest.approx(5.88e23)


def test_the_most_that_is_held_at_once() -> None:
    assert PARTS.training == 538 + 20 + 40 + 1000 + 60
    assert PARTS.total == 500 + PARTS.training
    accumulated = dataclasses.replace(PARTS, accumulates=True)
    assert accumulated.training == PARTS.training + 20
    many_answers = dataclasses.replace(PARTS, answering=5000)
    assert many_answers.total == 500 + 538 + 20 + 5000
    long_texts = dataclasses.replace(PARTS, reading=6000, answering=5000)
    assert long_texts.total == 500 + 538 + 20 + 6000
    whole_weights = dataclasses.replace(PARTS, adapter=0, gradients=2000, optimizer=4000)
    assert whole_weights.training == 538 + 4000 + 2000 + 30


def test_what_was_measured_counts_more_than_what_was_counted() -> None:
    counted, measured = memory.total(PARTS), memory.total(PARTS, 2400)
    assert measured.value == 2400
    assert PARTS.total <= counted.low < counted.value < counted.high
    assert measured.high / measured.low < counted.high / counted.low
    assert memory.total(PARTS, 900).value == 500 + 538 + 20 + 700  # the test holds more


@given(st.floats(1, 1e6), st.floats(0.01, 10), st.floats(1, 2000))
def test_money_is_power_times_time_or_rent_times_time(
    seconds: float, electricity: float, watts: float
) -> None:
    told = Estimate(seconds, seconds / 2, seconds * 2)
    owned = Prices(electricity=electricity, this_machine=ThisMachine(watts=watts))
    found = costs.here(told, Estimate(2e9, 1e9, 3e9), 4e9, 1e7, 2, owned)
    assert found["kilowatt_hours"]["value"] == pytest.approx(watts * seconds / 3.6e6)
    assert found["money"]["value"] == pytest.approx(electricity * watts * seconds / 3.6e6)
    rented = Prices(this_machine=ThisMachine(watts=watts, per_hour=3))
    found = costs.here(told, Estimate(2e9, 1e9, 3e9), 4e9, 1e7, 2, rented)
    assert found["money"]["value"] == pytest.approx(3 * seconds / 3600)
    for each in (found["money"], found["kilowatt_hours"], found["seconds"]):
        assert each["low"] < each["value"] < each["high"]


def test_a_gpu_of_which_nothing_is_known_costs_nobody_knows_what() -> None:
    told = Estimate(100, 50, 200)
    found = costs.here(told, told, None, 1e7, None, Prices())
    assert found["kilowatt_hours"] is None
    assert found["money"] is None
    assert found["fits"]
    assert not costs.here(told, told, 150, 1e7, None, Prices())["fits"]


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_elsewhere(machine) -> None:
    small, huge = Estimate(1e9, 1e9, 1e9), Estimate(1e12, 1e12, 1e12)
    found = costs.elsewhere(DEMAND, machine, small, None, Prices())
    assert found["fits"]
    assert not costs.elsewhere(DEMAND, machine, huge, None, Prices())["fits"]
    for each in (found, found["from_scratch"]):
        for key in ("seconds", "kilowatt_hours", "money"):
            assert 0 < each[key]["low"] < each[key]["value"] < each[key]["high"]
    assert found["from_scratch"]["seconds"]["value"] > 100 * found["seconds"]["value"]


def test_a_processor_is_as_efficient_as_this_one_was_seen_to_be() -> None:
    laptop, gpu = MACHINES[0], MACHINES[-1]
    slow, quick = (costs.speed_of(laptop, 30, False, share) for share in (0.4, 0.8))
    assert quick.flop_per_second == 2 * slow.flop_per_second
    assert costs.speed_of(gpu, 30, False, 0.4) == costs.speed_of(gpu, 30, False, None)
    # weights that are trained themselves are float32, which tensor cores don't take
    full = costs.speed_of(gpu, 30, True, None)
    assert full.flop_per_second < costs.speed_of(gpu, 30, False, None).flop_per_second / 10
