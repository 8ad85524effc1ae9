"""Compares a candidate with production, metric by metric: within the limit, worse, or unknown.

The candidate is the shadow, or the challenger of an A/B test.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from release.measurements import (
    INVOCATIONS,
    METRICS,
    P50,
    SAMPLES,
    VARIANTS,
    Given,
    MeasurementError,
    Minutes,
    minutes,
)
from release.statistics import Interval, difference, dispersion, median_interval

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"

MISSING_SHARE = 0.05
"""Share of the requests that may lack a value of the metric they are judged by: minutes at the
window's edges."""

WARM_UP_SHARE, MOST_WARM_UP_MINUTES = 0.1, 10
"""The first tenth of the bake, ten minutes at most, does not count for latency: both fleets are new, and
first requests load code, fill caches and open connections. They do count for errors."""

BLOCK_SAMPLES = {"p50": 10, "p99": 100}
"""Requests that a value of each percentile needs at least, 1 / (1 - p) and more: the p99 of 17 requests is
their slowest and says nothing of the slowest hundredth. Minutes with fewer are put together."""

COMPARABLE_SHARE, MANY_BLOCKS = 0.8, 5
"""A percentile of few samples lies lower in the tail than that of many. So both variants need about as many
in a block, or so many times ``BLOCK_SAMPLES`` that it does not matter."""

TOO_FEW = "pairs with enough requests, about as many of both variants, are too few: bake longer, mirror all"

LEAST_LATENCY = 1e-3
"""Microseconds. Nothing answers faster, and a ratio needs something above 0 to divide by."""


