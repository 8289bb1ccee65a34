"""Paired statistics: what may be concluded from two models' scores on the same rows.

All differences are tuned - base, in the units of the scores. Right or wrong: exact McNemar.
Everything else: paired bootstrap. Nothing here knows a metric, a model or a file.

Two deviations from the textbook bootstrap, both towards saying less:

* The resampled differences are widened by k = sqrt(g / (g - 1)) x t / z (g independent groups, t
  and z the quantiles of Student's and the normal distribution): the plain percentile interval is
  too narrow for small samples. Source: Hesterberg 2015, "What Teachers Should Know About the
  Bootstrap", The American Statistician 69(4), on the expanded percentile interval.
* With m groups that differ at all, p is at least 2^(1 - m), the least that any exact test of
  paired signs can reach; an interval that such a p forbids to leave out zero is drawn out to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

Floats = NDArray[np.float64]
Interval = tuple[float, float]
WeightedStatistic = Callable[[Floats], Floats]
"""From weights_RN, how often each of N items was drawn in each of R resamples, to R values."""

SIGNIFICANCE = 0.05
FALSE_DISCOVERIES = 0.10
"""q of Benjamini and Hochberg where many things are looked at that nobody named before: one in ten
of those that stand out may be chance. Wider than 0.05, because this is where ideas come from."""

FEWEST_SEEDS = 3
"""Trainings from which a recipe is spoken of: two tell hardly anything of their spread (Student's t
has one degree of freedom then, and its 95 % quantile is 12.7)."""

FEWEST_TO_TELL = 6
"""Items (or clusters) that must change before any paired test can tell a direction at 0.05: five
that all change alike have p = 2 / 2^5."""

POWER = 0.80
"""Cohen 1988, chapter 2: four chances in five of seeing an effect that is there."""

MDE_TOLERANCE = 0.0005
"""A twentieth of a point: what is shown has one decimal."""

CHUNK = 1_000_000
"""Draws held at once: an index and a weight of 8 bytes each, and copies of them, stay < 50 MB."""


class Resampled(NamedTuple):
    """What a bootstrap says of a difference, in the units of the scores."""

    interval: Interval
    p_value: float
    standard_error: float


def mcnemar_exact(base_right: ArrayLike, tuned_right: ArrayLike) -> float:
    """Two-sided p of McNemar's exact test on items marked right (1) or wrong (0).

    p = min(1, 2 P(X <= min(b, c))), X ~ Binomial(b + c, 1/2); b items broke, c were fixed.
    1.0 where no item changed. Source: McNemar 1947; exact conditional form: Fagerland, Lydersen
    and Laake 2013, BMC Medical Research Methodology 13:91. Their mid-p form sees a little more;
    the exact one is kept because it never claims more often than its level.
    """
    fixed, broken = discordant(base_right, tuned_right)
    if fixed + broken == 0:
        return 1.0
    tail = float(special.bdtr(min(fixed, broken), fixed + broken, 0.5))
    return min(1.0, 2 * tail)


def discordant(base_right: ArrayLike, tuned_right: ArrayLike) -> tuple[int, int]:
    """Counts of items (fixed, broken): wrong then right, and right then wrong."""
    before, after = np.asarray(base_right) > 0.5, np.asarray(tuned_right) > 0.5
    return int(np.sum(~before & after)), int(np.sum(before & ~after))


def paired_bootstrap(
    base: ArrayLike,
    tuned: ArrayLike,
    resamples: int,
    seed: int,
    *,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Resampled:
    """Percentile interval and two-sided p of the mean difference, by resampling items.

    p = 2 (1 + count) / (1 + resamples), count being the resampled differences on the far side of
    zero or on it, with the floor of this module; never 0. Source: Efron and Tibshirani 1993,
    chapters 13 and 16; the +1: Phipson and Smyth 2010.

    Args:
        clusters: a name for each item; items of one name (one document, one template) are drawn
            together, as Miller 2024 (arXiv 2411.00640, section 2.2) asks. None: each its own.
    """
    deltas = np.asarray(tuned, dtype=np.float64) - np.asarray(base, dtype=np.float64)
    groups = _group_numbers(clusters, len(deltas))
    sums = np.bincount(groups, weights=deltas)
    sizes = np.bincount(groups).astype(np.float64)
    return _bootstrap(
        lambda weights_RG: (weights_RG @ sums) / (weights_RG @ sizes),
        num_groups=len(sums),
        num_differing=int(np.count_nonzero(sums)),
        resamples=resamples,
        seed=seed,
        confidence=confidence,
    )


def paired_bootstrap_of(
    statistic: WeightedStatistic,
    n: int,
    resamples: int,
    seed: int,
    *,
    num_differing: int | None = None,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Resampled:
    """`paired_bootstrap` for a difference of set-level metrics, such as macro-F1.

    Args:
        statistic: maps weights_RN to R differences tuned - base.
        n: items.
        num_differing: items (or clusters) on which the models differ; None: all of them.
    """
    groups = _group_numbers(clusters, n)
    num_groups = int(groups.max()) + 1
    return _bootstrap(
        lambda weights_RG: statistic(weights_RG[:, groups]),
        num_groups=num_groups,
        num_differing=num_groups if num_differing is None else num_differing,
        resamples=resamples,
        seed=seed,
        confidence=confidence,
    )


def hierarchical_bootstrap(
    statistic: WeightedStatistic,
    n: int,
    resamples: int,
    seed: int,
    *,
    num_differing: int | None = None,
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Resampled:
    """Interval and p of a mean difference over trainings and items, by resampling both.

    delta* = sum_s w_s delta_s + sum_s u_s (D_s(v) - delta_s). delta_s is what training s gives on
    all items, D_s(v) on items drawn v times; u_s is how often the training was drawn, as a share,
    and w_s the same widened for few trainings about 1 / S as this module widens for few items.
    Both sources of chance count: which items were asked, and which seeds were trained. Seeds and
    items are crossed, each item being asked of each training, so they are drawn apart (the
    "pigeonhole" bootstrap: Owen 2007, Annals of Applied Statistics 1(2)). Why both: Miller 2024,
    arXiv 2411.00640. Three seeds tell of their spread by Student's t: theirs is taken as normal.
    p is that of Student's t, the two variances added, with Welch and Satterthwaite's degrees of
    freedom (resampling three seeds can't tell a chance of 0.01), with the floor of this module.

    Args:
        statistic: maps weights_RN to differences of shape (R, S), S trainings, at least two.
        n: items.
        num_differing: items (or clusters) on which base and tuned differ; None: all of them.
        clusters: as in `paired_bootstrap`.
    """
    groups = _group_numbers(clusters, n)
    num_groups = int(groups.max()) + 1
    delta_S = statistic(np.ones((1, n)))[0]
    num_seeds = len(delta_S)
    delta = float(delta_S.mean())
    # a stream of its own: the items are drawn from the seed itself
    seeds = np.random.default_rng([seed, num_seeds])
    by_items, by_seeds = _widening(num_groups, confidence), _widening(num_seeds, confidence)
    of_items: list[Floats] = []
    of_seeds: list[Floats] = []
    for weights_RG in _weights(num_groups, resamples, seed):
        drawn_RS = seeds.multinomial(num_seeds, np.full(num_seeds, 1 / num_seeds), len(weights_RG))
        shares_RS = drawn_RS / num_seeds
        of_items.append((shares_RS * (statistic(weights_RG[:, groups]) - delta_S)).sum(1))
        of_seeds.append(shares_RS @ delta_S - delta)
    items_R, seeds_R = np.concatenate(of_items), np.concatenate(of_seeds)
    differing = num_groups if num_differing is None else num_differing
    drawn = _summary(delta + by_items * items_R + by_seeds * seeds_R, differing, confidence)
    p_value = max(
        _sign_test_floor(differing),
        _welch_p(delta, (float(np.var(items_R)), num_groups), (float(np.var(seeds_R)), num_seeds)),
    )
    return drawn._replace(p_value=min(1.0, p_value))


def _welch_p(delta: float, *sources: tuple[float, int]) -> float:
    """Two-sided p of a mean from (variance of its resampled part, units drawn) of each source."""
    if delta == 0:
        return 1.0
    known = [(var * size / (size - 1), size) for var, size in sources if var > 0 and size > 1]
    total = sum(var for var, _ in known)
    if not total:
        return 0.0  # nothing varies: the floor speaks
    freedom = total**2 / sum(var**2 / (size - 1) for var, size in known)
    return 2 * float(special.stdtr(freedom, -abs(delta) / math.sqrt(total)))


def right_or_wrong_interval(
    base_right: ArrayLike,
    tuned_right: ArrayLike,
    resamples: int,
    seed: int,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Interval of the difference of two shares of right answers, in shares.

    The paired bootstrap's, except where it is blind because it can only draw what was seen:

    * So few items changed that no test could tell a direction (at 95 %: fewer than six): from
      the bounds of the two shares, of items fixed and of items broken (`_from_the_shares`).
      Without any change in 100 items: up to 3.6 points either way.
    * Every item changed in the same direction: from the Clopper-Pearson lower bound of that share
      to 1 (mirrored for a loss).
    """
    n = len(np.asarray(base_right))
    fixed, broken = discordant(base_right, tuned_right)
    if _sign_test_floor(fixed + broken) > 1 - confidence:
        return _from_the_shares(fixed, broken, n, confidence)
    if fixed == n:
        return clopper_pearson(n, n, confidence)
    if broken == n:
        return -1.0, -clopper_pearson(n, n, confidence)[0]
    low, high = paired_bootstrap(
        base_right, tuned_right, resamples=resamples, seed=seed, confidence=confidence
    ).interval
    return max(-1.0, low), min(1.0, high)


def _from_the_shares(fixed: int, broken: int, n: int, confidence: float) -> Interval:
    """Interval of the share fixed less the share broken, from Clopper-Pearson bounds of each.

    Each end is one share's bound less the other's, at half of what that end may miss (Bonferroni);
    with nothing fixed, the lower end is the bound of the share broken alone, at all of it, and the
    other way round. It holds zero while so few changed that no test tells a direction. Enumerated
    over 10, 40, 100 and 300 items and a grid of both shares, such outcomes missed at most as often
    as one side may: 2.5 % at 95 %.
    """
    halved = (1 + confidence) / 2
    fixed_low, fixed_high = clopper_pearson(fixed, n, halved)
    broken_low, broken_high = clopper_pearson(broken, n, halved)
    low, high = fixed_low - broken_high, fixed_high - broken_low
    if not fixed:
        low = -clopper_pearson(broken, n, confidence)[1]
    if not broken:
        high = clopper_pearson(fixed, n, confidence)[1]
    return low, high


def mean_interval(
    values: ArrayLike, resamples: int, seed: int, *, confidence: float = 0.95
) -> Interval:
    """Interval of the mean of scores within 0 and 1: exact for right or wrong, else by bootstrap.

    Clopper and Pearson's where every score is 0 or 1, which also speaks where all are the same.
    """
    scores = np.asarray(values, dtype=np.float64)
    if np.isin(scores, (0.0, 1.0)).all():
        return clopper_pearson(int(scores.sum()), len(scores), confidence)
    drawn = paired_bootstrap(np.zeros_like(scores), scores, resamples, seed, confidence=confidence)
    low, high = drawn.interval
    return max(0.0, low), min(1.0, high)


def clopper_pearson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Exact two-sided interval of a share: never covers less often than `confidence`.

    Quantiles of Beta(k, n - k + 1) and Beta(k + 1, n - k). Source: Clopper and Pearson 1934.
    """
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(successes, n - successes + 1, tail)) if successes else 0.0
    if successes == n:
        return low, 1.0
    return low, float(special.betaincinv(successes + 1, n - successes, 1 - tail))


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Two-sided score interval of a share; covers about `confidence` on average.

    (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n). Source: Wilson 1927.
    """
    z = _normal_quantile((1 + confidence) / 2)
    share, extra = successes / n, z * z / n
    middle = (share + extra / 2) / (1 + extra)
    half = z * math.sqrt(share * (1 - share) / n + extra / (4 * n)) / (1 + extra)
    return max(0.0, middle - half), min(1.0, middle + half)


def minimum_detectable_effect(n: int, discordance: float) -> float:
    """Smallest true gain in the share of right answers that n items show in 80 % of cases.

    By the power of McNemar's exact test itself (`mcnemar_power`). The usual formula,
    (z_.975 + z_.80) sqrt(discordance / n), promises a little more than the exact test keeps: with
    50 items of which 10 % change it says 12.5 points, and nothing under 15.4 is seen so often.

    Args:
        discordance: share of items, 0..1, that change between right and wrong. A gain can't be
            larger than it: for a larger gain, so many items must change.

    Returns:
        The gain, 0..1; 1 where no gain is seen so often.
    """
    low, high = 0.0, 1.0
    while high - low > MDE_TOLERANCE:
        gain = (low + high) / 2
        if mcnemar_power(n, max(discordance, gain), gain) < POWER:
            low = gain
        else:
            high = gain
    return high


def mcnemar_power(
    n: int, discordance: float, gain: float, significance: float = SIGNIFICANCE
) -> float:
    """How often McNemar's exact test finds a true gain: p below the level, and in its direction.

    sum over m of Bin(m; n, d) P(broken <= c(m) | m), where broken ~ Bin(m, (d - g) / 2 d) and c(m)
    is the largest count with 2 P(X <= c) < level, X ~ Bin(m, 1/2). Source: Duffy 1984, "Asymptotic
    and exact power for the McNemar test", Biometrics 40(4).

    Args:
        n: items.
        discordance: d, the share of items that change; at least the gain.
        gain: g, the true difference of the shares.
    """
    changed_M = np.arange(n + 1)
    before = special.bdtr(np.maximum(changed_M - 1, 0), n, discordance)
    weights_M = special.bdtr(changed_M, n, discordance) - np.where(changed_M > 0, before, 0.0)
    likely = weights_M > 1e-12
    changed_M, weights_M = changed_M[likely], weights_M[likely]
    # the largest count of broken items that the test still calls a gain; -1: none
    most_M = np.floor(special.bdtrik(significance / 2, changed_M, 0.5))
    most_M[special.bdtr(0, changed_M, 0.5) >= significance / 2] = -1
    share = (discordance - gain) / (2 * discordance) if discordance else 0.5
    found_M = np.where(most_M >= 0, special.bdtr(np.maximum(most_M, 0), changed_M, share), 0.0)
    return float(weights_M @ found_M)


def minimum_detectable_effect_continuous(n: int, sd_of_deltas: float) -> float:
    """Smallest true mean difference that n items show in 80 % of cases, in units of the scores.

    (z_.975 + z_.80) sd / sqrt(n). Source: Cohen 1988, chapter 2, for paired means.
    """
    return effect_from_error(sd_of_deltas / math.sqrt(n))


def effect_from_error(standard_error: float) -> float:
    """Smallest true difference seen in 80 % of cases, from the standard error of the difference."""
    return (_normal_quantile(1 - SIGNIFICANCE / 2) + _normal_quantile(POWER)) * standard_error


def chance_of_as_many(chances: Sequence[float], num: int) -> float:
    """How likely at least `num` of independent events are, each with its own chance.

    The upper tail of the Poisson binomial distribution, by convolution.
    """
    shares = np.ones(1)
    for chance in chances:
        shares = np.convolve(shares, [1 - chance, chance])
    return min(1.0, float(shares[num:].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: each below a level with at most that chance of any wrong claim.

    The i-th smallest of k becomes the largest of (k - j + 1) p_j over j <= i. Source: Holm 1979.
    """
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: of those below a level q, at most a share q is wrong on average.

    The i-th smallest of k becomes the smallest of k p_j / j over j >= i. For looking around among
    many questions, not for claims. Holds where the tests are independent or rise and fall
    together. Source: Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001, theorem 1.2.
    """
    adjusted = [1.0] * len(p_values)
    lowest = 1.0
    by_size = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, place in reversed(list(enumerate(by_size, start=1))):
        lowest = min(lowest, len(p_values) * p_values[place] / rank)
        adjusted[place] = lowest
    return adjusted


def _bootstrap(
    statistic: WeightedStatistic,
    *,
    num_groups: int,
    num_differing: int,
    resamples: int,
    seed: int,
    confidence: float,
) -> Resampled:
    delta = float(statistic(np.ones((1, num_groups)))[0])
    drawn = np.concatenate([statistic(w) for w in _weights(num_groups, resamples, seed)])
    widened = delta + _widening(num_groups, confidence) * (drawn - delta)
    return _summary(widened, num_differing, confidence)


def _summary(widened: Floats, num_differing: int, confidence: float) -> Resampled:
    """Interval, p and standard error of widened differences, with the floor of this module."""
    tail = (1 - confidence) / 2
    low, high = (float(edge) for edge in np.quantile(widened, (tail, 1 - tail)))
    far_side = min(int(np.sum(widened <= 0)), int(np.sum(widened >= 0)))
    floor = _sign_test_floor(num_differing)
    p_value = min(1.0, max(floor, 2 * (far_side + 1) / (len(widened) + 1)))
    if floor > 1 - confidence:
        low, high = min(low, 0.0), max(high, 0.0)
    return Resampled((low, high), p_value, float(np.std(widened)))


def _weights(num_groups: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each group is drawn, (resamples, groups) in chunks."""
    generator = np.random.default_rng(seed)
    step = max(1, CHUNK // num_groups)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = generator.integers(num_groups, size=(rows, num_groups))
        drawn += num_groups * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * num_groups)
        yield counts.reshape(rows, num_groups).astype(np.float64)


def _widening(num_groups: int, confidence: float) -> float:
    if num_groups < 2:
        return 1.0  # one group has no spread to widen; the floor of p speaks for it
    upper = (1 + confidence) / 2
    t = float(special.stdtrit(num_groups - 1, upper))
    return math.sqrt(num_groups / (num_groups - 1)) * t / _normal_quantile(upper)


def _sign_test_floor(num_differing: int) -> float:
    return 2.0 ** (1 - num_differing)


def _group_numbers(clusters: Sequence[Hashable] | None, n: int) -> NDArray[np.intp]:
    if clusters is None:
        return np.arange(n, dtype=np.intp)
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in clusters], dtype=np.intp)


def _normal_quantile(share: float) -> float:
    return float(special.ndtri(share))
