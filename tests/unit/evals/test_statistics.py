"""Paired statistics against scipy, hand tables and simulated data."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, bootstrap, false_discovery_control, multinomial

from postgrad.evals import statistics

COUNTS = st.integers(0, 40)
MARKS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
SCORES = st.floats(0, 1)


def marks(fixed: int, broken: int, same: int = 0) -> tuple[list[int], list[int]]:
    base = [0] * fixed + [1] * broken + [1] * same
    tuned = [1] * fixed + [0] * broken + [1] * same
    return base, tuned


@given(COUNTS, COUNTS, st.integers(0, 5))
def test_mcnemar_is_the_binomial_test(fixed: int, broken: int, same: int) -> None:
    expected = binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0
    assert statistics.mcnemar_exact(*marks(fixed, broken, same)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("fixed", "broken", "p"),
    # By hand: 2 x sum of C(n, i) / 2^n over i <= min(b, c), at most 1.
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 2 / 32),
        (6, 0, 2 / 64),
        (1, 7, 18 / 256),
        (3, 3, 1.0),
        (10, 2, 2 * (1 + 12 + 66) / 4096),
    ],
)
def test_mcnemar_by_hand(fixed: int, broken: int, p: float) -> None:
    assert statistics.mcnemar_exact(*marks(fixed, broken)) == pytest.approx(p)


def test_discordant() -> None:
    assert statistics.discordant([0, 0, 1, 1], [1, 0, 0, 1]) == (1, 1)


@given(st.lists(st.tuples(SCORES, SCORES), min_size=1, max_size=30), st.integers(0, 5))
def test_bootstrap_is_sane_and_mirrored(pairs: list[tuple[float, float]], seed: int) -> None:
    base, tuned = zip(*pairs, strict=True)
    found = statistics.paired_bootstrap(base, tuned, 200, seed)
    mirrored = statistics.paired_bootstrap(tuned, base, 200, seed)
    low, high = found.interval
    delta = float(np.mean(tuned) - np.mean(base))
    assert all(map(math.isfinite, (low, high, found.p_value, found.standard_error)))
    assert low - 1e-9 <= delta <= high + 1e-9 or len(pairs) > 2
    assert 0 < found.p_value <= 1
    assert mirrored.interval == pytest.approx((-high, -low), abs=1e-9)
    assert mirrored.p_value == pytest.approx(found.p_value)


def test_bootstrap_agrees_with_scipy() -> None:
    deltas = np.random.default_rng(0).normal(0.1, 0.3, 200)
    mine = statistics.paired_bootstrap(np.zeros(200), deltas, 5000, 0)
    theirs = bootstrap((deltas,), np.mean, n_resamples=5000, method="percentile", rng=1)
    expected = (theirs.confidence_interval.low, theirs.confidence_interval.high)
    assert mine.interval == pytest.approx(expected, abs=0.004)
    assert mine.standard_error == pytest.approx(theirs.standard_error, rel=0.05)


def test_the_same_seed_draws_the_same() -> None:
    base, tuned = np.random.default_rng(0).random((2, 50))
    assert statistics.paired_bootstrap(base, tuned, 500, 3) == statistics.paired_bootstrap(
        base, tuned, 500, 3
    )
    assert statistics.paired_bootstrap(base, tuned, 500, 3) != statistics.paired_bootstrap(
        base, tuned, 500, 4
    )


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    base, tuned = np.random.default_rng(0).random((2, 40))
    whole = statistics.paired_bootstrap(base, tuned, 300, 0)
    monkeypatch.setattr(statistics, "CHUNK", 100)
    assert statistics.paired_bootstrap(base, tuned, 300, 0).interval == pytest.approx(
        whole.interval, abs=1e-12
    )


@pytest.mark.parametrize(("n", "least"), [(1, 1.0), (2, 0.5), (5, 0.0625), (6, 0.03125)])
def test_few_items_prove_nothing(n: int, least: float) -> None:
    found = statistics.paired_bootstrap([0.0] * n, [0.5] * n, 1000, 0)
    assert found.p_value == pytest.approx(max(least, 2 / 1001))
    assert (found.interval[0] <= 0) == (n < 6)


def test_no_difference_at_all() -> None:
    found = statistics.paired_bootstrap([0.3] * 9, [0.3] * 9, 1000, 0)
    assert found.interval == (0, 0)
    assert found.p_value == 1


def test_clusters_of_one_change_nothing_and_copies_add_nothing() -> None:
    base, tuned = np.random.default_rng(1).random((2, 30))
    alone = statistics.paired_bootstrap(base, tuned, 1000, 0)
    named = statistics.paired_bootstrap(base, tuned, 1000, 0, clusters=list(range(30)))
    assert named == alone
    # Ten copies of each row are no new evidence: by cluster the interval stays as wide.
    copies = statistics.paired_bootstrap(
        np.repeat(base, 10), np.repeat(tuned, 10), 1000, 0, clusters=list(np.repeat(range(30), 10))
    )
    assert copies.interval == pytest.approx(alone.interval)
    naive = statistics.paired_bootstrap(np.repeat(base, 10), np.repeat(tuned, 10), 1000, 0)
    assert naive.standard_error < alone.standard_error / 2


def test_set_level_bootstrap_of_the_mean_is_the_plain_one() -> None:
    base, tuned = np.random.default_rng(2).random((2, 25))
    plain = statistics.paired_bootstrap(base, tuned, 800, 5)
    general = statistics.paired_bootstrap_of(lambda w: w @ (tuned - base) / 25, 25, 800, 5)
    assert general.interval == pytest.approx(plain.interval)
    assert general.p_value == plain.p_value


@pytest.mark.parametrize("n", [20, 60, 200])
def test_coverage(n: int) -> None:
    """The 95 % interval holds the truth in 92 to 98 of 100 simulated tests."""
    generator = np.random.default_rng(n)
    hits, simulations, truth = 0, 400, 0.1
    for seed in range(simulations):
        deltas = generator.beta(2, 5, n) - 2 / 7 + truth + generator.normal(0, 0.1, n)
        low, high = statistics.paired_bootstrap(np.zeros(n), deltas, 600, seed).interval
        hits += low <= truth <= high
    assert 0.92 <= hits / simulations <= 0.98


@pytest.mark.parametrize(("n", "fixed", "broken"), [(60, 0.3, 0.1), (200, 0.05, 0.05)])
def test_coverage_of_right_or_wrong(n: int, fixed: float, broken: float) -> None:
    generator = np.random.default_rng(7)
    hits, simulations = 0, 400
    for seed in range(simulations):
        deltas = generator.choice([1, -1, 0], n, p=[fixed, broken, 1 - fixed - broken])
        low, high = statistics.right_or_wrong_interval(deltas < 0, deltas > 0, 600, seed)
        hits += low <= fixed - broken <= high
    assert 0.92 <= hits / simulations <= 0.985


def test_right_or_wrong_interval_where_nothing_changed() -> None:
    low, high = statistics.right_or_wrong_interval([1] * 100, [1] * 100, 1000, 0)
    assert high == pytest.approx(1 - 0.025 ** (1 / 100))
    assert low == -high


@pytest.mark.parametrize(("fixed", "broken"), [(5, 0), (0, 5), (2, 3), (1, 0)])
def test_right_or_wrong_interval_with_few_changes_holds_zero(fixed: int, broken: int) -> None:
    low, high = statistics.right_or_wrong_interval(*marks(fixed, broken, 95), 1000, 0)
    assert low < 0 < high
    assert low <= (fixed - broken) / 100 <= high


@given(st.integers(6, 300), st.integers(0, 5), st.data())
def test_few_changes_tell_what_they_can(n: int, broken: int, data: st.DataObject) -> None:
    """Never wider than the share of items that change, and narrower towards what was not seen."""
    fixed = data.draw(st.integers(0, 5 - broken))
    low, high = statistics.right_or_wrong_interval(*marks(fixed, broken, n - fixed - broken), 1, 0)
    _, most = statistics.clopper_pearson(fixed + broken, n)
    assert -most <= low < 0 < high <= most
    mirrored = statistics.right_or_wrong_interval(*marks(broken, fixed, n - fixed - broken), 1, 0)
    assert mirrored == pytest.approx((-high, -low))
    if broken and not fixed:
        assert (low, high) < (-high, -low)
        assert high < most


@pytest.mark.parametrize("n", [12, 50])
def test_few_changes_hold_the_truth(n: int) -> None:
    """By enumeration: of all outcomes with few changes, what misses weighs at most half of 5 %."""
    outcomes = [(fixed, broken) for fixed in range(6) for broken in range(6 - fixed)]
    intervals = {
        each: statistics.right_or_wrong_interval(*marks(*each, n - sum(each)), 1, 0)
        for each in outcomes
    }
    for fixed, broken in itertools.product([0, 0.3 / n, 1 / n, 3 / n, 5.3 / n], repeat=2):
        missed = sum(
            float(multinomial.pmf([*each, n - sum(each)], n, [fixed, broken, 1 - fixed - broken]))
            for each, (low, high) in intervals.items()
            if not low - 1e-12 <= fixed - broken <= high + 1e-12
        )
        assert missed <= 0.025 + 1e-9


def test_right_or_wrong_interval_where_all_changed() -> None:
    low, high = statistics.right_or_wrong_interval([0] * 20, [1] * 20, 1000, 0)
    assert (low, high) == pytest.approx((0.025 ** (1 / 20), 1))
    assert statistics.right_or_wrong_interval([1] * 20, [0] * 20, 1000, 0) == pytest.approx(
        (-high, -low)
    )


@given(MARKS)
def test_right_or_wrong_interval_is_sane(pairs: list[tuple[bool, bool]]) -> None:
    base, tuned = zip(*pairs, strict=True)
    low, high = statistics.right_or_wrong_interval(base, tuned, 200, 0)
    assert -1 <= low <= high <= 1


@given(st.integers(0, 40), st.floats(0, 1), st.data())
def test_as_many_by_chance(n: int, chance: float, data: st.DataObject) -> None:
    num = data.draw(st.integers(0, n))
    found = statistics.chance_of_as_many([chance] * n, num)
    assert found == pytest.approx(float(binom.sf(num - 1, n, chance)), abs=1e-9)


def test_as_many_by_unequal_chances() -> None:
    assert statistics.chance_of_as_many([0.5, 0.25, 0.0], 1) == pytest.approx(1 - 0.5 * 0.75)
    assert statistics.chance_of_as_many([0.5, 0.25, 0.0], 2) == pytest.approx(0.125)


@given(st.integers(1, 200), st.data())
def test_intervals_of_a_share_are_scipys(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    test = binomtest(successes, n)
    for mine, method in ((statistics.clopper_pearson, "exact"), (statistics.wilson, "wilson")):
        expected = test.proportion_ci(method=method)
        assert mine(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("n", "discordance", "gain"), [(60, 0.3, 0.2), (100, 0.2, 0.1)])
def test_mcnemar_power_is_how_often_the_test_finds_a_gain(
    n: int, discordance: float, gain: float
) -> None:
    draw = np.random.default_rng(0)
    shares = [(discordance + gain) / 2, (discordance - gain) / 2, 1 - discordance]
    seen = 0
    for fixed, broken, _ in draw.multinomial(n, shares, size=2000):
        right = np.arange(n) < fixed
        wrong = np.arange(n) >= n - broken
        p_value = statistics.mcnemar_exact(wrong, right)
        seen += p_value < statistics.SIGNIFICANCE and fixed > broken
    assert statistics.mcnemar_power(n, discordance, gain) == pytest.approx(seen / 2000, abs=0.035)


def test_mcnemar_claims_a_gain_that_is_not_there_in_half_of_its_level_at_most() -> None:
    for n in (6, 20, 100, 500):
        assert statistics.mcnemar_power(n, 0.3, 0.0) <= statistics.SIGNIFICANCE / 2


@pytest.mark.parametrize("n", [50, 100, 200, 500, 1000])
def test_minimum_detectable_effect(n: int) -> None:
    """The smallest gain with a power of 80 %; near the formula of Miettinen 1968 where that is
    good."""
    for share in (0.1, 0.2, 0.3):
        effect = statistics.minimum_detectable_effect(n, share)
        below = effect - 2 * statistics.MDE_TOLERANCE
        assert statistics.mcnemar_power(n, max(share, effect), effect) >= statistics.POWER
        assert statistics.mcnemar_power(n, max(share, below), below) < statistics.POWER
        if n >= 200:
            assert effect == pytest.approx(2.8016 * (share / n) ** 0.5, rel=0.04)


@given(st.integers(6, 300), st.floats(0.0, 1.0))
@settings(max_examples=25, deadline=None)
def test_more_items_see_smaller_effects(n: int, discordance: float) -> None:
    few, many = (statistics.minimum_detectable_effect(k, discordance) for k in (n, 4 * n))
    assert 0 < many <= few <= 1


def test_minimum_detectable_effect_is_seen_in_four_of_five_tests() -> None:
    generator = np.random.default_rng(0)
    n, sd, seen = 100, 0.3, 0
    effect = statistics.minimum_detectable_effect_continuous(n, sd)
    for seed in range(300):
        deltas = generator.normal(effect, sd, n)
        seen += statistics.paired_bootstrap(np.zeros(n), deltas, 500, seed).p_value < 0.05
    assert 0.74 <= seen / 300 <= 0.86


def test_effect_is_capped_for_shares() -> None:
    assert statistics.minimum_detectable_effect(1, 1.0) == 1


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm(p_values: list[float]) -> None:
    adjusted = statistics.holm(p_values)
    assert all(p <= found <= 1 for p, found in zip(p_values, adjusted, strict=True))
    by_p = sorted(zip(p_values, adjusted, strict=True))
    assert [found for _, found in by_p] == sorted(found for _, found in by_p)
    if p_values:
        # Never bolder than Benjamini-Hochberg, never shyer than Bonferroni.
        assert np.all(np.array(adjusted) >= false_discovery_control(p_values) - 1e-12)
        assert np.all(
            np.array(adjusted) <= np.minimum(1, len(p_values) * np.array(p_values)) + 1e-12
        )


def test_holm_by_hand() -> None:
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_benjamini_hochberg_is_scipys(p_values: list[float]) -> None:
    found = statistics.benjamini_hochberg(p_values)
    assert found == pytest.approx(list(false_discovery_control(p_values, method="bh")))


def test_benjamini_hochberg_by_hand() -> None:
    assert statistics.benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert statistics.benjamini_hochberg([]) == []