@dataclass(frozen=True)
class Check:
    """One line of the verdict. ``production`` and ``candidate`` are in ``unit``; ``interval`` is that of the
    difference or increase which ``limit`` bounds, in the limit's unit, at ``confidence`` percent."""

    metric: str
    production: float | None
    candidate: float | None
    limit: float | None
    outcome: str
    confidence: float | None = None
    reason: str = ""
    interval: Interval | None = None
    unit: str = ""
    limit_unit: str = ""

    def as_json(self) -> dict[str, Any]:
        """The check as ledgers and workflows keep it."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }


def decide(interval: Interval, limit: float) -> str:
    """Non-inferiority: pass if all of the interval is within the limit, fail if none of it is."""
    low, high = interval
    if high <= limit:
        return PASS
    return FAIL if low > limit else INCONCLUSIVE


def errors(given: Given, name: str, title: str, limit: float, confidence: float) -> Check:
    """Compares the shares of requests that ended in an error; ``limit`` in percentage points."""
    try:
        base, own = (_counts(given, variant, name) for variant in VARIANTS)
    except MeasurementError as error:
        return Check(title, None, None, limit, INCONCLUSIVE, confidence, str(error), None, "%", "points")
    # Bursts: so many requests tell as much as fewer independent ones would.
    (base_count, base_total), (own_count, own_total) = (_effective(*each) for each in (base, own))
    low, high = difference(own_count, own_total, base_count, base_total, confidence / 100)
    shares = 100 * base_count / base_total, 100 * own_count / own_total
    interval = (100 * low, 100 * high)
    outcome = decide(interval, limit)
    reason = f"{_of(own)} requests, production {_of(base)}"
    return Check(title, *shares, limit, outcome, confidence, reason, interval, "%", "points")


def _of(counted: tuple[list[float], list[float]]) -> str:
    return f"{sum(counted[0]):,.0f} of {sum(counted[1]):,.0f}"


def _counts(given: Given, variant: str, name: str) -> tuple[list[float], list[float]]:
    found = tallies(given, variant, name).values()
    return [count for count, _ in found], [requests for _, requests in found]


def tallies(given: Given, variant: str, name: str) -> dict[int, tuple[float, float]]:
    """Errors and requests of each minute that has both. Raises MeasurementError."""
    counts, requests = minutes(given, variant, name), minutes(given, variant, INVOCATIONS)
    both = [minute for minute in requests if minute in counts and requests[minute] > 0]
    every = sum(requests.values())
    if every == 0:
        raise MeasurementError(f"there was no request to {variant}")
    if sum(requests[minute] for minute in both) < (1 - MISSING_SHARE) * every:
        raise MeasurementError(f"{METRICS[name][0]} of {variant} is missing for part of the requests")
    if any(counts[minute] > requests[minute] for minute in both):
        raise MeasurementError(f"{variant} has more {METRICS[name][0]} than requests in a minute")
    return {minute: (counts[minute], requests[minute]) for minute in both}


def _effective(counts: list[float], requests: list[float]) -> tuple[float, float]:
    factor = dispersion(counts, requests)
    return sum(counts) / factor, sum(requests) / factor


def latency(
    given: Given, name: str, title: str, limit: float, confidence: float, bake_minutes: float
) -> Check:
    """Compares a percentile of the model's latency; ``limit`` in percent of production's.

    By the median ratio of pairs of the same minutes: load and time of day act on both and cancel out.
    """
    try:
        pairs = list(latency_pairs(given, VARIANTS, name, bake_minutes))
    except MeasurementError as error:
        return Check(title, None, None, limit, INCONCLUSIVE, confidence, str(error), None, "ms", "%")
    base, own = (median(pair[side] for pair in pairs) / 1000 if pairs else None for side in (0, 1))
    found = median_interval([shadow / production for production, shadow in pairs], confidence / 100)
    if found is None:
        reason = f"{len(pairs)} {TOO_FEW}"
        return Check(title, base, own, limit, INCONCLUSIVE, confidence, reason, None, "ms", "%")
    interval = (100 * (found[0] - 1), 100 * (found[1] - 1))
    reason = f"{len(pairs)} pairs of the same minutes"
    return Check(title, base, own, limit, decide(interval, limit), confidence, reason, interval, "ms", "%")


def latency_pairs(
    given: Given, variants: Sequence[str], name: str, bake_minutes: float
) -> Iterator[tuple[float, float]]:
    """The two variants' values of each block of minutes, in microseconds.

    Raises MeasurementError.
    """
    values = [minutes(given, variant, name) for variant in variants]
    samples = [minutes(given, variant, SAMPLES) for variant in variants]
    first = min(min(each) for each in samples)
    warm = first + min(MOST_WARM_UP_MINUTES, max(1, round(bake_minutes * WARM_UP_SHARE)))
    shared = sorted(set.intersection(*(set(each) for each in (*values, *samples))))
    if any(each[minute] < LEAST_LATENCY for each in values for minute in shared):
        raise MeasurementError(f"{METRICS[name][0]} has a value that is no duration")
    block: list[int] = []
    for minute in (minute for minute in shared if minute >= warm):
        block.append(minute)
        sizes = [sum(each[one] for one in block) for each in samples]
        if min(sizes) >= BLOCK_SAMPLES[METRICS[name][1]]:
            if _comparable(sizes, METRICS[name][1], len(block)):
                base, own = (_value(each, block, name) for each in values)
                yield base, own
            block = []


def _comparable(sizes: list[float], statistic: str, length: int) -> bool:
    many = length == 1 and min(sizes) >= MANY_BLOCKS * BLOCK_SAMPLES[statistic]
    return many or min(sizes) >= COMPARABLE_SHARE * max(sizes)


def _value(values: Minutes, block: list[int], name: str) -> float:
    """A block's percentile: the slowest of its minutes stands for the tail, their median for the middle."""
    found = [values[minute] for minute in block]
    return median(found) if name == P50 else max(found)


def limit_of(shadow: Mapping[str, Any], name: str) -> float | None:
    """A limit of the settings, None if it is not set."""
    value = (shadow.get("Limits") or {}).get(name)
    return None if value is None else float(value)
