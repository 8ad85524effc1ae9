"""How often the judge is wrong, over thousands of made-up shadows whose truth is known."""

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from shadow_series import SHADOW, random_series

from release.judge import judge

RUNS = (200, pytest.param(2000, marks=pytest.mark.thorough))
LATENCIES = ("Median latency", "99th percentile of latency")
WRONG = (100 - SHADOW["ConfidencePercent"]) / 200
"""What a bound of an interval may miss: half of what the confidence leaves."""


def spread(runs: int) -> float:
    """By which a share counted in so many runs may differ, all but once in a thousand."""
    return float(3 * (WRONG * (1 - WRONG) / runs) ** 0.5)


@cache
def outcomes(runs: int, seed: int, **truth: Any) -> Counter[tuple[str, str]]:
    """How many of the shadows came out how, by check; the verdict's is that of ``all``."""
    random = np.random.default_rng(seed)
    found: Counter[tuple[str, str]] = Counter()
    for _ in range(runs):
        verdict = judge(SHADOW, random_series(random, **truth))
        found.update((each.metric, each.outcome) for each in verdict.checks)
        found["all", verdict.outcome] += 1
    return found


AT_THE_LIMIT = {"ratio": 1.2, "errors": (0.005, 0.01), "correlation": 0.5}


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("metric", [*LATENCIES, "Server errors"])
@pytest.mark.parametrize("wrong", ["pass", pytest.param("fail", marks=pytest.mark.thorough)])
def test_a_shadow_exactly_at_the_limit_is_misjudged_as_rarely_as_the_confidence_says(
    metric: str, wrong: str, runs: int
) -> None:
    # There is no worse place: within the limit a fail is rarer, beyond it a pass.
    found = outcomes(runs, 11, **AT_THE_LIMIT)
    assert found[metric, wrong] / runs <= WRONG + spread(runs)


@pytest.mark.parametrize("runs", RUNS)
def test_several_checks_make_a_false_pass_no_likelier(runs: int) -> None:
    assert outcomes(runs, 11, **AT_THE_LIMIT)["all", "pass"] / runs <= WRONG


def test_a_healthy_shadow_passes() -> None:
    found = outcomes(200, 12, requests=300, errors=(0.001, 0.001))
    assert found["all", "pass"] >= 196
    assert found["all", "fail"] == 0


@pytest.mark.parametrize(
    "truth",
    [
        {"ratio": 1.5},
        {"errors": (0.001, 0.02)},
        {"requests": 300, "tail": (0.02, 8.0)},
        pytest.param({"requests": 1000, "tail": (0.013, 8.0)}, marks=pytest.mark.thorough),
    ],
    ids=str,
)
def test_a_shadow_that_is_clearly_worse_fails(truth: dict[str, Any]) -> None:
    found = outcomes(100, 13, **truth)
    assert found["all", "fail"] >= 98
    assert found["all", "pass"] == 0


@pytest.mark.parametrize(
    "requests", [17, *(pytest.param(number, marks=pytest.mark.thorough) for number in (30, 60))]
)
def test_a_slow_hundredth_does_not_slip_through_where_there_are_few_requests(requests: int) -> None:
    # The p99 of a minute with 17 requests is their slowest: most minutes have no slow one.
    found = outcomes(200, 14, requests=requests, tail=(0.015, 10.0))
    assert found["all", "pass"] <= 200 * (WRONG + 0.02)
