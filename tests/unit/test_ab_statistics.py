"""The stratified difference of an A/B test, beside textbooks, other implementations and simulations."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from release.statistics import combined, difference, pooled_median_interval
from release.stratified import (
    Arm,
    Clusters,
    Pair,
    design_effect,
    detectable,
    difference_interval,
    pair,
    student,
)


def greenland_robins(pairs: list[Pair]) -> tuple[float, float]:
    """The Mantel-Haenszel difference and its standard error, as the paper of 1985 writes them."""
    weights = upper = variance = 0.0
    for each in pairs:
        a, n1, b, n0 = (
            each.candidate.events,
            each.candidate.trials,
            each.production.events,
            each.production.trials,
        )
        weights += n1 * n0 / (n1 + n0)
        upper += (a * n0 - b * n1) / (n1 + n0)
        variance += (a * (n1 - a) * n0**3 + b * (n0 - b) * n1**3) / (n1 * n0 * (n1 + n0) ** 2)
    return upper / weights, math.sqrt(variance) / weights


LARGE = [
    Pair(Arm(3_100, 10_000), Arm(26_800, 90_000)),
    Pair(Arm(12_700, 25_000), Arm(37_300, 75_000)),
    Pair(Arm(41_000, 50_000), Arm(40_200, 50_000)),
]

arms = st.tuples(st.integers(0, 400), st.integers(1, 400)).map(lambda n: Arm(float(min(n)), float(max(n))))
pairs_ = st.lists(st.builds(Pair, arms, arms), min_size=1, max_size=5)


def test_of_many_requests_the_interval_is_that_of_mantel_haenszel_with_greenland_and_robins_variance() -> (
    None
):
    difference_, error = greenland_robins(LARGE)
    low, high = difference_interval(LARGE, 0.95)
    assert (low + high) / 2 == pytest.approx(difference_, abs=1e-5)
    assert (high - low) / 2 == pytest.approx(stats.norm.ppf(0.975) * error, rel=2e-3)


def test_of_one_step_it_is_the_hybrid_score_interval_of_the_judge() -> None:
    found = difference_interval([Pair(Arm(56, 70), Arm(48, 80))], 0.95)
    assert found == pytest.approx(difference(56, 70, 48, 80, 0.95), abs=1e-12)


def test_shares_that_drift_while_the_challengers_part_grows_do_not_pass_for_a_difference() -> None:
    # Equal in every step; of all requests put together the challenger has 57 %, production 36 %.
    drifting = [
        Pair(Arm(0.2 * 10_000, 10_000), Arm(0.2 * 90_000, 90_000)),
        Pair(Arm(0.7 * 50_000, 50_000), Arm(0.7 * 50_000, 50_000)),
    ]
    low, high = difference_interval(drifting, 0.99)
    assert low < 0 < high
    assert high - low < 0.02


def test_where_nothing_happened_the_interval_still_has_a_width() -> None:
    low, high = difference_interval([Pair(Arm(0, 500), Arm(0, 500)), Pair(Arm(0, 500), Arm(0, 500))], 0.95)
    assert low < -0.003
    assert high > 0.003


@settings(max_examples=40)
@given(pairs_, st.randoms())
def test_the_order_of_the_steps_does_not_matter(pairs: list[Pair], random: Random) -> None:
    other = list(pairs)
    random.shuffle(other)
    assert difference_interval(other, 0.95) == pytest.approx(difference_interval(pairs, 0.95), abs=1e-12)


@settings(max_examples=40)
@given(pairs_)
def test_swapping_the_variants_mirrors_the_interval(pairs: list[Pair]) -> None:
    low, high = difference_interval(pairs, 0.95)
    mirrored = difference_interval([Pair(each.production, each.candidate) for each in pairs], 0.95)
    assert mirrored == pytest.approx((-high, -low), abs=1e-12)


@settings(max_examples=40)
@given(pairs_, st.integers(2, 5))
def test_more_of_the_same_steps_never_widens_the_interval(pairs: list[Pair], times: int) -> None:
    low, high = difference_interval(pairs, 0.95)
    more_low, more_high = difference_interval(pairs * times, 0.95)
    assert more_high - more_low <= high - low + 1e-12


@settings(max_examples=40)
@given(pairs_)
def test_the_interval_has_the_difference_and_lies_where_differences_can(pairs: list[Pair]) -> None:
    low, high = difference_interval(pairs, 0.95)
    assert -1 - 1e-9 <= low <= greenland_robins(pairs)[0] + 1e-9
    assert greenland_robins(pairs)[0] - 1e-9 <= high <= 1 + 1e-9


def test_an_interval_of_one_part_is_its_own_and_a_negative_factor_turns_it() -> None:
    assert combined([(1.0, 0.3, (0.2, 0.5))]) == pytest.approx((0.2, 0.5))
    assert combined([(-2.0, 0.3, (0.2, 0.5))]) == pytest.approx((-1.0, -0.4))


def spread(counts: list[float], requests: float = 100) -> dict[int, tuple[float, float]]:
    return {minute: (count, requests) for minute, count in enumerate(counts)}


def test_events_of_one_burst_count_as_fewer_and_events_one_by_one_as_they_are() -> None:
    still = spread([1.0] * 120)
    burst = spread([0.0] * 60 + [30.0] * 4 + [0.0] * 56)
    assert design_effect([pair(still, still)], 0.95) == 1
    assert design_effect([pair(burst, still)], 0.95) > 50


def test_what_befalls_both_variants_alike_takes_nothing_away() -> None:
    both = spread([1.0] * 60 + [80.0] * 10 + [1.0] * 50)
    assert design_effect([pair(both, both)], 0.95) == 1


def test_a_step_without_events_or_with_one_minute_has_no_design_effect() -> None:
    assert design_effect([pair(spread([0.0] * 60), spread([0.0] * 60))], 0.95) == 1
    assert design_effect([pair(spread([3.0]), spread([5.0]))], 0.95) >= 1
    assert design_effect([Pair(Arm(3, 10), Arm(2, 10))], 0.95) == 1


@pytest.mark.parametrize("freedom", [5, 9, 20, 27, 100])
@pytest.mark.parametrize("level", [0.9, 0.975, 0.995])
def test_students_quantile_is_that_of_scipy(freedom: float, level: float) -> None:
    found = student(float(stats.norm.ppf(level)), freedom)
    assert found == pytest.approx(stats.t.ppf(level, freedom), rel=1e-2)


def test_the_effect_that_is_found_with_a_power_is_that_of_the_textbook() -> None:
    # Two samples of n: (1.96 + 0.8416) sqrt(2 p (1 - p) / n); the share is moved a little to a half.
    found = detectable([Pair(Arm(10_000, 100_000), Arm(10_000, 100_000))], 0.95, 0.8)
    assert found == pytest.approx(2.8016 * math.sqrt(2 * 0.09 / 100_000), rel=1e-3)


def test_bursts_make_only_larger_effects_findable() -> None:
    calm = Pair(Arm(100, 1_000), Arm(100, 1_000))
    wild = Pair(calm.candidate, calm.production, (Clusters(4 * calm.variance, 1_000),) * 3)
    ratio = detectable([wild], 0.95, 0.8) / detectable([calm], 0.95, 0.8)
    assert ratio == pytest.approx(2, rel=0.02)


SMALL = Pair(Arm(300, 1_000), Arm(900, 9_000))
BURSTS = replace(SMALL, clustered=(Clusters(6 * SMALL.variance, 10_000),) * 3)


def test_bursts_reach_as_far_to_both_sides_however_few_requests_the_challenger_had() -> None:
    seen = SMALL.candidate.share - SMALL.production.share
    calm, wild = (difference_interval([each], 0.95) for each in (SMALL, BURSTS))
    added = [(wild[side] - seen) ** 2 - (calm[side] - seen) ** 2 for side in (0, 1)]
    assert added == pytest.approx([5 * stats.norm.ppf(0.975) ** 2 * SMALL.variance] * 2, rel=1e-3)


def test_the_interval_is_as_wide_as_what_it_is_said_to_find() -> None:
    equal = Pair(Arm(100, 1_000), Arm(900, 9_000))
    for times in (1, 6):
        some = replace(equal, clustered=(Clusters(times * equal.variance, 10_000),) * 3)
        low, high = difference_interval([some], 0.95)
        found = detectable([some], 0.95, 0.8)
        assert (high - low) / 2 == pytest.approx(found * 1.9600 / 2.8016, rel=2e-2)


def test_the_pooled_median_of_steps_is_as_often_in_its_interval_as_it_says() -> None:
    random = np.random.default_rng(4)
    missed = 0
    for _ in range(400):
        # The same median in every step, another spread in each.
        groups = [np.exp(random.normal(0, wide, 24)).tolist() for wide in (0.5, 0.1, 0.02)]
        low, high = pooled_median_interval(groups, 0.9) or (0, 9)
        missed += not low <= 1 <= high
    assert missed / 400 <= 0.1 + 3 * math.sqrt(0.09 / 400)


@settings(max_examples=50)
@given(st.lists(st.lists(st.floats(0.1, 10), max_size=40), max_size=4), st.randoms())
def test_the_order_of_the_steps_does_not_matter_to_the_median(
    groups: list[list[float]], random: Random
) -> None:
    other = list(groups)
    random.shuffle(other)
    assert pooled_median_interval(other, 0.95) == pooled_median_interval(groups, 0.95)
