"""A challenger is promoted once, at the planned end, and only by what was shown of every demand."""

import json
import math
import random as randoms
from dataclasses import replace
from typing import Any

import pytest
from ab_series import AB, PLAN, at, level, steps
from hypothesis import given, settings
from hypothesis import strategies as st
from pure_release import reached

from release.ab_checks import check, measured
from release.ab_decision import Decision, decide
from release.ab_demands import Demand, demands
from release.ab_plan import harm_confidence, plan
from release.ab_samples import comparing
from release.ab_strata import Stratum, block_minutes, gather, queries
from release.comparisons import Check
from release.measurements import Given

PURE = (
    "ab_checks",
    "ab_decision",
    "ab_demands",
    "ab_plan",
    "ab_power",
    "ab_samples",
    "ab_strata",
    "stratified",
)


def decided(strata: list[Stratum], *, last: bool = True, **ab: Any) -> Decision:
    """The decision by the settings, changed if need be before the start."""
    changed = AB | ab
    return decide(changed, plan(changed), strata, last=last)


def found(decision: Decision, metric: str) -> Check:
    """The check of that name."""
    (one,) = (each for each in decision.checks if each.metric == metric)
    return one


def with_value(stratum: Stratum, key: str, value: Any, minute: int = 30) -> Stratum:
    """The step with one other value."""
    changed = [list(each) for each in stratum.series[key]]
    changed[minute] = [changed[minute][0], value]
    return replace(stratum, series={**stratum.series, key: changed})


@pytest.mark.parametrize("name", PURE)
def test_the_decision_reaches_for_nothing_outside(name: str) -> None:
    assert reached(name) == set()


def test_a_challenger_that_meets_every_demand_is_promoted() -> None:
    decision = decided(steps())
    assert (decision.outcome, decision.verdict) == ("promote", "pass")
    assert decision.summary.startswith("the challenger meets every demand; by its requests the test finds")
    assert [each.metric for each in decision.checks] == [
        *(f"{what} at {share} %" for share in (10, 25, 50) for what in ("Requests", "Share")),
        "Server errors",
        "Model errors",
        "Median latency",
        "99th percentile of latency",
        "conversion",
    ]
    assert {each.outcome for each in decision.checks} == {"pass"}
    assert json.loads(json.dumps(decision.as_json(), allow_nan=False))["verdict"] == "pass"


