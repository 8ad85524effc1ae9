"""The intervals a release is judged by, beside other implementations, tables of papers and simulations."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from release.statistics import (
    difference,
    dispersion,
    independent,
    median_interval,
    median_ranks,
    wilson,
)

LEVELS = (0.9, 0.95, 0.99)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
@pytest.mark.parametrize(("count", "total"), [(0, 1), (1, 1), (0, 2000), (1, 50), (81, 263), (999, 1000)])
def test_the_interval_of_a_share_is_that_of_scipy(count: int, total: int, confidence: float) -> None:
    expected = stats.binomtest(count, total).proportion_ci(confidence, method="wilson")
    assert wilson(count, total, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("count", "total", "base_count", "base_total", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0000),
        (10, 10, 0, 10, 0.6075, 1.0000),
    ],
)
def test_the_interval_of_a_difference_is_that_of_the_paper(
    count: int, total: int, base_count: int, base_total: int, low: float, high: float
) -> None:
    # Newcombe 1998, Statistics in Medicine 17, table II, method 10
    found = difference(count, total, base_count, base_total, 0.95)
    assert found == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("number", "confidence"), list(product([*range(1, 80), 1500, 4001], LEVELS)))
def test_the_ranks_of_the_median_are_those_of_the_binomial(number: int, confidence: float) -> None:
    allowed = (1 - confidence) / 2
    ranks = median_ranks(number, confidence)
    below = stats.binom.cdf(np.arange(number), number, 0.5)
    expected = int(np.sum(below <= allowed))
    assert ranks == ((expected, number + 1 - expected) if expected else None)


def test_too_few_values_have_no_interval() -> None:
    assert median_interval([1.0, 2.0, 3.0, 2.5, 1.5], 0.95) is None
    assert median_interval([1.0, 6.0, 2.0, 5.0, 3.0, 4.0], 0.95) == (1.0, 6.0)
    assert median_interval([], 0.95) is None


def test_independent_values_count_as_they_are_and_those_that_drift_as_fewer() -> None:
    random = np.random.default_rng(1)
    alone = [independent(random.normal(size=200).tolist()) for _ in range(200)]
    assert 180 <= np.mean(alone) <= 200
    drifting = [independent(np.cumsum(random.normal(size=200)).tolist()) for _ in range(50)]
    assert np.mean(drifting) < 20
    assert independent([1.0] * 30) == 30


def covered(correlation: float, *, runs: int = 2000, number: int = 54) -> float:
    """Share of samples, each inheriting from its neighbour, whose interval has the true median."""
    random = np.random.default_rng(2)
    noise = random.normal(size=(runs, number))
    for column in range(1, number):
        noise[:, column] = (
            correlation * noise[:, column - 1] + math.sqrt(1 - correlation**2) * noise[:, column]
        )
    found = [median_interval(row, 0.95) for row in np.exp(noise).tolist()]
    return float(np.mean([each is None or each[0] <= 1 <= each[1] for each in found]))


@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.7])
def test_the_interval_of_a_median_has_it_as_often_as_it_says_though_minutes_resemble_each_other(
    correlation: float,
) -> None:
    assert covered(correlation) >= 0.945


def test_errors_that_come_in_bursts_count_as_fewer() -> None:
    assert dispersion([1, 0, 2, 1, 0, 1], [100] * 6) == 1
    assert dispersion([0, 0, 30, 0, 0, 0], [100] * 6) > 10
    assert dispersion([0, 0], [5, 5]) == dispersion([5, 5], [5, 5]) == dispersion([3], [5]) == 1
