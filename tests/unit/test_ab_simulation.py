"""How often the decision of an A/B test is wrong, over made-up traffic whose truth is known."""

from dataclasses import replace
from functools import cache

import pytest

from release.statistics import difference
from tools.ab_simulation import Case, Truth, runs, section
from tools.bench_ab_test import EFFECTS, MORE, MOST_PERCENT, NULLS, TESTS, Rate, rate, report


@cache
def found(title: str) -> Rate:
    """How the tests of a kind end."""
    if title in NULLS:
        return rate(title, NULLS[title], TESTS * MORE.get(title, 1), MOST_PERCENT)
    return rate(title, EFFECTS[title], TESTS // 4)


@pytest.mark.thorough
@pytest.mark.parametrize("title", NULLS)
def test_a_challenger_that_is_not_what_it_must_be_is_promoted_as_rarely_as_the_confidence_says(
    title: str,
) -> None:
    assert not found(title).over


@pytest.mark.thorough
def test_an_equal_challenger_is_rarely_removed_as_a_worse_one() -> None:
    for title in ("no better, the share drifts", "no better, bursts"):
        # A look for harm at every step, and the last interval: half of what the confidence leaves each.
        assert found(title).worse <= 2 * MOST_PERCENT


@pytest.mark.thorough
@pytest.mark.parametrize("title", [title for title in EFFECTS if not title.startswith("worse")])
def test_what_a_test_says_it_finds_it_finds_with_the_power_of_the_settings(title: str) -> None:
    assert found(title).promoted >= 75


@pytest.mark.thorough
def test_harm_is_found() -> None:
    worse = found("worse by 5 points")
    assert worse.promoted == 0
    assert worse.worse == pytest.approx(100, abs=1)


def test_a_small_sample_of_tests_is_decided_rightly() -> None:
    quick = section("outcome", StepMinutes=60, Steps=[20, 50], MinimumInvocations=300)
    same = list(runs(Case(quick, Truth(requests=40)), 15, 5))
    better = list(runs(Case(quick, Truth(requests=40, gain=0.06)), 10, 6))
    assert sum(each.outcome == "promote" for each in same) <= 2
    assert sum(each.outcome == "promote" for each in better) >= 8


def test_the_traffic_would_deceive_whoever_puts_all_requests_together() -> None:
    # The share grows while the challenger's part of the requests does: it seems better, and is equal.
    case = Case(section("outcome", StepMinutes=60), Truth(drift=1.0, requests=400))
    for each in runs(case, 3, 9):
        (check,) = (one for one in each.checks if one.metric == "conversion")
        counted = check.reason.replace(",", "").replace("production ", "").split()
        own, all_own, base, all_base = (int(counted[at]) for at in (0, 2, 3, 5))
        assert difference(own, all_own, base, all_base, 0.95)[0] > 0.01
        assert check.interval is not None
        assert check.interval[0] < 0 < check.interval[1]


def test_the_report_prints_both_rates_and_below_them_what_is_beyond_its_limit() -> None:
    fine = Rate("no better", 2000, 2.6, 1.0, 2.2, 2.5)
    lines = report([fine, replace(fine, promoted=4.0), replace(fine, limit=None)]).splitlines()
    assert lines[0].split("  ")[-1] == "finds with 80 % power"
    assert lines[2].split() == ["no", "better", "2000", "2.60", "2.5", "1.00", "2.20"]
    assert lines[-1] == "A/B tests, no better: 4.00 % promoted, wanted: at most 2.5"
    assert len(lines) == 6