@pytest.mark.parametrize(
    ("own", "metric"),
    [
        ({"challenger_server_errors": 0.02}, "Server errors"),
        ({"challenger_model_errors": 0.02}, "Model errors"),
        ({"challenger_latency_p50": 40_000.0}, "Median latency"),
        ({"challenger_latency_p99": 120_000.0}, "99th percentile of latency"),
        ({"challenger_outcome_conversion_sum": 0.05}, "conversion"),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_challenger_that_is_shown_to_be_worse_is_removed_at_the_next_look(
    own: dict[str, float], metric: str, count: int
) -> None:
    decision = decided(steps(count, **own), last=False)
    assert (decision.outcome, decision.verdict) == ("remove", "fail")
    assert found(decision, metric).outcome == "fail"
    assert decision.summary.startswith(f"the challenger is not what it must be: {metric} ")
    assert "wanted is at" in decision.summary


def test_before_the_end_nothing_is_promoted_however_good_it_looks() -> None:
    good = {"challenger_outcome_conversion_sum": 0.5, "challenger_latency_p50": 1_000.0}
    for count in (1, 2):
        decision = decided(steps(count, **good), last=False)
        assert (decision.outcome, decision.verdict) == ("continue", "inconclusive")
    assert decided(steps(**good), last=False).outcome == "continue"
    assert decided(steps(**good)).outcome == "promote"


def test_a_test_that_ends_before_its_last_step_promotes_nothing() -> None:
    decision = decided(steps(2))
    assert decision.outcome == "remove"
    assert "there was no step at 50 %" in decision.summary
    assert decided([]).outcome == "remove"
    assert decided([], last=False).outcome == "remove"


def test_the_step_with_all_requests_changes_no_verdict() -> None:
    every = [*steps(), replace(level(3, 50), share=100.0, series={})]
    assert decided(every).outcome == "promote"
    assert decided(every).checks == decided(steps()).checks
    bad = steps(challenger_outcome_conversion_sum=0.08)
    assert decided([*bad, every[-1]]).outcome == "remove"


def test_worse_in_the_last_step_alone_is_harm_though_all_steps_together_do_not_show_it() -> None:
    # A fleet that gets more load answers slower; two longer steps with less load outweigh it.
    strata = [
        level(0, 25, length=100, challenger_latency_p50=20_000.0),
        level(1, 26, length=100, challenger_latency_p50=20_000.0),
        level(2, 50, challenger_latency_p50=60_000.0),
    ]
    decision = decided(strata, Steps=[25, 26, 50])
    assert decision.outcome == "remove"
    every, alone = (each for each in decision.checks if each.metric == "Median latency")
    assert (every.outcome, alone.outcome) == ("inconclusive", "fail")
    assert alone.reason == "the newest step alone: 54 pairs of the same minutes"


def test_a_difference_that_requests_so_few_cannot_show_is_first_looked_at_longer_then_removed() -> None:
    few = {"requests": 40.0, "challenger_outcome_conversion_sum": 0.09}
    ab = {"MinimumInvocations": 200, "Limits": {}}
    decision = decided(steps(**few), **ab)
    assert decision.outcome == "longer"
    assert decision.summary == "too little to find what is looked for in conversion"
    longer = [*steps(2, **few), level(2, 50, length=120, **few)]
    decision = decided(longer, **ab)
    assert (decision.outcome, decision.verdict) == ("remove", "inconclusive")
    assert decision.summary.startswith("nothing was shown either way: conversion -")


def test_whether_a_step_takes_longer_does_not_depend_on_the_difference() -> None:
    # Asked again whenever it did not pass, an equal challenger would pass twice as often.
    ab = {"MinimumInvocations": 200, "Limits": {}}
    for gain in (-0.02, 0.0, 0.02, 0.04):
        own = {"challenger_outcome_conversion_sum": 0.1 + gain, "production_outcome_conversion_sum": 0.1}
        assert decided(steps(requests=40, **own), **ab).outcome == "longer"
        assert decided(steps(requests=4_000, **own), **ab).outcome != "longer"


def test_too_few_requests_take_a_step_longer_once_and_end_the_test_then() -> None:
    few = level(0, 10, requests=50)
    decision = decided([few], last=False)
    assert decision.outcome == "longer"
    assert decision.summary == "Requests at 10 %: 300 requests, needed are 500"
    still = level(0, 10, length=120, requests=30)
    assert decided([still], last=False).outcome == "remove"
    # A step that went on may come as two.
    assert decided([few, replace(level(0, 10, requests=50), start=at(60), end=at(120))], last=False)


def test_a_step_is_not_made_longer_than_the_days_allow() -> None:
    few = level(0, 10, requests=50)
    assert decided([few], last=False, StepMinutes=60, MaximumDays=1).outcome == "longer"
    long = replace(few, end=at(6 * 1440))
    assert decided([long], last=False, StepMinutes=6 * 1440, MaximumDays=14).outcome == "remove"


def test_requests_shared_otherwise_than_meant_show_nothing() -> None:
    strata = [*steps(2), replace(level(2, 40), share=50.0)]
    decision = decided(strata)
    assert found(decision, "Share at 50 %").outcome == "inconclusive"
    assert decision.outcome == "longer"
    assert "the challenger had 40 % where 50 % were meant" in decision.summary


def test_outcomes_that_one_variant_lacks_show_nothing() -> None:
    every = steps()
    half = {
        key: [[time, value / 2] for time, value in pairs] if "challenger_outcome" in key else pairs
        for key, pairs in every[2].series.items()
    }
    decision = decided([*every[:2], replace(every[2], series=half)])
    assert decision.outcome == "longer"
    assert found(decision, "Share of conversion at 50 %").outcome == "inconclusive"


def test_what_was_measured_outside_a_step_does_not_count() -> None:
    first, *others = steps()
    early = {
        key: [[at(minute), 9e9] for minute in range(-5, 0)] + list(pairs)
        for key, pairs in first.series.items()
    }
    assert decided([replace(first, series=early), *others]).checks == decided([first, *others]).checks
    cut = replace(first, start=at(0.5), end=at(59.5))
    assert found(decided([cut, *others]), "Requests at 10 %").candidate == 58 * 1_200


def test_the_rules_are_those_that_were_written_down_before_the_start() -> None:
    lenient = AB | {"ConfidencePercent": 80, "Metrics": [], "Limits": {}}
    bad = steps(challenger_outcome_conversion_sum=0.05)
    assert decide(lenient, PLAN, bad, last=True) == decide(AB, PLAN, bad, last=True)


def test_without_a_limit_or_an_outcome_nothing_is_promoted() -> None:
    decision = decided(steps(), Limits={}, Metrics=[])
    assert decision.outcome == "remove"
    assert "no limit is set" in decision.summary


@pytest.mark.parametrize("key", steps(1)[0].series)
@pytest.mark.parametrize(
    "value",
    [
        *(math.nan, 10**400, None),
        *(pytest.param(one, marks=pytest.mark.thorough) for one in (math.inf, -1.0, 1e300, "12", True, [1])),
    ],
)
def test_a_value_that_is_no_number_is_never_promoted(key: str, value: Any) -> None:
    first, *others = steps()
    decision = decided([with_value(first, key, value), *others])
    assert decision.outcome in ("remove", "longer")
    assert json.loads(json.dumps(decision.as_json(), allow_nan=False))["verdict"] == "inconclusive"


@pytest.mark.parametrize("key", steps(1)[0].series)
@pytest.mark.parametrize("how", ["missing", "empty", "none", "late", "disordered", "twice"])
def test_a_metric_that_is_missing_is_never_promoted(key: str, how: str) -> None:
    first, *others = steps()
    whole = {name: list(pairs) for name, pairs in first.series.items()}
    changed: dict[str, Any] = {
        "missing": {name: pairs for name, pairs in whole.items() if name != key},
        "empty": {**whole, key: []},
        "none": {**whole, key: None},
        "late": {**whole, key: [["yesterday", 1.0]]},
        "disordered": {**whole, key: [[1.0, at(0)], {}]},
        "twice": {**whole, key: [*whole[key], whole[key][30]]},
    }[how]
    assert decided([replace(first, series=changed), *others]).outcome in ("remove", "longer")


@pytest.mark.parametrize("when", ["", "yesterday", None])
def test_a_step_without_a_window_is_never_promoted(when: Any) -> None:
    first, *others = steps()
    assert decided([replace(first, start=when), *others]).outcome == "remove"


values = st.one_of(
    st.none(), st.floats(), st.integers(), st.text(max_size=3), st.lists(st.floats(), max_size=2)
)
series_ = st.dictionaries(
    st.sampled_from(sorted(steps(1)[0].series)),
    st.lists(st.lists(st.one_of(values, st.integers(0, 70).map(at)), max_size=3), max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 10.0, 25.0, 50.0, 100.0]), series_), max_size=4), st.booleans()
)
def test_whatever_the_series_hold_nothing_is_raised_and_nothing_promoted(
    given_: list[tuple[float, Given]], last: bool
) -> None:
    strata = [Stratum(share, at(0), at(60), series) for share, series in given_]
    assert decided(strata, last=last).outcome in ("remove", "longer", "continue")


