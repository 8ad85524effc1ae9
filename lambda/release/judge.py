"""Judges a shadow by what it measured beside production: only what is shown to be no worse passes.

Each check is a test of non-inferiority. The verdict passes if every check does, so several checks make a
false pass no likelier than one (intersection-union test, Berger 1982); it fails if any check does, and is
inconclusive otherwise. Too few requests, a disturbed window, and what is missing or no number are
inconclusive.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from release import measurements
from release.comparisons import FAIL, INCONCLUSIVE, PASS, Check, errors, latency, limit_of
from release.measurements import (
    INVOCATIONS,
    MODEL_ERRORS,
    P50,
    P99,
    PRODUCTION,
    SERVER_ERRORS,
    SHADOW,
    Given,
    MeasurementError,
    Minutes,
    minutes,
)
from release.ports import Query
from release.statistics import wilson
from release.words import interval_text, value_text

MIRRORED_SHARE = 0.8
"""Part of the requests to be mirrored that must have reached the shadow: what was dropped was not judged."""

EXPECTED_REQUESTS, GAP_SHARE = 20, 0.05
"""A minute is a gap if one variant had none where so many were expected (by chance once in 10**8), and more
gaps than this share of the minutes leave the variants with different windows."""

ERRORS = {SERVER_ERRORS: "Server errors", MODEL_ERRORS: "Model errors"}
"""Client errors are among the model errors (InvocationModelErrors counts whatever is not 2XX)."""

LATENCIES = {
    P50: ("Median latency", "P50LatencyIncreasePercent"),
    P99: ("99th percentile of latency", "P99LatencyIncreasePercent"),
}


@dataclass(frozen=True)
class Verdict:
    """``outcome`` is pass, fail or inconclusive; ``summary`` is one line for people."""

    outcome: str
    summary: str
    checks: tuple[Check, ...]

    def as_json(self) -> dict[str, Any]:
        """The verdict as ledgers and workflows keep it."""
        return {
            "outcome": self.outcome,
            "summary": self.summary,
            "checks": [c.as_json() for c in self.checks],
        }


def queries(serving: Mapping[str, Any]) -> list[Query]:
    """What to ask CloudWatch for, in periods of ``measurements.PERIOD_SECONDS``; one endpoint, so the same
    for every ``serving``. Nothing for a model without a shadow."""
    return measurements.queries() if serving.get("Shadow") else []


def judge(shadow: Mapping[str, Any], series: Given, *, flapping: bool = False) -> Verdict:
    """Compare the variants over one window.

    ``shadow`` is the section of that name that a workflow compiles from the settings, ``series`` the answers
    to ``queries``. ``flapping`` says that an alarm of the endpoint was in ALARM in the window.
    """
    sample = list(_sample(shadow, series, flapping))
    compared = list(_compared(shadow, series))
    if not compared:
        compared = [Check("Limits", None, None, None, INCONCLUSIVE, reason="no limit is set to judge by")]
    checks = (*sample, *compared)
    # What a disturbed or small sample seems to show is not shown.
    outcome = _worst(sample) if _worst(sample) != PASS else _worst(compared)
    return Verdict(outcome, _summary(outcome, checks), checks)


def _worst(checks: Iterable[Check]) -> str:
    found = {check.outcome for check in checks}
    return next((outcome for outcome in (FAIL, INCONCLUSIVE) if outcome in found), PASS)


def _summary(outcome: str, checks: Iterable[Check]) -> str:
    if outcome == PASS:
        return "the shadow is no worse than production, within every limit"
    said = [_said(check) for check in checks if check.outcome == outcome]
    what = "the shadow is worse than production" if outcome == FAIL else "nothing was shown either way"
    return f"{what}: {'; '.join(said)}"


def _said(check: Check) -> str:
    """What decided a check, e.g. ``Server errors +1.6 to +2.06 points, allowed 0.5 points``."""
    if check.interval is None:
        return f"{check.metric}: {check.reason}"
    return f"{check.metric} {interval_text(check)}, allowed {value_text(check.limit, check.limit_unit)}"


def _compared(shadow: Mapping[str, Any], series: Given) -> Iterator[Check]:
    confidence = float(shadow["ConfidencePercent"])
    limit = limit_of(shadow, "ErrorRateIncreasePercentagePoints")
    if limit is not None:
        yield from (errors(series, name, title, limit, confidence) for name, title in ERRORS.items())
    for name, (title, key) in LATENCIES.items():
        limit = limit_of(shadow, key)
        if limit is not None:
            yield latency(series, name, title, limit, confidence, float(shadow["BakeMinutes"]))


def _sample(shadow: Mapping[str, Any], series: Given, flapping: bool) -> Iterator[Check]:
    """Whether there is enough to judge by, and whether the window was undisturbed."""
    reason = "an alarm of the release was in ALARM during the bake" if flapping else ""
    yield Check("Alarms", None, None, None, INCONCLUSIVE if flapping else PASS, reason=reason)
    least = float(shadow["MinimumInvocations"])
    try:
        base, own = (minutes(series, variant, INVOCATIONS) for variant in (PRODUCTION, SHADOW))
    except MeasurementError as error:
        yield Check("Requests", None, None, least, INCONCLUSIVE, reason=str(error))
        return
    totals = sum(base.values()), sum(own.values())
    few = min(totals) < least or min(totals) == 0
    reason = f"{min(totals):,.0f} requests, needed are {least:,.0f}" if few else ""
    yield Check("Requests", *totals, least, INCONCLUSIVE if few else PASS, reason=reason)
    if not few:
        yield _mirrored(base, own, float(shadow["SamplingPercent"]) / 100)


def _mirrored(base: Minutes, own: Minutes, share: float) -> Check:
    """Whether the shadow saw what production saw."""
    served, mirrored = sum(base.values()), sum(own.values())
    most = wilson(min(mirrored, served), served, 0.95)[1]
    gaps = sum(_gap(base.get(minute, 0), own.get(minute, 0), share) for minute in {*base, *own})
    values = served * share, mirrored
    if most < MIRRORED_SHARE * share:
        reason = f"{mirrored:,.0f} of {values[0]:,.0f} requests that were to be mirrored reached the shadow"
    elif gaps > max(1, GAP_SHARE * len({*base, *own})):
        reason = f"in {gaps} minutes one variant had requests and the other none"
    else:
        return Check("Mirrored requests", *values, MIRRORED_SHARE * values[0], PASS)
    return Check("Mirrored requests", *values, MIRRORED_SHARE * values[0], INCONCLUSIVE, reason=reason)


def _gap(served: float, mirrored: float, share: float) -> bool:
    return (mirrored == 0 and served * share >= EXPECTED_REQUESTS) or (
        served == 0 and mirrored >= EXPECTED_REQUESTS
    )
