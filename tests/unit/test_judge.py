"""The judge: only a shadow that is shown to be no worse than production passes."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pure_release import reached
from shadow_series import SHADOW, TIMES, Series, random_series, steady

from release.comparisons import Check
from release.judge import Verdict, judge, queries
from release.measurements import METRICS

PURE = ("judge", "comparisons", "measurements", "statistics", "report", "report_sections", "charts", "page")


def check(verdict: Verdict, metric: str) -> Check:
    """The check of that name."""
    (found,) = (each for each in verdict.checks if each.metric == metric)
    return found


def without(series: Series, *ids: str) -> Series:
    """The same, but CloudWatch had no values for these queries."""
    return {key: pairs for key, pairs in series.items() if key not in ids}


def with_value(series: Series, key: str, value: Any, minute: int = 30) -> Series:
    """The same with one other value."""
    changed = [list(pair) for pair in series[key]]
    changed[minute] = [changed[minute][0], value]
    return {**series, key: changed}


@pytest.mark.parametrize("name", PURE)
def test_the_judgement_reaches_for_nothing_outside(name: str) -> None:
    assert reached(name) == set()


def test_a_shadow_like_production_passes_every_check() -> None:
    verdict = judge(SHADOW, steady())
    assert verdict.outcome == "pass"
    assert verdict.summary == "the shadow is no worse than production, within every limit"
    assert [each.metric for each in verdict.checks] == [
        "Alarms",
        "Requests",
        "Mirrored requests",
        "Server errors",
        "Model errors",
        "Median latency",
        "99th percentile of latency",
    ]
    median = check(verdict, "Median latency")
    assert (median.production, median.candidate, median.limit, median.confidence) == (30, 30, 20, 95)
    assert median.interval == (0, 0)
    assert median.reason == "54 pairs of the same minutes"


def test_what_is_asked_for_can_be_asked_of_cloudwatch_and_only_for_a_model_with_a_shadow() -> None:
    asked = queries({"Shadow": SHADOW})
    assert len({query.id for query in asked}) == len(asked) == 2 * len(METRICS) == 18
    assert all(query.id.isidentifier() and query.id[0].islower() for query in asked)
    assert {query.variant for query in asked} == {"production", "shadow"}
    assert {(query.metric, query.statistic) for query in asked if query.id.endswith("server_errors")} == {
        ("Invocation5XXErrors", "Sum")
    }
    assert queries({"Shadow": None}) == []


@pytest.mark.parametrize(
    ("own", "metric", "outcome"),
    [
        ({"shadow_server_errors": 1}, "Server errors", "fail"),
        ({"shadow_model_errors": 30}, "Model errors", "fail"),
        ({"shadow_model_errors": 0.4}, "Model errors", "inconclusive"),
        ({"shadow_latency_p50": 36_300}, "Median latency", "fail"),
        ({"shadow_latency_p50": 36_000}, "Median latency", "pass"),
        ({"shadow_latency_p99": 300_000}, "99th percentile of latency", "fail"),
        ({"shadow_latency_p99": 10_000}, "99th percentile of latency", "pass"),
        ({"production_server_errors": 50}, "Server errors", "pass"),
    ],
)
def test_a_metric_beyond_its_limit_fails_and_one_within_passes(
    own: dict[str, float], metric: str, outcome: str
) -> None:
    verdict = judge(SHADOW, steady(requests=100, **own))
    assert check(verdict, metric).outcome == verdict.outcome == outcome


def test_the_summary_of_a_failure_has_the_numbers_that_decided() -> None:
    verdict = judge(SHADOW, steady(shadow_latency_p50=60_000))
    assert verdict.summary == (
        "the shadow is worse than production: Median latency +100 to +100 %, allowed 20 %"
    )


@pytest.mark.parametrize("key", [key for key in steady() if "client" not in key and "average" not in key])
@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 1e300, 10**400, None, "12", True, [1]])
def test_a_value_that_is_no_number_is_never_a_pass(key: str, value: Any) -> None:
    if key.endswith("overhead_p99"):
        return
    verdict = judge(SHADOW, with_value(steady(), key, value))
    assert verdict.outcome == "inconclusive"
    assert json.loads(json.dumps(verdict.as_json(), allow_nan=False))["outcome"] == "inconclusive"


@pytest.mark.parametrize("key", [key for key in steady() if key.partition("_")[2] in {
    "invocations", "server_errors", "model_errors", "latency_p50", "latency_p99", "latency_samples"
}])  # fmt: skip
@pytest.mark.parametrize("how", ["missing", "empty", "late", "disordered", "twice"])
def test_a_metric_that_is_missing_is_never_a_pass(key: str, how: str) -> None:
    whole = steady()
    changed: Series = {
        "missing": without(whole, key),
        "empty": {**whole, key: []},
        "late": {**whole, key: [["yesterday", 1.0]]},
        "disordered": {**whole, key: [[1.0, TIMES[0]]]},
        "twice": {**whole, key: [*whole[key], whole[key][-1]]},
    }[how]
    assert judge(SHADOW, changed).outcome == "inconclusive"


def test_without_any_measurement_nothing_was_shown() -> None:
    verdict = judge(SHADOW, {})
    assert verdict.outcome == "inconclusive"
    assert "there is no Invocations (Sum) of production" in verdict.summary


@pytest.mark.parametrize("variant", ["production", "shadow"])
def test_too_few_requests_of_either_variant_show_nothing_even_if_they_failed(variant: str) -> None:
    few = steady(**{f"{variant}_invocations": 16.6, f"{variant}_latency_samples": 16.6})
    verdict = judge(SHADOW, few)
    assert verdict.outcome == "inconclusive"
    assert "996 requests, needed are 1,000" in verdict.summary
    failing = {**few, "shadow_server_errors": [[time, 16.0] for time in TIMES[:60]]}
    assert judge(SHADOW, failing).outcome == "inconclusive"


def test_a_window_in_which_an_alarm_flapped_shows_nothing() -> None:
    assert judge(SHADOW, steady(), flapping=True).outcome == "inconclusive"
    assert judge(SHADOW, steady(shadow_server_errors=50), flapping=True).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: {k: v[:30] if k.startswith("shadow") else v for k, v in s.items()}, "to be mirrored"),
        (lambda s: {k: v[8:] if k.startswith("shadow") else v for k, v in s.items()}, "in 8 minutes"),
        (lambda s: {k: v[8:] if k.startswith("production") else v for k, v in s.items()}, "in 8 minutes"),
        (lambda s: {k: v[:50] if k.endswith("errors") else v for k, v in s.items()}, "missing for part"),
        (lambda s: {k: v[:5] if "p99" in k else v for k, v in s.items()}, "too few"),
    ],
)
def test_gaps_show_nothing(change: Callable[[Series], Series], reason: str) -> None:
    verdict = judge(SHADOW, change(steady()))
    assert verdict.outcome == "inconclusive"
    assert reason in verdict.summary


def test_errors_that_came_at_once_show_less_than_those_that_came_one_by_one() -> None:
    spread, burst = steady(shadow_server_errors=1), steady()
    burst = with_value(burst, "shadow_server_errors", 60.0)
    assert judge(SHADOW, spread).outcome == "fail"
    assert judge(SHADOW, burst).outcome == "inconclusive"


def test_more_errors_than_requests_are_no_measurement() -> None:
    verdict = judge(SHADOW, steady(shadow_server_errors=101))
    assert check(verdict, "Server errors").outcome == "inconclusive"


def test_half_the_requests_may_be_mirrored_where_that_is_the_setting() -> None:
    many = steady(requests=2000, shadow_invocations=1000, shadow_latency_samples=1000)
    half = {**SHADOW, "SamplingPercent": 50}
    assert judge(half, many).outcome == "pass"
    assert judge(SHADOW, many).outcome == "inconclusive"


def test_the_tail_of_few_requests_is_not_compared_with_that_of_many() -> None:
    # The highest of 20 lies lower than the highest of 40: the shadow would look faster than it is.
    few = steady(requests=40, shadow_invocations=20, shadow_latency_samples=20)
    verdict = judge({**SHADOW, "SamplingPercent": 50}, few)
    assert check(verdict, "99th percentile of latency").outcome == "inconclusive"


def test_slow_first_minutes_do_not_count_but_their_errors_do() -> None:
    warming = steady(requests=200)
    for minute in range(6):
        warming = with_value(warming, "shadow_latency_p99", 5_000_000.0, minute)
    assert judge(SHADOW, warming).outcome == "pass"
    for minute in range(6):
        warming = with_value(warming, "shadow_server_errors", 100.0, minute)
    assert judge(SHADOW, warming).outcome != "pass"


@pytest.mark.parametrize(("bake", "counted"), [(60, 54), (10, 59), (3, 59), (600, 50)])
def test_a_tenth_of_the_bake_warms_up_ten_minutes_at_most(bake: int, counted: int) -> None:
    verdict = judge({**SHADOW, "BakeMinutes": bake}, steady())
    assert check(verdict, "Median latency").reason == f"{counted} pairs of the same minutes"


def test_limits_that_are_not_set_are_not_judged_and_without_any_nothing_passes() -> None:
    limits = {"P50LatencyIncreasePercent": 20, "ErrorRateIncreasePercentagePoints": None}
    verdict = judge({**SHADOW, "Limits": limits}, steady(shadow_server_errors=90))
    assert verdict.outcome == "pass"
    assert not [each for each in verdict.checks if each.metric.endswith("errors")]
    assert judge({**SHADOW, "Limits": {}}, steady()).outcome == "inconclusive"


def test_the_order_in_which_metrics_come_does_not_matter() -> None:
    series = random_series(np.random.default_rng(5), ratio=1.1)
    assert judge(SHADOW, series) == judge(SHADOW, dict(reversed(series.items())))


def test_a_long_window_is_judged_without_delay() -> None:
    series = random_series(np.random.default_rng(6), minutes=600, requests=20)
    assert judge({**SHADOW, "BakeMinutes": 600}, series).outcome == "pass"