def test_the_order_of_the_steps_and_of_the_metrics_does_not_matter() -> None:
    strata = [level(step, share, requests=12_000 + 400 * step) for step, share in enumerate((10, 25, 50))]
    shuffled = [replace(one, series=dict(reversed(one.series.items()))) for one in strata]
    randoms.Random(3).shuffle(shuffled)
    assert decided(shuffled) == decided(strata)


@pytest.mark.parametrize(
    ("metric", "limit", "wanted"),
    [
        ({"Direction": "higher", "BetterByPoints": 1}, 1, "more than 1 points"),
        ({"Direction": "higher", "NoWorseByPoints": 1}, -1, "at least -1 points"),
        ({"Direction": "lower", "BetterByPoints": 1}, -1, "less than -1 points"),
        ({"Direction": "lower", "NoWorseByPoints": 1}, 1, "at most 1 points"),
    ],
)
def test_a_demand_bounds_the_difference_from_the_side_that_is_worse(
    metric: dict[str, Any], limit: float, wanted: str
) -> None:
    (demand,) = demands({"Metrics": [{"Name": "repaid", **metric}]})
    assert (demand.limit, demand.wanted) == (limit, wanted)
    sign = 1 if demand.higher else -1
    near, far = sorted((limit + sign * 0.1, limit + sign * 0.2))
    assert demand.outcome((near, far)) == "pass"
    assert demand.outcome((limit - 0.1, limit + 0.1)) == "inconclusive"
    assert demand.outcome((limit - 0.2 * sign, limit - 0.1 * sign)[:: sign or 1]) == "fail"
    assert demand.outcome((limit, limit)) == ("inconclusive" if demand.better else "pass")


def test_an_improvement_that_is_too_small_is_no_harm() -> None:
    demand = Demand("repaid", "outcome", "repaid", 1.0, higher=True, better=True)
    assert demand.outcome((0.1, 0.4)) == "fail"
    assert not demand.harmful((0.1, 0.4))
    assert demand.harmful((-0.4, -0.1))


def test_better_is_only_what_is_shown_to_be_better() -> None:
    ab = {"Metrics": [{"Name": "conversion", "Direction": "higher", "BetterByPoints": 0}]}
    assert decided(steps(), **ab).outcome == "remove"
    assert decided(steps(challenger_outcome_conversion_sum=0.12), **ab).outcome == "promote"


def test_swapping_the_variants_mirrors_what_is_shown() -> None:
    names = {"production": "challenger", "challenger": "production"}

    def swapped(one: Stratum) -> Stratum:
        series = {
            f"{names[variant]}_{rest}": pairs
            for variant, _, rest in (key.partition("_") for key in one.series)
            for pairs in (one.series[f"{variant}_{rest}"],)
        }
        return replace(one, share=100 - one.share, series=series)

    strata = comparing(steps(challenger_outcome_conversion_sum=0.12))
    ab = AB | {"Limits": {"ErrorRateIncreasePercentagePoints": 0.5}}
    own, other = measured(ab, strata), measured(ab, [swapped(one) for one in strata])
    for demand in demands(ab):
        low, high = check(demand, own[demand], 95).interval or (0, 0)
        assert check(demand, other[demand], 95).interval == pytest.approx((-high, -low), abs=1e-9)


def test_the_plan_says_before_the_start_what_is_found_and_how_many_looks_there_are() -> None:
    assert PLAN["Strata"][0] == {"Share": 10.0, "Minutes": 60, "Challenger": 500, "Production": 4500}
    assert [each["Challenger"] for each in PLAN["Strata"]] == [500, 1250, 2500]
    told = {each["Metric"]: each for each in PLAN["Demands"]}
    assert told["conversion"]["AssumedPercent"] == 50
    # (1.96 + 0.84) standard errors of the difference at 50 %, by the harmonic sizes of the three steps
    weight = 450 + 937.5 + 1250
    assert told["conversion"]["Detectable"] == pytest.approx(280.16 * math.sqrt(0.25 / weight), rel=1e-3)
    assert told["conversion"]["Requests"] > sum(each["Challenger"] for each in PLAN["Strata"])
    assert told["Median latency"]["Pairs"] == 6
    assert (PLAN["PromotionLooks"], PLAN["HarmLooks"], PLAN["Extensions"]) == (1, 12, 1)
    assert PLAN["HarmConfidencePercent"] == pytest.approx(100 - 5 / 60) == harm_confidence(AB, 5, 3)
    assert json.loads(json.dumps(PLAN, allow_nan=False)) == PLAN


def test_after_the_first_step_the_test_says_what_it_will_find_at_its_end() -> None:
    power = [{each["Metric"]: each for each in decided(steps(n), last=n == 3).power} for n in (1, 2, 3)]
    foreseen = [each["conversion"]["Detectable"] for each in power]
    assert foreseen[0] == pytest.approx(foreseen[2], rel=0.05)
    assert power[0]["conversion"]["Expected"] == 60 * (1_200 + 3_000 + 6_000)
    assert "at its end the test finds differences of Server errors" in decided(steps(1), last=False).summary


def test_what_is_asked_for_can_be_asked_of_cloudwatch() -> None:
    asked = queries(AB)
    assert len({query.id for query in asked}) == len(asked)
    assert all(query.id.isidentifier() and query.id[0].islower() for query in asked)
    assert {query.variant for query in asked} == {"production", "challenger"}
    own = [(query.metric, query.statistic) for query in asked if query.outcome]
    assert own == [("conversion", "Sum"), ("conversion", "SampleCount")] * 2


@pytest.mark.parametrize(
    ("share", "requests", "minutes"),
    [(50, 20, 1), (10, 20_000, 1), (10, 2_000, 5), (10, 200, 60), (90, 200, 60), (10, 10, 1), (100, 9, 1)],
)
def test_percentiles_of_few_requests_are_asked_for_in_longer_blocks(
    share: float, requests: float, minutes: int
) -> None:
    asked: list[tuple[int, int]] = []

    def fetch(asking: Any, seconds: int) -> Given:
        asked.append((len(asking), seconds))
        return {one.id: series[one.id] for one in asking if one.id in series}

    series = level(0, share, requests=requests).series
    given_ = gather(AB, share, fetch)
    assert block_minutes(share, given_) == minutes
    assert asked == [(len(queries(AB)), 60), *([(6, 60 * minutes)] if minutes > 1 else [])]


def test_a_tail_of_few_requests_is_compared_by_the_hour() -> None:
    # 20 requests a minute at 10 %: no minute tells its 99th percentile, an hour of 1,200 does.
    def hourly(step: int, share: float, slow: float) -> Stratum:
        one = level(step, share, length=1440, requests=200, challenger_latency_p99=slow)
        blocks = {
            key: [[time, 60 * value if "samples" in key else value] for time, value in pairs[::60]]
            for key, pairs in one.series.items()
            if "latency" in key
        }
        return replace(one, series={**one.series, **blocks})

    ab = {"StepMinutes": 1440, "Steps": [10]}
    decision = decided([hourly(0, 10, 95_000.0)], **ab)
    assert found(decision, "99th percentile of latency").reason == "23 pairs of the same minutes"
    assert decision.outcome == "promote"
    assert decided([hourly(0, 10, 150_000.0)], **ab).outcome == "remove"
